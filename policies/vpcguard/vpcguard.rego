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
decision := {"rules": [_composed(metadata, family, fault) |
	some family, fault
	metadata := data.vpcguard.rules[family][fault].metadata
]} if {
	incomplete_rules == set()
}

# METADATA
# title: Incomplete rules
# description: Rules that lack their metadata or one of requires, applies, deny and unknown.
# scope: document
incomplete_rules := union(_with_a_name) - (intersection(_with_a_name) & _speaking)

_composed(metadata, family, fault) := result.composed(metadata, {
	"applies": data.vpcguard.rules[family][fault].applies,
	"deny": data.vpcguard.rules[family][fault].deny,
	"unknown": data.vpcguard.rules[family][fault].unknown,
}) if {
	not result.is_off(metadata.id)
}

# nobody asks a rule that is off for every function
_composed(metadata, _, _) := result.composed(metadata, {"applies": set(), "deny": set(), "unknown": set()}) if {
	result.is_off(metadata.id)
}

_with_a_name := {_described, _required, _applied}

_described := {[family, fault] | some family, fault; data.vpcguard.rules[family][fault].metadata}

_required := {[family, fault] | some family, fault; data.vpcguard.rules[family][fault].requires}

_applied := {[family, fault] | some family, fault; data.vpcguard.rules[family][fault].applies}

_speaking := {[family, fault] |
	some [family, fault] in _described
	not result.is_off(data.vpcguard.rules[family][fault].metadata.id)
	data.vpcguard.rules[family][fault].deny
	data.vpcguard.rules[family][fault].unknown
} | {[family, fault] |
	some [family, fault] in _described
	result.is_off(data.vpcguard.rules[family][fault].metadata.id)
}
