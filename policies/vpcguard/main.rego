# METADATA
# title: Lambda VPC Guard
# description: Judges the facts of one account and region, given as input, and says what every rule finds.
# scope: subpackages
# schemas:
#   - input: schema.input
package vpcguard

import data.vpcguard.lib.facts
import data.vpcguard.lib.result

# METADATA
# title: Decision
# description: |
#   The document of policies/schemas/decision.json: what every rule says about every function of the query.
#   Undefined, which every caller treats as an error, while a rule lacks its deny: no rule vanishes.
# scope: document
# entrypoint: true
decision := {"rules": [rule | some rule in _composed]} if incomplete_rules == set()

# METADATA
# title: Incomplete rules
# description: |
#   Ids of rules that lack their deny or what the decision shows of their metadata, which the bundle brings along as
#   data: vpcguard/rule_metadata/data.json.
# scope: document
incomplete_rules := object.keys(data.vpcguard.rule_metadata) - object.keys(_composed)

_composed := {id: result.composed(shown, _said(id)) |
	some id, metadata in data.vpcguard.rule_metadata
	shown := {
		"id": id,
		"title": metadata.title,
		"severity": metadata.severity,
		"advice": metadata.advice,
		"remediation": metadata.remediation,
	}
}

# nobody asks a rule that is off for every function
_said(id) := {"applies": set(), "deny": set(), "unknown": set()} if {
	id in result.off
} else := _asked(parts[0], parts[1]) if {
	parts := split(id, ".")
}

_asked(family, fault) := {
	"applies": _applies(family, fault),
	"deny": data.vpcguard.rules[family][fault].deny,
	"unknown": _unknown(family, fault),
}

_applies(family, fault) := names if {
	names := data.vpcguard.rules[family][fault].applies
} else := object.keys(facts.attached)

_unknown(family, fault) := doubts if {
	doubts := data.vpcguard.rules[family][fault].unknown
} else := set()
