package vpcguard.rules.config.missing_subnet_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.config.missing_subnet as rule

test_deny_a_subnet_that_a_complete_answer_lacks if {
	violations := rule.deny with input as _document(["a", "gone"])
	violations == {{
		"function": "orders",
		"message": "orders names gone, which no longer exists.",
		"advice": "Name existing subnets in its VPC configuration.",
		"evidence": {
			"vpc_id": "vpc-1",
			"missing_subnet_ids": {"gone"},
			"named_subnet_ids": {"a", "gone"},
		},
		"root_causes": {"gone"},
	}}
}

test_deny_where_no_subnet_is_left if {
	rule.applies == {"orders"} with input as _document(["gone"])
	{violation.function | some violation in rule.deny} == {"orders"} with input as _document(["gone"])
}

# deleted, or not shared any more: whichever it is, no owner was read
test_deny_in_a_vpc_that_is_not_visible_any_more if {
	document := object.union(_document(["gone", "lost"]), {"vpcs": []})
	denied := fixtures.denied(document, {"subnets": "444455556666"})
	rule.deny == {{
		"function": "orders",
		"message": concat(" ", [
			"orders names gone and lost, but vpc-1 is no longer visible to this account: it was deleted, or is not shared",
			"with this account any more. What runs there may go on running.",
		]),
		"advice": "Ask the owner to share the VPC again, or name subnets of another in its VPC configuration.",
		"title": "Function names subnets of a VPC that is no longer visible to this account",
		"severity": "high",
		"evidence": {
			"vpc_id": "vpc-1",
			"missing_subnet_ids": {"gone", "lost"},
			"named_subnet_ids": {"gone", "lost"},
			"cause": "vpc_not_visible",
		},
		"root_causes": {"vpc-1"},
		"is_eligible": false,
	}} with input as denied
	rule.unknown == set() with input as denied
}

test_allow_where_every_subnet_exists if {
	rule.deny == set() with input as _document(["a"])
	rule.unknown == set() with input as _document(["a"])
}

test_unknown_where_a_subnet_was_not_read if {
	document := fixtures.denied(_document(["a", "hidden"]), {"subnets": "ec2:DescribeSubnets"})
	rule.deny == set() with input as document
	rule.unknown == {{
		"function": "orders",
		"waits": {{"status": "unknown", "name": "ec2:DescribeSubnets", "reason": "AccessDenied"}},
		"evidence": {"hidden_subnet_ids": {"hidden"}},
	}} with input as document
}

# an entry of its own goes before that of the VPC
test_deny_one_missing_and_another_hidden if {
	document := object.union(_document(["gone", "hidden"]), {"coverage": [
		{"kind": "subnets", "subject": "vpc-1", "status": "known", "waits_for": []},
		{"kind": "subnets", "subject": "hidden", "status": "unknown", "waits_for": ["ec2:DescribeSubnets"]},
	]})
	{violation.root_causes | some violation in rule.deny} == {{"gone"}} with input as document
	rule.unknown == set() with input as document
}

test_not_applicable_outside_a_vpc if {
	rule.applies == set() with input as _document([])
}

_document(subnet_ids) := fixtures.whole({
	"functions": [fixtures.function("orders", subnet_ids, {})],
	"vpcs": [{"id": "vpc-1", "ipv4_cidrs": [], "ipv6_cidrs": []}],
	"subnets": [fixtures.subnet("a", "a")],
})
