# METADATA
# title: Lambda VPC Guard
# description: |
#   Judges the facts of one account and region, given as input, and says what every rule finds: the rules say what is
#   broken and what they could not see, and here it is put together with their metadata and the configuration.
# scope: subpackages
# schemas:
#   - input: schema.input
package vpcguard

import data.vpcguard.lib.composing
import data.vpcguard.lib.config
import data.vpcguard.lib.facts
import data.vpcguard.lib.intent

# METADATA
# title: Decision
# description: |
#   The document of policies/schemas/decision.json: what every rule says about every function of the query, which
#   rules were withdrawn, and which functions are declared to need the same. Undefined, which every caller treats as an
#   error, while a rule lacks its deny: none vanishes.
# scope: document
# entrypoint: true
decision := {
	"rules": [rule | some rule in _rules],
	"retired": object.keys(data.vpcguard.config.retired),
	"declared": facts.grouped([[_declarations[key], name] | some name, key in intent.key_of]),
} if {
	incomplete_rules == set()
}

# METADATA
# title: Incomplete rules
# description: |
#   Ids of rules that lack their deny or what the decision shows of their metadata, which the bundle brings along as
#   data: vpcguard/rule_metadata/data.json.
# scope: document
incomplete_rules := object.keys(data.vpcguard.rule_metadata) - object.keys(_rules)

_rules := {id: object.union_n([{"id": id}, metadata, _judged(id, metadata)]) |
	some id, metadata in data.vpcguard.rule_metadata
	object.keys(metadata) == _shown
}

_shown := {"title", "doubt", "severity", "advice", "remediation", "statement"}

# nobody asks a rule that is off for every function
_judged(id, metadata) := composing.switched_off if {
	composing.is_off(id)
} else := composing.verdicts(id, metadata, deny, _unknown(family, fault), _applies(family, fault)) if {
	[family, fault] := split(id, ".")
	deny := data.vpcguard.rules[family][fault].deny
}

_applies(family, fault) := names if {
	names := data.vpcguard.rules[family][fault].applies
} else := object.keys(facts.attached)

_unknown(family, fault) := doubts if {
	doubts := data.vpcguard.rules[family][fault].unknown
} else := set()

# by key of an intent, a digest of it and of what is configured beside it that verdicts rest on; none of unread tags
_declarations := {key: crypto.sha256(json.marshal([said, settings])) |
	some key, one in intent.by_key
	one.waits == set()
	said := [one.egress.values, one.private_targets.values, one.services.values]
	settings := object.filter(config.settings[key[0]], _judged_by)
}

_judged_by := {"thresholds", "trusted_egress", "inspection", "central_endpoints"}
