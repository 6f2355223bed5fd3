package vpcguard.rules.config.missing_security_group_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.lib.result
import data.vpcguard.rules.config.missing_security_group as rule

test_deny_a_group_absent_from_a_complete_answer if {
	rule.deny == {{
		"function": "orders",
		"message": "orders names sg-gone, which does not exist.",
		"advice": "Name an existing security group of the VPC in its VPC configuration, or detach the function from the VPC.",
		"evidence": {"missing_security_groups": {"sg-gone"}, "vpc_id": "vpc-1"},
		"root_causes": {"sg-gone"},
	}} with input as _document(["sg-f", "sg-gone"])
}

test_deny_names_every_missing_group if {
	{v.root_causes | some v in rule.deny} == {{"sg-gone", "sg-lost"}} with input as _document(["sg-gone", "sg-lost"])
}

# the subnet's own rule reports the subnet; this one still judges the group
test_deny_where_the_subnets_are_gone_too if {
	document := object.union(_document(["sg-gone"]), {"subnets": []})
	{v.function | some v in rule.deny} == {"orders"} with input as document
}

# whether the account still sees its own group there
test_deny_in_a_vpc_that_is_not_visible_any_more if {
	document := object.union(_document(["sg-f", "sg-gone"]), {"subnets": [], "vpcs": []})
	denied := fixtures.denied(document, {"subnets": "444455556666", "security_groups": "444455556666"})
	{[v.evidence, v.root_causes, v.severity, v.is_eligible] | some v in rule.deny} == {[
		{"missing_security_groups": {"sg-f", "sg-gone"}, "vpc_id": "vpc-1", "cause": "vpc_not_visible"},
		{"vpc-1"},
		"high",
		false,
	]} with input as denied
	rule.unknown == set() with input as denied
}

test_allow_a_group_that_exists if {
	rule.applies == {"orders"} with input as _document(["sg-f"])
	rule.deny == set() with input as _document(["sg-f"])
	rule.unknown == set() with input as _document(["sg-f"])
}

# a partial answer lists some groups; the others may exist
test_unknown_a_group_absent_from_a_partial_answer if {
	document := fixtures.denied(_document(["sg-f", "sg-hidden"]), {"security_groups": "ec2:DescribeSecurityGroups"})
	rule.deny == set() with input as document
	result.unjudged(rule.unknown) == {"orders"} with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSecurityGroups"} with input as document
}

test_unknown_where_nobody_knows_whether_the_vpc_is_visible if {
	document := object.union(_document(["sg-f"]), {"subnets": [], "vpcs": []})
	denied := fixtures.denied(document, {"vpcs": "ec2:DescribeVpcs", "subnets": "ec2:DescribeSubnets"})
	rule.deny == set() with input as denied
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeVpcs"} with input as denied
}

test_not_applicable_outside_a_vpc if {
	document := fixtures.whole({"functions": [fixtures.function("orders", [], {"security_group_ids": ["sg-gone"]})]})
	rule.applies == set() with input as document
	rule.deny == set() with input as document
}

_document(group_ids) := fixtures.whole({
	"functions": [fixtures.function("orders", ["a1"], {"security_group_ids": group_ids})],
	"vpcs": [{"id": "vpc-1", "ipv4_cidrs": [], "ipv6_cidrs": []}],
	"subnets": [fixtures.subnet("a1", "a")],
	"security_groups": [{"id": "sg-f", "vpc_id": "vpc-1", "ingress": [], "egress": []}],
})
