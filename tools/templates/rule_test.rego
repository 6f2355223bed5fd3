package vpcguard.rules.FAMILY.FAULT_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.FAMILY.FAULT as rule

test_deny_a_subnet_with_the_fault if {
	rule.deny == {{
		"function": "orders",
		"message": "orders uses a1 (eu-west-1a): FILL IN what is wrong.",
		"advice": "FILL IN what to do about a1.",
		"evidence": {"subnet_ids": {"a1"}},
		"root_causes": {"a1"},
	}} with input as _document(["a1", "b1"], "pending")
}

test_allow_subnets_in_order if {
	rule.applies == {"orders"} with input as _document(["a1", "b1"], "available")
	rule.deny == set() with input as _document(["a1", "b1"], "available")
	rule.unknown == set() with input as _document(["a1", "b1"], "available")
}

test_unknown_when_a_hidden_subnet_decides if {
	whole := _document(["a1", "hidden"], "available")
	document := fixtures.denied(whole, {"subnets": "ec2:DescribeSubnets"})
	rule.deny == set() with input as document
	rule.unknown == {{
		"function": "orders",
		"waits": {{"status": "unknown", "name": "ec2:DescribeSubnets", "reason": "AccessDenied"}},
		"evidence": {},
	}} with input as document
}

test_deny_whatever_a_hidden_subnet_holds if {
	whole := _document(["a1", "hidden"], "pending")
	document := fixtures.denied(whole, {"subnets": "ec2:DescribeSubnets"})
	{violation.function | some violation in rule.deny} == {"orders"} with input as document
	rule.unknown == set() with input as document
}

test_not_applicable_without_a_subnet_left if {
	rule.applies == set() with input as _document([], "available")
	rule.applies == set() with input as _document(["gone"], "available")
}

_document(subnet_ids, state) := fixtures.whole({
	"functions": [fixtures.function("orders", subnet_ids, {})],
	"subnets": [object.union(fixtures.subnet("a1", "a"), {"state": state}), fixtures.subnet("b1", "b")],
})
