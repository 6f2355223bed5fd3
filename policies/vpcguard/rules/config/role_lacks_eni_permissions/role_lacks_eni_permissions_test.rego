package vpcguard.rules.config.role_lacks_eni_permissions_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.config.role_lacks_eni_permissions as rule

test_deny_a_role_without_some_actions if {
	rule.deny == {{
		"function": "orders",
		"message": "orders: its role role-f may not call ec2:AssignPrivateIpAddresses and ec2:UnassignPrivateIpAddresses.",
		"advice": concat(" ", [
			"Allow the role role-f these actions on every resource, as AWSLambdaVPCAccessExecutionRole does,",
			"and see that no Deny or permissions boundary of it is in the way.",
		]),
		"evidence": {
			"role": "role-f",
			"cause": "permissions_missing",
			"missing_actions": {"ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"},
		},
		"severity": "low",
		"root_causes": {"role-f"},
	}} with input as _document([_allow(["ec2:*NetworkInterface*", "ec2:DescribeSubnets"])], {})
}

test_deny_is_high_while_the_function_waits_for_its_interfaces if {
	{v.severity | some v in rule.deny} == {"high"} with input as _document([], {"state": "Pending"})
	{v.severity | some v in rule.deny} == {"high"} with input as _document([], {"state": "Inactive"})
	{v.severity | some v in rule.deny} == {"low"} with input as _document([], {"state": "Active"})
}

test_deny_a_role_that_is_gone if {
	document := object.union(_document([], {}), {"roles": []})
	{[v.evidence.cause, v.severity] | some v in rule.deny} == {["role_gone", "high"]} with input as document
}

test_allow_a_role_with_all_six if {
	rule.applies == {"orders"} with input as _document([_allow(["ec2:*"])], {})
	rule.deny == set() with input as _document([_allow(["ec2:*"])], {})
	rule.unknown == set() with input as _document([_allow(["ec2:*"])], {})
}

test_unknown_while_the_role_is_unread if {
	document := fixtures.denied(object.union(_document([], {}), {"roles": []}), {"roles": "iam:GetRole"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"iam:GetRole"} with input as document
}

test_unknown_where_nothing_names_the_role if {
	document := _document([_allow(["ec2:*"])], {})
	nameless := object.union(document, {"functions": [object.remove(one, ["role_name"]) | some one in document.functions]})
	rule.deny == set() with input as nameless
	{one.waits[_].name | some one in rule.unknown} == {"lambda:ListFunctions"} with input as nameless
}

test_unknown_under_a_condition if {
	conditional := object.union(_allow(["ec2:*"]), {"condition_keys": ["aws:sourcevpc"]})
	rule.deny == set() with input as _document([conditional], {})
	waits := {wait | some one in rule.unknown; some wait in one.waits} with input as _document([conditional], {})
	[[wait.name, wait.settled_by] | some wait in waits] == [["role-f", "permissions"]]
}

# a Deny that was read stands, whatever the unread policies say
test_deny_a_plain_deny_while_other_policies_are_unread if {
	denying := object.union(_allow(["ec2:*"]), {"effect": "Deny"})
	document := fixtures.denied(_document([denying], {}), {"roles": "iam:GetPolicyVersion"})
	count(rule.deny) == 1 with input as document
	rule.unknown == set() with input as document
}

test_not_applicable_outside_a_vpc if {
	document := fixtures.whole({"functions": [fixtures.function("orders", [], {})]})
	rule.applies == set() with input as document
	rule.deny == set() with input as document
}

_allow(actions) := {
	"effect": "Allow",
	"actions": actions,
	"not_actions": [],
	"resources": ["*"],
	"not_resources": [],
	"condition_keys": [],
}

_document(statements, more) := fixtures.whole({
	"functions": [fixtures.function("orders", ["a1"], more)],
	"subnets": [fixtures.subnet("a1", "a")],
	"roles": [{
		"names": ["role-f"],
		"statements": statements,
		"has_boundary": false,
		"boundary_statements": [],
	}],
})
