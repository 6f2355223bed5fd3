# METADATA
# title: Lambda VPC Guard
# description: Judges the facts of one account and region, given as input, and says what every rule finds.
# scope: subpackages
# schemas:
#   - input: schema.input
package vpcguard

import data.vpcguard.lib.result

# METADATA
# title: Decision
# description: |
#   The document of policies/schemas/decision.json: what every rule says about every function of the query.
#   Undefined, which every caller treats as an error, while a rule lacks one of its names: no rule vanishes.
# scope: document
# entrypoint: true
decision := {"rules": [rule | some rule in _composed]} if incomplete_rules == set()

# METADATA
# title: Incomplete rules
# description: Rules that lack their metadata or one of applies, deny and unknown.
# scope: document
incomplete_rules := (_described | _applied) - object.keys(_composed)

_composed := {[family, fault]: rule |
	some family, fault
	metadata := data.vpcguard.rules[family][fault].metadata
	rule := result.composed(metadata, _said(metadata.id, family, fault))
}

# nobody asks a rule that is off for every function
_said(id, family, fault) := {"applies": set(), "deny": set(), "unknown": set()} if {
	id in result.off
	data.vpcguard.rules[family][fault].applies
} else := {
	"applies": data.vpcguard.rules[family][fault].applies,
	"deny": data.vpcguard.rules[family][fault].deny,
	"unknown": data.vpcguard.rules[family][fault].unknown,
}

_described := {[family, fault] | some family, fault; data.vpcguard.rules[family][fault].metadata}

_applied := {[family, fault] | some family, fault; data.vpcguard.rules[family][fault].applies}
