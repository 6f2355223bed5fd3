# METADATA
# title: Function cannot reach the internet
# description: |
#   No subnet of the function leads to the internet, so calls to anything outside the VPC end in a timeout. A
#   function in a VPC has no public address: a route to an internet gateway does not help it, only a NAT does.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
# custom:
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
#     declared, info where nothing is declared and all that lacks is a default route, else high. Only routing is
#     judged: security groups and network ACLs have rules of their own. Whether anything answers on the other side is
#     not tried.
#   configuration: [intent, trusted_egress]
#   reads: []
package vpcguard.rules.nat.no_internet_egress

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.faults
import data.vpcguard.lib.intent
import data.vpcguard.lib.path
import data.vpcguard.lib.result

applies := path.needed_by

deny contains result.violation(name, details) if {
	some key, verdicts in _verdicts
	some value, verdict in verdicts
	count(verdicts) == 1
	verdict.answer == "violation"
	cohort := cohorts.by_key[key]
	finding := _finding(value, path.place_of[key], verdict.broken)
	evidence := object.union({"intent": intent.evidence(cohort.intent_key)}, finding.evidence)
	is_eligible := intent.is_internet_alone_by_configuration(cohort.intent)
	some name in cohort.functions
	details := {
		"severity": finding.severity,
		"message": concat(" ", [name, finding.message]),
		"evidence": evidence,
		"root_causes": finding.root_causes,
		"is_eligible": is_eligible,
	}
}

unknown contains result.unknown_with(name, waits, evidence) if {
	some key, verdicts in _verdicts
	waits := intent.doubts(cohorts.by_key[key].intent, verdicts)
	waits != set()
	evidence := {"subnets": path.evidence(path.place_of[key])}
	some name in cohorts.by_key[key].functions
}

# By cohort, where no way out is seen to work, and possible intent: {"answer", "waits", "broken" (the subnets that are a
# fault)}.
_verdicts := {key: verdicts |
	some place, summary in path.summary
	summary.works == set()
	some key in path.cohorts_at[place]
	verdicts := {value: _verdict(value, summary, key) | some value in cohorts.by_key[key].intent.egress.values}
}

_verdict(value, _, _) := _pass if value in {"aws", "none"}

_verdict(value, summary, _) := {"answer": "unknown", "waits": summary.waits, "broken": set()} if {
	value in {"internet", "undeclared"}
	summary.unknown != set()
}

_verdict("internet", summary, _) := {"answer": "violation", "waits": set(), "broken": summary.none} if {
	summary.unknown == set()
}

# undeclared: a subnet without a default route is isolated by design where an endpoint serves it
_verdict("undeclared", summary, key) := {"answer": "violation", "waits": set(), "broken": broken} if {
	summary.unknown == set()
	by_design := _by_design(key)
	broken := (summary.none - by_design.ids) - by_design.perhaps
	broken != set()
}

_verdict("undeclared", summary, key) := {"answer": "unknown", "waits": by_design.waits, "broken": set()} if {
	summary.unknown == set()
	by_design := _by_design(key)
	(summary.none - by_design.ids) - by_design.perhaps == set()
	by_design.perhaps != set()
}

_verdict("undeclared", summary, key) := _pass if {
	summary.unknown == set()
	summary.none - _by_design(key).ids == set()
}

_pass := {"answer": "pass", "waits": set(), "broken": set()}

_by_design(key) := {"ids": ids, "perhaps": perhaps, "waits": waits} if {
	isolated := {id | some id, outcome in path.by_place[path.place_of[key]]; outcome.is_isolated}
	ids := {id | some id in isolated; endpoints.serving[key][id] != set()}
	perhaps := {id | some id in (isolated - ids); endpoints.serving_waits[key][id] != set()}
	waits := union({endpoints.serving_waits[key][id] | some id in perhaps})
}

# what is said of every function there; the message lacks its name
_finding(value, place, broken) := {
	"severity": _severity(value, path.by_place[place]),
	"message": sprintf("cannot reach the internet: %s. %s", [
		faults.text(place, broken),
		faults.advice(place, broken, value),
	]),
	"evidence": {"subnets": path.evidence(place)},
	"root_causes": path.roots(place, broken),
}

_severity("internet", _) := "critical"

_severity("undeclared", by_subnet) := {true: "info", false: "high"}[causes == {"no_default_route"}] if {
	causes := {outcome.cause | some outcome in by_subnet}
}
