# METADATA
# title: Function cannot reach the internet
# description: |
#   No subnet of the function leads to the internet, so calls to anything outside the VPC end in a timeout. A
#   function in a VPC has no public address: a route to an internet gateway does not help it, only a NAT does.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
# custom:
#   doubt: Not known whether the function can reach the internet
#   severity: high
#   advice: >-
#     Route 0.0.0.0/0 of the function's subnets to a public NAT gateway that is available and whose own subnet leads
#     to an internet gateway; or declare the intent aws or none if the function needs no internet.
#   remediation: detach_vpc_config
#   applies_to: functions in a VPC that have a subnet left and whose intent is internet or undeclared
#   applies_if: [attached, subnets, intent]
#   passes: >-
#     At least one of its subnets leads to the internet, or none is meant to: no default route, and an endpoint that
#     serves it.
#   judged: >-
#     The default route of each subnet is followed hop by hop: the subnet's route table, the target, the NAT gateway's
#     state and kind, its own subnet's way out, the internet gateway, VPC Block Public Access. It fires where no
#     subnet leads out; the evidence names the cause for each. With intent undeclared, a subnet without a default
#     route is isolated by design if a usable endpoint serves it. What nobody can look into (a transit gateway, say)
#     makes the verdict unknown unless the configuration trusts it. Severity is critical where the internet is
#     declared; undeclared, it is high where a way out was built and is broken, medium for public subnets and
#     peering, info where all that lacks is a default route. Only routing is judged: security groups and network ACLs
#     have rules of their own. Whether anything answers on the other side is
#     not tried.
#   configuration: [intent, trusted_egress]
#   reads: []
#   statement: [subnets.subnet_id, subnets.cause]
package vpcguard.rules.nat.no_internet_egress

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.egress
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.faults
import data.vpcguard.lib.intent
import data.vpcguard.lib.needs
import data.vpcguard.lib.result

applies := cohorts.functions_needing_internet

deny contains result.violation(name, details) if {
	some key, verdicts in _verdicts
	count(verdicts) == 1
	some value, verdict in verdicts
	verdict.answer == "violation"
	cohort := cohorts.by_key[key]
	message := $"cannot reach the internet: {faults.text(key, verdict.broken)}."
	causes := {egress.of[key][id].cause | some id in verdict.broken}
	finding := {
		"advice": faults.advice(key, verdict.broken, value),
		"evidence": {
			"intent": intent.evidence(cohort.intent_key),
			"subnets": egress.evidence(key),
			"causes": egress.causes(key),
		},
		"root_causes": egress.root_causes(key, verdict.broken),
		"is_eligible": _is_internet_alone_by_configuration(cohort.intent),
	}
	some name in cohort.functions
	severity := _severity(value, causes, _is_needed(key, name, verdict.broken))
	details := object.union(finding, {"message": $"{name} {message}", "severity": severity})
}

unknown contains result.unknown_with(name, waits, {"subnets": subnets}) if {
	some key, verdicts in _verdicts
	waits := intent.doubts(cohorts.by_key[key].intent, verdicts)
	waits != set()
	subnets := egress.evidence(key)
	some name in cohorts.by_key[key].functions
}

# By cohort, where no way out is seen to work, and possible intent: {"answer", "waits", "broken" (the subnets that are a
# fault)}.
_verdicts := {key: verdicts |
	some key, subnets in egress.by_state
	subnets.works == set()
	verdicts := {value: _verdict(value, key) | some value in cohorts.by_key[key].intent.egress.values}
}

_verdict(value, key) := {"answer": "pass", "waits": set(), "broken": set()} if {
	value in {"aws", "none"}
} else := {"answer": "unknown", "waits": waits, "broken": set()} if {
	undecided := egress.by_state[key].unknown - _excused(value, key)
	undecided != set()
	waits := union({egress.of[key][id].waits | some id in undecided})
} else := {"answer": "violation", "waits": set(), "broken": egress.by_state[key].none} if {
	value == "internet"
} else := {"answer": "violation", "waits": set(), "broken": broken} if {
	broken := egress.by_state[key].none - object.keys(_endpoints_at_isolated[key])
	broken != set()
} else := {"answer": "unknown", "waits": waits, "broken": set()} if {
	waits := union({waits | some waits in _endpoints_at_isolated[key]})
	waits != set()
} else := {"answer": "pass", "waits": set(), "broken": set()}

# undeclared and where nothing is broken, a subnet that may have a proxy is isolated by design without one
_excused("undeclared", key) := object.keys(_endpoints_at_isolated[key]) if {
	egress.by_state[key].none - object.keys(_endpoints_at_isolated[key]) == set()
} else := set()

_excused("internet", _) := set()

# Undeclared, a subnet without a default route is isolated by design where an endpoint serves it, or may serve it. By
# cohort and such subnet, what that waits for.
_endpoints_at_isolated := {key: isolated |
	some key, paths in egress.of
	isolated := {id: waits |
		some id, path in paths
		path.is_isolated
		waits := _endpoint_waits(endpoints.serving[key][id], endpoints.serving_waits[key][id])
	}
}

_endpoint_waits(serving, _) := set() if serving != set()

_endpoint_waits(set(), waits) := waits if waits != set()

# undeclared, by the worst: a way out that was built is meant to work; a public subnet may be meant as it is, unless the
# function is known to call what only the way out leads to
_severity(value, causes, is_needed) := "critical" if {
	value == "internet"
} else := "high" if {
	causes - object.keys(_milder) != set()
} else := "high" if {
	is_needed
	causes - {"no_default_route"} != set()
} else := "medium" if {
	some cause in causes
	_milder[cause] == "medium"
} else := "info"

default _is_needed(_, _, _) := false

_is_needed(key, name, ids) if {
	some service, need in needs.of[name]
	need.waits == set()
	some wanted in endpoints.names_of(service)
	some id in ids
	every endpoint_id in endpoints.serving[key][id] { endpoints.names[endpoint_id] != wanted }
}

_milder := {"public_subnet": "medium", "peering": "medium", "no_default_route": "info"}

# only where configuration, not a tag, declares the internet and no private targets may a function be detached
default _is_internet_alone_by_configuration(_) := false

_is_internet_alone_by_configuration(declared) if {
	declared.egress == {"source": "configuration", "values": {"internet"}}
	declared.private_targets == {"source": "configuration", "values": {"no"}}
}
