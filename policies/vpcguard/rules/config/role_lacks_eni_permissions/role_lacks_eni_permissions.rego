# METADATA
# title: Execution role cannot manage the function's network interfaces
# description: |
#   Lambda makes and deletes network interfaces with the execution role. Without the permissions an idle function cannot
#   wake, a pending one never starts, and interfaces stay behind when the function is detached.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
# custom:
#   doubt: Not known whether the execution role can manage the function's network interfaces
#   severity: low
#   advice: >-
#     Attach the managed policy AWSLambdaVPCAccessExecutionRole, or grant the actions named, to the execution role.
#   remediation: none
#   applies_to: functions in a VPC
#   applies_if: [attached]
#   passes: Its execution role exists and allows all the actions that manage network interfaces.
#   judged: >-
#     Identity policies, inline and managed in their default version, must allow the six actions of
#     policies/vpcguard/config/actions, and a permissions boundary must allow them too. A Deny that binds the
#     function's code alone (lambda:SourceFunctionArn) does not count; another condition or a narrower resource makes
#     the verdict unknown unless another statement decides. Severity is high where the role is gone or the function is
#     Pending or Inactive, else low. Service control policies, resource control policies and session policies are not
#     read.
#   configuration: []
#   reads: []
#   statement: [role, cause, missing_actions]
package vpcguard.rules.config.role_lacks_eni_permissions

import data.vpcguard.lib.facts
import data.vpcguard.lib.iam
import data.vpcguard.lib.result

applies := object.keys(facts.attached)

deny contains result.violation(name, {
	"message": $"{name}: its role {one.role_name} does not exist.",
	"advice": "Create the role again, or give the function another one.",
	"evidence": {"role": one.role_name, "cause": "role_gone"},
	"severity": "high",
	"root_causes": {one.role_name},
}) if {
	some name, one in facts.attached
	not iam.roles[one.role_name]
	not iam.unread[one.role_name]
}

deny contains result.violation(name, {
	"message": $"{name}: its role {one.role_name} may not call {result.list(missing)}.",
	"advice": sprintf("Allow the role %s %s, as %s.", [
		one.role_name,
		result.word(missing, "this action on every resource", "these actions on every resource"),
		"AWSLambdaVPCAccessExecutionRole does, and see that no Deny or permissions boundary of it is in the way",
	]),
	"evidence": {"role": one.role_name, "cause": "permissions_missing", "missing_actions": missing},
	"severity": _severity(one),
	"root_causes": {one.role_name},
}) if {
	some name, one in facts.attached
	missing := _missing[one.role_name]
}

unknown contains result.unknown(name, waits) if {
	some name, one in facts.attached
	waits := _waits[one.role_name]
}

unknown contains result.unknown(name, _nameless) if {
	some name, one in facts.attached
	not one.role_name
}

_nameless := {{"status": "opaque", "name": "lambda:ListFunctions", "reason": "no role"}}

_judged := {name: judged |
	asked := object.keys(_asked)
	some name in iam.in_use
	judged := iam.judged(name, asked)
}

_missing := {name: missing |
	some name, judged in _judged
	judged.denied != set()
	missing := {_asked[action] | some action in judged.denied}
}

# what was read may already prove that an action is missing
_waits := object.remove(object.union(_conditions, iam.unread), object.keys(_missing))

_conditions := {name: waits |
	some name, judged in _judged
	judged.unknown != set()
	actions := {_asked[action] | some action in judged.unknown}
	reason := $"the execution role, whose leave to call {result.list(actions)} hangs on a condition or resource"
	waits := {{"status": "undecidable", "name": name, "reason": reason, "settled_by": "permissions"}}
}

# the actions as people write them, by their name in lower case
_asked := {lower(action): action | some action in data.vpcguard.config.actions.manage_interfaces}

# an active function keeps its interfaces; whether it is active may not have been read
_severity(one) := "high" if {
	lower(one.state) in {"pending", "inactive"}
} else := "low"
