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
decision := {"rules": [composed |
	some family, fault
	metadata := data.vpcguard.rules[family][fault].metadata
	composed := result.composed(metadata, {
		"applies": data.vpcguard.rules[family][fault].applies,
		"deny": data.vpcguard.rules[family][fault].deny,
		"unknown": data.vpcguard.rules[family][fault].unknown,
	})
]} if {
	incomplete_rules == set()
}

# METADATA
# title: Incomplete rules
# description: Rules that lack their metadata or one of requires, applies, deny and unknown.
# scope: document
incomplete_rules := union(_rules_with) - intersection(_rules_with)

_rules_with := {
	{[family, fault] | some family, fault; data.vpcguard.rules[family][fault].metadata},
	{[family, fault] | some family, fault; data.vpcguard.rules[family][fault].requires},
	{[family, fault] | some family, fault; data.vpcguard.rules[family][fault].applies},
	{[family, fault] | some family, fault; data.vpcguard.rules[family][fault].deny},
	{[family, fault] | some family, fault; data.vpcguard.rules[family][fault].unknown},
}
