package vpcguard.rules.config.update_failed_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.lib.result
import data.vpcguard.rules.config.update_failed as rule

test_deny_an_update_that_failed_for_its_subnet if {
	rule.deny == {{
		"function": "orders",
		"message": concat(" ", [
			"orders: LastUpdateStatus is Failed with reason InvalidSubnet (The subnet is gone);",
			"the previous configuration keeps serving.",
		]),
		"advice": "Repair what the reason names and update the function again.",
		"evidence": {"field": "LastUpdateStatus", "value": "Failed", "code": "InvalidSubnet", "text": "The subnet is gone."},
		"is_eligible": false,
	}} with input as _document(["a1"], _update("Failed", "InvalidSubnet"))
}

# detaching gives no address back to a function that Lambda cannot place
test_deny_is_eligible_only_where_the_attachment_is_invalid if {
	full := _document(["a1"], _state("Inactive", "SubnetOutOfIPAddresses"))
	[v.is_eligible | some v in rule.deny] == [false] with input as full
	invalid := _document(["a1"], _state("Inactive", "InvalidSecurityGroup"))
	[v.is_eligible | some v in rule.deny] == [true] with input as invalid
}

# what serves, what can only be deleted, and what is attached to nothing
test_deny_is_eligible_only_while_inactive_and_attached if {
	serving := _document(["a1"], object.union(_update("Failed", "InvalidSubnet"), {"state": "Active"}))
	[v.is_eligible | some v in rule.deny] == [false] with input as serving
	idle := _document(["a1"], object.union(_update("Failed", "InvalidSubnet"), _state("Inactive", "Idle")))
	[v.is_eligible | some v in rule.deny] == [true] with input as idle
	{contains(v.message, "keeps serving") | some v in rule.deny} == {false} with input as idle
	[v.is_eligible | some v in rule.deny] == [false] with input as _document(["a1"], _state("Failed", "InvalidSubnet"))
	[v.is_eligible | some v in rule.deny] == [false] with input as _document([], _state("Inactive", "InvalidSubnet"))
}

test_deny_a_failed_function_before_its_update if {
	failed := {"state": "Failed", "state_reason_code": "EniLimitExceeded"}
	document := _document(["a1"], object.union(_update("Failed", "InvalidSubnet"), failed))
	some violation in rule.deny with input as document
	violation.evidence == {"field": "State", "value": "Failed", "code": "EniLimitExceeded", "text": ""}
	endswith(violation.advice, "one that failed at its creation has to be deleted and created again.")
}

test_deny_an_inactive_function_that_cannot_wake if {
	inactive := {"state": "Inactive", "state_reason_code": "SubnetOutOfIPAddresses"}
	{v.evidence.value | some v in rule.deny} == {"Inactive"} with input as _document(["a1"], inactive)
}

test_deny_an_unattached_function_that_failed_for_its_network if {
	rule.applies == {"orders"} with input as _document([], _update("Failed", "InvalidSubnet"))
	{v.function | some v in rule.deny} == {"orders"} with input as _document([], _update("Failed", "InvalidSubnet"))
}

test_allow_other_reasons if {
	rule.deny == set() with input as _document(["a1"], _update("Failed", "InvalidImage"))
	rule.deny == set() with input as _document(["a1"], _update("InProgress", "Creating"))
	rule.deny == set() with input as _document(["a1"], _update("Successful", "InvalidSubnet"))
	rule.deny == set() with input as _document(["a1"], {"state": "Inactive", "state_reason_code": "Idle"})
	rule.deny == set() with input as _document(["a1"], {"state": "Active"})
	rule.unknown == set() with input as _document(["a1"], {"state": "Active"})
}

test_unknown_while_the_state_is_unread if {
	document := fixtures.denied(_document(["a1"], {}), {"function_states": "lambda:GetFunctionConfiguration"})
	rule.applies == {"orders"} with input as document
	{[one.function, one.waits[_].status] | some one in rule.unknown} == {["orders", "unknown"]} with input as document
}

# a function outside a VPC may have failed for the network it was to get
test_unknown_also_outside_a_vpc if {
	document := fixtures.denied(_document([], {}), {"function_states": "lambda:GetFunctionConfiguration"})
	result.unjudged(rule.unknown) == {"orders"} with input as document
}

test_unknown_never_hides_a_known_failure if {
	failed := _document(["a1"], _update("Failed", "InvalidSubnet"))
	document := fixtures.denied(failed, {"function_states": "lambda:GetFunctionConfiguration"})
	{v.function | some v in rule.deny} == {"orders"} with input as document
	rule.unknown == set() with input as document
}

test_not_applicable if {
	rule.applies == set() with input as _document([], {"state": "Active"})
	managed := object.union(_update("Failed", "InvalidSubnet"), {"managed_instances": true})
	rule.applies == set() with input as _document(["a1"], managed)
	rule.applies == set() with input as _document(["a1"], {"state": "Deleting"})
}

_update(status, code) := {
	"last_update_status": status,
	"last_update_status_reason_code": code,
	"last_update_status_reason": "The subnet is gone.",
}

_document(subnet_ids, state) := fixtures.whole({
	"functions": [fixtures.function("orders", subnet_ids, state)],
	"subnets": [fixtures.subnet("a1", "a")],
})

_state(state, code) := {"state": state, "state_reason_code": code}
