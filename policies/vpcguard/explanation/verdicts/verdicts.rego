# METADATA
# title: Verdicts
# description: What each rule of the decision says about a function, with the reason, also where it says nothing.
package vpcguard.explanation.verdicts

import data.vpcguard.explanation.reasons
import data.vpcguard.lib.config
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

# METADATA
# description: |
#   By function name, every rule in the order of the decision: {"id", "title", "severity", "stage", "verdict",
#   "reason"}, where violation and unknown bring more of the decision along, unknown also "because" (what it waits for,
#   in words), and pass may have a "note". Verdicts: violation, unknown, pass, silent, off, not_applicable.
of := {name: by_rule(data.vpcguard.decision.rules, name) | some name, _ in facts.functions}

# METADATA
# description: As of, for one function, of rules as a decision holds them.
by_rule(rules, name) := [object.union(about, said) |
	some rule in rules
	about := {"id": rule.id, "title": rule.title, "severity": rule.severity, "stage": _setting(rule.id, name).stage}
	said := _said(rule, name)
]

_said(rule, name) := object.union({"verdict": "violation", "advice": rule.advice}, _rest(one)) if {
	some one in rule.violations
	one.function == name
} else := object.union({"verdict": "unknown", "title": rule.doubt, "because": because}, _rest(one)) if {
	some one in rule.unknowns
	one.function == name
	because := trim_suffix(trim_prefix(one.message, $"{name} cannot be judged because of "), ".")
} else := {"verdict": "silent", "reason": reason} if {
	name in rule.silent
	reason := sprintf("It rests on %s, left out on purpose.", [result.list(_left_out(rule.id, name))])
} else := object.union({"verdict": "pass", "reason": _passes(rule.id)}, _notes(rule.id, name)) if {
	name in rule.applies
} else := {"verdict": "off", "reason": _off(rule.id)} if {
	not _setting(rule.id, name).enabled
} else := {"verdict": "not_applicable", "reason": reason} if {
	texts := data.vpcguard.rule_texts[rule.id]
	against := reasons.against(name, texts.applies_if)
	reason := concat(" ", array.concat([$"It applies to {texts.applies_to}."], against))
} else := {"verdict": "not_applicable", "reason": "It does not apply."}

_rest(one) := object.union({"reason": one.message}, object.remove(one, ["function", "message"]))

_setting(id, name) := config.rule(id)[config.signature_of[name]]

_passes(id) := text if {
	text := data.vpcguard.rule_texts[id].passes
} else := "It finds nothing."

# what a rule adds to a function that passes
_notes(id, name) := {"note": note |
	parts := split(id, ".")
	note := data.vpcguard.rules[parts[0]][parts[1]].notes[name]
}

_off(id) := "It is shipped off, and the configuration does not turn it on." if {
	data.vpcguard.config.defaults.rules[id].enabled == false
} else := "The configuration turns it off."

_left_out(id, name) := {wait.name |
	[family, fault] := split(id, ".")
	some said in [
		[one | some one in data.vpcguard.rules[family][fault].unknown],
		[one | some one in data.custom.vpcguard.rules[family][fault].unknown],
	]
	some one in said
	one.function == name
	some wait in one.waits
}
