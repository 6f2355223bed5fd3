package vpcguard.rules.config.idle_on_broken_network_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.lib.result
import data.vpcguard.rules.config.idle_on_broken_network as rule

test_deny_an_idle_function_whose_subnet_is_gone if {
	rule.deny == {{
		"function": "orders",
		"message": "orders is idle, and its next invoke will fail: gone does not exist.",
		"advice": concat(" ", [
			"Name subnets and groups that exist in its VPC configuration.",
			"Delete the function if nobody needs it any more.",
		]),
		"evidence": {
			"missing_subnets": {"gone"},
			"missing_security_groups": set(),
			"full_subnets": set(),
			"state": "Inactive",
			"state_reason_code": "Idle",
		},
		"root_causes": {"gone"},
	}} with input as _document(["a1", "gone"], _idle, 200)
}

test_deny_an_idle_function_without_any_subnet_left if {
	{v.evidence.missing_subnets | some v in rule.deny} == {{"gone"}} with input as _document(["gone"], _idle, 200)
}

test_deny_an_idle_function_whose_group_is_gone if {
	more := object.union(_idle, {"security_group_ids": ["sg-gone"]})
	{v.evidence.missing_security_groups | some v in rule.deny} == {{"sg-gone"}} with input as _document(["a1"], more, 200)
}

test_deny_an_idle_function_in_a_full_subnet if {
	{v.evidence.full_subnets | some v in rule.deny} == {{"a1"}} with input as _document(["a1"], _idle, 0)
	some violation in rule.deny with input as _document(["a1"], _idle, 0)
	contains(violation.message, "a1 (eu-west-1a) has no free address")
	startswith(violation.advice, "Free addresses in the full subnet, or choose another.")
}

test_deny_an_idle_function_in_a_vpc_that_is_not_visible_any_more if {
	document := fixtures.denied(
		object.union(_document(["gone"], _idle, 200), {"vpcs": []}),
		{"subnets": "444455556666", "security_groups": "444455556666"},
	)
	{[v.evidence.cause, v.evidence.missing_subnets, v.root_causes] | some v in rule.deny} == {[
		"vpc_not_visible",
		{"gone"},
		{"vpc-1"},
	]} with input as document
	some violation in rule.deny with input as document
	contains(violation.message, "will fail: vpc-1 is no longer visible to this account: it was deleted, or is not shared")
	startswith(violation.advice, "Ask its owner to share it again")
}

test_allow_a_full_subnet_that_holds_the_interface if {
	document := object.union(_document(["a1"], _idle, 0), {"network_interfaces": [{
		"id": "eni-1",
		"vpc_id": "vpc-1",
		"subnet_id": "a1",
		"security_group_ids": ["sg-f"],
		"interface_type": "lambda",
		"is_lambda": true,
	}]})
	rule.deny == set() with input as document
	rule.unknown == set() with input as document
}

test_allow_a_subnet_for_ipv6_alone_which_lacks_no_addresses if {
	document := _document(["a1"], _idle, 0)
	of_ipv6 := object.union(document, {"subnets": [object.union(document.subnets[0], {"is_ipv6_only": true})]})
	rule.deny == set() with input as of_ipv6
	rule.unknown == set() with input as of_ipv6
}

test_allow_an_idle_function_on_a_sound_network if {
	rule.applies == {"orders"} with input as _document(["a1"], _idle, 200)
	rule.deny == set() with input as _document(["a1"], _idle, 200)
	rule.unknown == set() with input as _document(["a1"], _idle, 200)
}

test_unknown_while_the_state_is_unread_on_a_broken_network if {
	document := fixtures.denied(_document(["gone"], {}, 200), {"function_states": "lambda:GetFunctionConfiguration"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"lambda:GetFunctionConfiguration"} with input as document
}

# whatever the state, this network is sound
test_allow_an_unread_state_on_a_sound_network if {
	document := fixtures.denied(_document(["a1"], {}, 200), {"function_states": "lambda:GetFunctionConfiguration"})
	rule.unknown == set() with input as document
}

test_unknown_an_unread_state_and_a_hidden_subnet if {
	document := fixtures.denied(_document(["a1", "hidden"], {}, 200), {
		"function_states": "lambda:GetFunctionConfiguration",
		"subnets": "ec2:DescribeSubnets",
	})
	result.unjudged(rule.unknown) == {"orders"} with input as document
}

test_unknown_an_idle_function_whose_facts_are_unread if {
	hidden_group := object.union(_idle, {"security_group_ids": ["sg-hidden"]})
	unread := {
		"subnets": "ec2:DescribeSubnets",
		"security_groups": "ec2:DescribeSecurityGroups",
		"lambda_interfaces": "ec2:DescribeNetworkInterfaces",
	}
	document := fixtures.denied(_document(["a1", "hidden"], hidden_group, 0), unread)
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {operation | some operation in unread} with input as document
}

test_not_applicable_to_an_active_function if {
	rule.applies == set() with input as _document(["gone"], {"state": "Active"}, 200)
	rule.deny == set() with input as _document(["gone"], {"state": "Active"}, 200)
}

_idle := {"state": "Inactive", "state_reason_code": "Idle"}

_document(subnet_ids, more, free) := fixtures.whole({
	"functions": [fixtures.function("orders", subnet_ids, more)],
	"vpcs": [{"id": "vpc-1", "ipv4_cidrs": [], "ipv6_cidrs": []}],
	"subnets": [object.union(fixtures.subnet("a1", "a"), {"free_ipv4_addresses": free})],
	"security_groups": [{"id": "sg-f", "vpc_id": "vpc-1", "ingress": [], "egress": []}],
})
