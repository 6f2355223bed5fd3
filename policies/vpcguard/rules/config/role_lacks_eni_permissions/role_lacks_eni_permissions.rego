# METADATA
# title: Execution role cannot manage the function's network interfaces
# description: |
#   Lambda makes and deletes network interfaces with the execution role. Without the permissions an idle function cannot
#   wake, a pending one never starts, and interfaces stay behind when the function is detached.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
# custom:
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
package vpcguard.rules.config.role_lacks_eni_permissions

import data.vpcguard.lib.facts
import data.vpcguard.lib.iam
import data.vpcguard.lib.result

applies := object.keys(facts.attached)

deny contains result.violation(name, {
	"message": sprintf(
		"%s: its role %s does not exist. Create the role again, or give the function another one.",
		[name, one.role_name],
	),
	"evidence": {"role": one.role_name, "cause": "role_gone"},
	"severity": "high",
	"root_causes": {one.role_name},
}) if {
	_gone != set()
	some name, one in facts.attached
	one.role_name in _gone
}

deny contains result.violation(name, {
	"message": sprintf("%s: its role %s may not call %s. %s", [name, one.role_name, result.list(missing), _advice]),
	"evidence": {"role": one.role_name, "cause": "permissions_missing", "missing_actions": missing},
	"severity": _severity(one),
	"root_causes": {one.role_name},
}) if {
	_missing != {}
	some name, one in facts.attached
	missing := _missing[one.role_name]
}

unknown contains result.unknown(name, waits) if {
	_waits != {}
	some name, one in facts.attached
	waits := _waits[one.role_name]
}

unknown contains result.unknown_all(nameless, {wait}) if {
	nameless := {name | some name, one in facts.attached; not one.role_name}
	nameless != set()
	wait := {"status": "unknown", "name": "lambda:ListFunctions", "reason": "no role"}
}

_gone := (iam.in_use - object.keys(iam.contents)) - object.keys(iam.unread)

_missing := {name: missing |
	some [names, judged] in _judged
	judged.denied != set()
	missing := _named(judged.denied)
	some name in names
}

# what was read may already prove that an action is missing
_waits := object.remove(object.union(_conditions, iam.unread), object.keys(_missing))

_conditions := {name: waits |
	some [names, judged] in _judged
	judged.unknown != set()
	some name in names
	waits := {wait |
		some action in _named(judged.unknown)
		wait := {"status": "undecidable", "name": name, "reason": $"{action} hangs on a condition or resource"}
	}
}

# roles with the same content, and what they may not call; a role that was not completely read is a matter of its own
_judged := [[names, iam.judged(content, is_complete, object.keys(_asked))] |
	some content, holders in iam.holders
	incomplete := holders & object.keys(iam.unread)
	some is_complete, names in {true: holders - incomplete, false: incomplete}
	names != set()
]

_named(asked) := {_asked[action] | some action in asked}

_asked := {lower(action): action | some action in data.vpcguard.config.actions.manage_interfaces}

# an active function keeps its interfaces; whether it is active may not have been read
default _severity(_) := "low"

_severity(one) := "high" if lower(one.state) in {"pending", "inactive"}

_advice := "Attach AWSLambdaVPCAccessExecutionRole to it, or grant these actions on every resource."
