package vpcguard.rules.config.dual_stack_mismatch_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.lib.result
import data.vpcguard.rules.config.dual_stack_mismatch as rule

test_deny_a_subnet_without_ipv6 if {
	rule.deny == {{
		"function": "orders",
		"message": "orders has Ipv6AllowedForDualStack on, but a1 (eu-west-1a) is not dual-stack.",
		"advice": "Associate an IPv6 network with a1, choose dual-stack subnets, or turn Ipv6AllowedForDualStack off.",
		"evidence": {"subnet_ids": {"a1"}},
		"root_causes": {"a1"},
	}} with input as _document(["a1", "b6"], true)
}

test_deny_a_subnet_with_ipv6_only if {
	{[v.evidence.subnet_ids, v.root_causes] | some v in rule.deny} == {[
		{"only6"},
		set(),
	]} with input as _document(["only6"], true)
}

test_message_of_two_subnets if {
	[[v.message, v.advice] | some v in rule.deny] == [[
		"orders has Ipv6AllowedForDualStack on, but a1 (eu-west-1a) and only6 (eu-west-1c) are not dual-stack.",
		concat(" ", [
			"Choose dual-stack subnets in place of only6: functions need IPv4, too.",
			"Associate an IPv6 network with a1, choose dual-stack subnets, or turn Ipv6AllowedForDualStack off.",
		]),
	]] with input as _document(["a1", "only6"], true)
}

test_allow_dual_stack_subnets if {
	rule.applies == {"orders"} with input as _document(["b6"], true)
	rule.deny == set() with input as _document(["b6"], true)
	rule.unknown == set() with input as _document(["b6"], true)
}

test_unknown_when_a_hidden_subnet_decides if {
	document := fixtures.denied(_document(["b6", "hidden"], true), {"subnets": "ec2:DescribeSubnets"})
	rule.deny == set() with input as document
	result.unjudged(rule.unknown) == {"orders"} with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSubnets"} with input as document
}

test_deny_whatever_a_hidden_subnet_holds if {
	document := fixtures.denied(_document(["a1", "hidden"], true), {"subnets": "ec2:DescribeSubnets"})
	{v.function | some v in rule.deny} == {"orders"} with input as document
	rule.unknown == set() with input as document
}

test_not_applicable_without_the_option if {
	rule.applies == set() with input as _document(["a1"], false)
	rule.deny == set() with input as _document(["a1"], false)
}

_document(subnet_ids, is_allowed) := fixtures.whole({
	"functions": [fixtures.function("orders", subnet_ids, {"ipv6_allowed_for_dual_stack": is_allowed})],
	"subnets": [
		fixtures.subnet("a1", "a"),
		object.union(fixtures.subnet("b6", "b"), {"ipv6_cidrs": ["2001:db8:0:1::/64"]}),
		object.union(
			object.remove(fixtures.subnet("only6", "c"), ["ipv4_cidr"]),
			{"ipv6_cidrs": ["2001:db8:0:2::/64"], "is_ipv6_only": true},
		),
	],
})
