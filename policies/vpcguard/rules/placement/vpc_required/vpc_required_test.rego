package vpcguard.rules.placement.vpc_required_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.placement.vpc_required as rule

test_deny_a_function_outside_a_vpc if {
	rule.deny == {{
		"function": "orders",
		"message": "orders runs outside a VPC, and the configuration demands one.",
		"evidence": {"subnet_ids": []},
	}} with input as _document([], {})
}

test_allow_an_attached_function if {
	rule.applies == {"orders"} with input as _document(["a1"], {})
	rule.deny == set() with input as _document(["a1"], {})
}

# the capacity provider has the VPC
test_allow_managed_instances if {
	rule.applies == {"orders"} with input as _document([], {"managed_instances": true})
	rule.deny == set() with input as _document([], {"managed_instances": true})
}

test_not_applicable_to_a_function_on_its_way_out if {
	rule.applies == set() with input as _document([], {"state": "Deleting"})
	rule.deny == set() with input as _document([], {"state": "Deleting"})
}

test_unknown_while_it_may_have_a_capacity_provider if {
	unread := {"capacity_providers": "lambda:ListFunctions"}
	wait := {"status": "unknown", "name": "lambda:ListFunctions", "reason": "AccessDenied"}
	rule.unknown == {{"function": "orders", "waits": {wait}, "evidence": {}}}
		with input as fixtures.denied(_document([], {}), unread)
	rule.deny == set() with input as fixtures.denied(_document([], {}), unread)
	rule.unknown == set() with input as fixtures.denied(_document(["a1"], {}), unread)
	rule.unknown == set() with input as _document([], {})
}

_document(subnet_ids, more) := fixtures.whole({
	"functions": [fixtures.function("orders", subnet_ids, more)],
	"subnets": [fixtures.subnet("a1", "a")],
})
