package vpcguard.lib.iam_test

import data.vpcguard.lib.endpoint_fixtures_test as estate
import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.lib.iam

_action := "ec2:CreateNetworkInterface"

test_allowed_by_a_plain_statement if {
	some actions in [[_action], ["EC2:createnetworkinterface"], ["ec2:*"], ["*"], ["ec2:Create?etworkInterface"]]
	_verdict([_allow(actions)]) == "allowed"
}

test_allowed_by_not_action if {
	_verdict([_statement("Allow", {"not_actions": ["iam:*"]})]) == "allowed"
	_verdict([_statement("Allow", {"not_actions": ["ec2:*"]})]) == "denied"
}

test_denied_without_a_statement if {
	_verdict([]) == "denied"
	_verdict([_allow(["ec2:Describe*"])]) == "denied"
	_verdict([_allow(["ec2xCreateNetworkInterface", "ec2.*"])]) == "denied"
}

test_denied_by_a_plain_deny if {
	_verdict([_allow(["*"]), _statement("Deny", {"actions": ["ec2:*"]})]) == "denied"
	_verdict([_allow(["*"]), _statement("Deny", {"not_actions": ["logs:*"]})]) == "denied"
}

test_allowed_although_the_functions_code_is_denied if {
	binding := _statement("Deny", {"actions": ["ec2:*"], "condition_keys": ["lambda:sourcefunctionarn"]})
	_verdict([_allow(["*"]), binding]) == "allowed"
}

test_unknown_under_a_condition_or_a_narrower_resource if {
	narrow := {"actions": ["ec2:*"], "resources": ["arn:aws:ec2:*:*:subnet/*"]}
	_verdict([_statement("Allow", narrow)]) == "unknown"
	_verdict([_statement("Allow", {"actions": ["ec2:*"], "condition_keys": ["aws:sourcevpc"]})]) == "unknown"
	_verdict([_allow(["*"]), _statement("Deny", narrow)]) == "unknown"
	_verdict([_allow(["*"]), _statement("Deny", {"actions": ["*"], "resources": [], "not_resources": ["x"]})]) == "unknown"
}

test_another_statement_decides if {
	_verdict([_allow(["*"]), _statement("Allow", {"actions": ["*"], "condition_keys": ["aws:sourcevpc"]})]) == "allowed"
}

test_a_boundary_must_allow_too if {
	_bounded([_allow(["*"])], [_allow(["ec2:*"])]) == "allowed"
	_bounded([_allow(["*"])], [_allow(["s3:*"])]) == "denied"
	_bounded([], [_allow(["*"])]) == "denied"
	_bounded([_allow(["*"])], [_statement("Allow", {"actions": ["*"], "condition_keys": ["aws:sourcevpc"]})]) == "unknown"
	_bounded([_statement("Allow", {"actions": ["*"], "condition_keys": ["aws:sourcevpc"]})], [_allow(["*"])]) == "unknown"
	_bounded([_statement("Allow", {"actions": ["*"], "condition_keys": ["aws:sourcevpc"]})], []) == "denied"
}

test_an_unread_policy_leaves_only_a_plain_deny_certain if {
	_partial([_allow(["*"])]) == "unknown"
	_partial([]) == "unknown"
	_partial([_statement("Deny", {"actions": ["*"]})]) == "denied"
}

test_roles_that_say_the_same_are_known_by_each_name if {
	roles := [object.union(estate.role([]), {"names": names}) | some names in [["role-a", "role-b"], ["role-c"]]]
	document := fixtures.whole({"roles": roles})
	object.keys(iam.roles) == {"role-a", "role-b", "role-c"} with input as document
}

test_roles_in_use_may_be_unread if {
	document := fixtures.denied(estate.document([], {}), {"roles": "iam:GetRolePolicy"})
	iam.in_use == {"role-f"} with input as document
	object.keys(iam.unread) == {"role-f"} with input as document
}

_verdict(statements) := _of(estate.role(statements), {})

_bounded(statements, boundary) := _of(
	object.union(estate.role(statements), {"has_boundary": true, "boundary_statements": boundary}),
	{},
)

_of(role, unread) := _words[[lower(_action) in judged.denied, lower(_action) in judged.unknown]] if {
	# regal ignore:with-outside-test-context
	judged := iam.judged("role-f", {lower(_action)}) with input as fixtures.denied(
		estate.document([], {"roles": [role]}),
		unread,
	)
}

_words := {[true, false]: "denied", [false, true]: "unknown", [false, false]: "allowed"}

_partial(statements) := _of(estate.role(statements), {"roles": "iam:GetPolicyVersion"})

_allow(actions) := _statement("Allow", {"actions": actions})

_statement(effect, more) := object.union(
	{
		"effect": effect,
		"actions": [],
		"not_actions": [],
		"resources": ["*"],
		"not_resources": [],
		"condition_keys": [],
	},
	more,
)
