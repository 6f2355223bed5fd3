package custom.vpcguard.rules.FAMILY.FAULT_test

import data.custom.vpcguard.rules.FAMILY.FAULT as rule
import data.vpcguard.lib.fixtures_test as fixtures

_estate(tags) := fixtures.estate({"functions": [fixtures.function("orders", ["app"], {"tags": tags})]})

test_deny_a_function_with_the_fault if {
	rule.deny == {{"function": "orders", "message": "FILL IN what is wrong."}} with input as _estate([])
}

test_allow_a_function_in_order if {
	found := rule.deny with input as _estate([{"key": "team", "value": "payments"}])
	found == set()
}

test_unknown_while_nobody_could_read_it if {
	document := fixtures.denied(_estate([]), {"function_tags": "tag:GetResources"})
	rule.deny == set() with input as document
	{one.function | some one in rule.unknown} == {"orders"} with input as document
}
