# METADATA
# title: Function's last change failed because of its network
# description: |
#   Lambda reports that it could not create, update or wake the function for a reason that lies in its network. After a
#   failed update the previous configuration keeps serving; a function that failed at creation never runs.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
#   - ref: https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
# custom:
#   doubt: Not known whether the function's last change failed because of its network
#   severity: critical
#   advice: >-
#     Repair what the reason names and update the function again; one that failed at creation must be deleted and
#     created again.
#   remediation: detach_vpc_config
#   applies_to: >-
#     functions in a VPC, functions that failed for a reason of the network, and those whose State was not read
#   applies_if: [attached]
#   passes: AWS reports no failure whose reason lies in the network.
#   judged: >-
#     State Failed or Inactive, or LastUpdateStatus Failed, with a reason code that speaks of the network. The codes
#     are policy data (policies/vpcguard/config/reason_codes); Idle and Creating are part of a normal life, and an
#     unknown code is no violation. Detaching may repair InvalidSubnet and InvalidSecurityGroup while State is
#     Inactive, and nothing else: a failed update leaves the previous configuration serving. A sweep reads the State
#     only of functions with a finding that rests on it and of those in a subnet that is full or missing, unless
#     asked; about the others the rule is silent then.
#   configuration: []
#   reads: [lambda:GetFunctionConfiguration]
#   statement: [field, code]
package vpcguard.rules.config.update_failed

import data.vpcguard.lib.facts
import data.vpcguard.lib.result

# attached or not: a function can have failed for a network that it has left
applies := union({object.keys(facts.attached), object.keys(_failure), object.keys(_unread)})

deny contains result.violation(name, {
	"message": sprintf(
		"%s: %s is %s with reason %s%s%s.",
		[name, failure.field, failure.value, failure.code, _quoted(failure), _meanwhile(name, failure.field)],
	),
	"advice": _next[[failure.field, lower(failure.value)]],
	"evidence": failure,
	"is_eligible": _is_eligible(name, failure.code),
}) if {
	some name, failure in _failure
}

unknown contains result.unknown(name, waits) if {
	some name, waits in _unread
	not _failure[name]
}

# by function name; a failed function matters more than its failed update
_failure := object.union(
	{name: found |
		some name, one in facts.functions
		lower(one.last_update_status) == "failed"
		facts.judged[name]
		found := _found("LastUpdateStatus", one.last_update_status, one.last_update_status_reason_code, {text |
			text := one.last_update_status_reason
		})
	},
	{name: found |
		some name, one in facts.with_state
		lower(one.state) in {"failed", "inactive"}
		facts.judged[name]
		found := _found("State", one.state, one.state_reason_code, {text | text := one.state_reason})
	},
)

# undefined for a code that does not speak of the network
_found(field, value, code, texts) := {"field": field, "value": value, "code": code, "text": concat(" ", texts)} if {
	code in data.vpcguard.config.reason_codes.network
}

# a failed update leaves what serves as it was, and nothing can be updated in a function whose State is Failed
default _is_eligible(_, _) := false

_is_eligible(name, code) if {
	code in data.vpcguard.config.reason_codes.invalid_attachment
	lower(facts.attached[name].state) == "inactive"
}

_unread := facts.doubtful("function_states", object.keys(facts.judged))

_quoted(failure) := sprintf(" (%s)", [trim_suffix(failure.text, ".")]) if failure.text != ""

else := ""

_meanwhile(name, "LastUpdateStatus") := "; the previous configuration keeps serving" if {
	lower(object.get(facts.functions[name], "state", "active")) == "active"
} else := ""

_meanwhile(_, "State") := ""

_next := {
	["LastUpdateStatus", "failed"]: "Repair what the reason names and update the function again.",
	["State", "failed"]: concat(" ", [
		"Repair what the reason names and update the function again;",
		"one that failed at its creation has to be deleted and created again.",
	]),
	["State", "inactive"]: "Repair what the reason names, then invoke the function or update it again.",
}
