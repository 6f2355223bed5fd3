# METADATA
# title: Own rules
# description: |
#   What the rules of an organization's own packs say: packages custom.vpcguard.rules.<family>.<fault>. They are asked
#   apart from the shipped ones, since one that errs takes along whatever is asked with it.
package vpcguard.own

import data.vpcguard.explanation.verdicts
import data.vpcguard.lib.composing
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

# METADATA
# title: Rules
# description: |
#   By id, a rule of a pack as the decision holds rules (policies/schemas/decision.json). One whose deny is missing, or
#   holds something that is no violation, is not here, nor one that is said to have failed.
# scope: document
# entrypoint: true
rules[id] := object.union_n([{"id": id}, metadata, _judged(id, metadata)]) if {
	some id, metadata in data.vpcguard.own_rules
	not input.failed_rules[id]
}

# METADATA
# title: Failed rules
# description: |
#   By id, a rule that the input says has failed, and why: nothing is known of any function.
# scope: document
# entrypoint: true
failed[id] := object.union_n([{"id": id}, metadata, composing.verdicts(id, metadata, set(), unknown, _everybody)]) if {
	some id, reason in input.failed_rules
	metadata := data.vpcguard.own_rules[id]
	wait := {"status": "opaque", "name": id, "reason": reason, "settled_by": "own_rule"}
	unknown := {result.unknown(name, {wait}) | some name in _everybody}
}

# it may have spoken of functions outside any VPC, too
_everybody := object.keys(facts.functions)

_attached := object.keys(facts.attached)

# METADATA
# title: Explained rules
# description: |
#   By function name, every rule of a pack with its verdict, as the explanation has the shipped ones
#   (policies/schemas/explanation.json).
# scope: document
# entrypoint: true
explained := {name: verdicts.by_rule(listed, name) | some name, _ in facts.functions} if {
	listed := [rule | some rule in object.union(rules, failed)]
}

_judged(id, metadata) := composing.switched_off if {
	composing.is_off(id)
} else := composing.verdicts(id, metadata, deny, unknown, _applies(family, fault)) if {
	[family, fault] := split(id, ".")
	said := data.custom.vpcguard.rules[family][fault].deny
	every one in said {
		facts.functions[one.function]
		is_string(one.message)
		is_object(object.get(one, "evidence", {}))
		_are_texts(object.get(one, "root_causes", set()))
	}
	deny := {_violation(one) | some one in said}
	unknown := {object.union({"evidence": {}}, one) | some one in _unknown(family, fault)}
	every one in unknown {
		facts.functions[one.function]
		count(one.waits) > 0
		every wait in one.waits { is_string(wait.name) }
	}
}

_are_texts(ids) if {
	true in {is_set(ids), is_array(ids)}
	every id in ids { is_string(id) }
}

# who writes a first rule need not name the function again, nor show evidence
_violation(said) := object.union_n([{"evidence": {}}, said, {"message": message}]) if {
	names := {said.function | not startswith(said.message, said.function)}
	message := concat(" ", array.concat([name | some name in names], [said.message]))
}

_applies(family, fault) := {name | some name in data.custom.vpcguard.rules[family][fault].applies} if {
	data.custom.vpcguard.rules[family][fault].applies
} else := _attached

_unknown(family, fault) := doubts if {
	doubts := data.custom.vpcguard.rules[family][fault].unknown
} else := set()
