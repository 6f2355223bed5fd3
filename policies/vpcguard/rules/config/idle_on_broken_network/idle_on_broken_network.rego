# METADATA
# title: Idle function will not find its network again
# description: |
#   Lambda takes back the network interfaces of a function that was not invoked for weeks, and rebuilds them at the next
#   invoke. That fails where a subnet or group is gone, or a subnet has no address left.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-enis
# custom:
#   doubt: Not known whether the function's next invoke finds its network again
#   severity: high
#   advice: Repair the subnets and groups named, or delete the function if nobody needs it any more.
#   remediation: none
#   applies_to: functions in a VPC that are inactive, or whose State was not read
#   applies_if: [attached, inactive]
#   passes: >-
#     Its subnets and security groups exist, and each subnet has a free address or already the function's interface.
#   judged: >-
#     For a function whose State is Inactive: a subnet or security group that is proven missing, or a subnet that
#     lacks Lambda's interface for its groups and has no free address, breaks the next invoke. Where the network is
#     sound, an unread State changes nothing. The margin of addresses does not count here: one free address is enough.
#     A role that cannot make interfaces is a question for config.role_lacks_eni_permissions.
#     Nothing is left of a VPC that this account does not see any more.
#   configuration: []
#   reads: [lambda:GetFunctionConfiguration]
#   statement: [missing_subnets, missing_security_groups, full_subnets]
package vpcguard.rules.config.idle_on_broken_network

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.lambda_interfaces
import data.vpcguard.lib.result

applies := object.keys(_unread) | object.keys(_idle)

deny contains result.violation(name, {
	"message": $"{name} is idle, and its next invoke will fail: {_said(key, faults)}.",
	"advice": _advice(key, faults),
	"evidence": object.union_n([
		faults,
		{"state": one.state, "state_reason_code": object.get(one, "state_reason_code", "")},
		_cause(key),
	]),
	"root_causes": _root_causes(key, faults),
}) if {
	some name, one in _idle
	key := cohorts.of[name]
	faults := _broken[key]
}

_advice(key, _) := "Ask its owner to share it again, name subnets and groups of another, or delete the function." if {
	not cohorts.by_key[key].is_vpc_visible
}

_advice(key, faults) := concat(" ", array.flatten([
	["Name subnets and groups that exist in its VPC configuration." |
		faults.missing_subnets | faults.missing_security_groups != set()
	],
	[result.word(full, "Free addresses in the full subnet, or choose another.", _room) |
		full := faults.full_subnets
		full != set()
	],
	"Delete the function if nobody needs it any more.",
])) if {
	cohorts.by_key[key].is_vpc_visible
}

_room := "Free addresses in the full subnets, or choose others."

_cause(key) := {"cause": "vpc_not_visible"} if {
	cohorts.by_key[key].is_vpc_visible == false
} else := {}

_root_causes(key, _) := {cohorts.by_key[key].vpc_id} if {
	not cohorts.by_key[key].is_vpc_visible
}

_root_causes(key, faults) := union({ids | some ids in faults}) if cohorts.by_key[key].is_vpc_visible

# where the network is sound, an unread state changes nothing
unknown contains result.unknown(name, waits) if {
	some name, waits in _unread
	cohorts.of[name] in _unsound
}

unknown contains result.unknown(name, waits) if {
	some name, _ in _idle
	key := cohorts.of[name]
	not _broken[key]
	waits := _open[key]
}

_idle := {name: one |
	some name, one in facts.with_state
	lower(one.state) == "inactive"
	facts.attached[name]
}

_unread := facts.doubtful("function_states", object.keys(facts.attached) - object.keys(facts.with_state))

# by cohort key, what breaks the next invoke for certain
_broken := {key: faults |
	some key, cohort in cohorts.by_key
	faults := {
		"missing_subnets": cohort.missing_subnets,
		"missing_security_groups": cohort.missing_groups,
		"full_subnets": object.get(lambda_interfaces.pairs, [key, "missing"], set()) & _full,
	}
	union({ids | some ids in faults}) != set()
}

# by cohort key, what may break it
_open := {key: waits |
	some key, cohort in cohorts.by_key
	waits := union({
		cohort.hidden_subnet_waits,
		union({waits | some waits in cohort.hidden_groups}),
		{wait | lambda_interfaces.pairs[key].unseen & _full != set(); some wait in lambda_interfaces.pairs[key].waits},
		facts.waits_for_addresses(cohort.subnets - object.get(lambda_interfaces.pairs, [key, "present"], set())),
	})
	waits != set()
}

_unsound := object.keys(_broken) | object.keys(_open)

# a subnet for IPv6 alone has no IPv4 addresses to lack
_full := {id | some id, subnet in facts.subnets; subnet.free_ipv4_addresses == 0; subnet.is_ipv6_only == false}

_said(key, _) := cohorts.not_visible(cohorts.by_key[key].vpc_id) if not cohorts.by_key[key].is_vpc_visible

_said(key, faults) := concat("; ", array.concat(
	[$"{result.list(gone)} {result.word(gone, "does", "do")} not exist" | gone != set()],
	[$"{result.subnets(full)} {result.word(full, "has", "have")} no free address" |
		full := faults.full_subnets
		full != set()
	],
)) if {
	cohorts.by_key[key].is_vpc_visible
	gone := faults.missing_subnets | faults.missing_security_groups
}
