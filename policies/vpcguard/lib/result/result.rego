# METADATA
# title: Result
# description: Builds what a rule says about a function, and completes it with metadata and configuration.
package vpcguard.lib.result

import data.vpcguard.lib.config
import data.vpcguard.lib.facts

# METADATA
# description: |
#   A violation of the rule by a function. details holds "message" and "evidence", and where they apply "severity"
#   (else that of the metadata), "root_causes" (a set: one id becomes root_cause, several none), "basis" (declared,
#   inferred) and "is_eligible" (false: the rule's remediation must not be used here).
# scope: document
violation(name, details) := object.union({"function": name}, details)

# METADATA
# description: |
#   The rule cannot judge a function: waits as lib.facts gives them. Several may be said of one function; what
#   rests on facts left out on purpose alone becomes silence.
# scope: document
unknown(name, waits) := {"function": name, "waits": waits, "evidence": {}}

# METADATA
# description: As unknown, of several functions (a set) that wait for the same.
# scope: document
unknown_all(names, waits) := {"functions": names, "waits": waits, "evidence": {}}

# METADATA
# description: The functions about which something is unknown, given entries of a rule's unknown.
# scope: document
unjudged(doubts) := {one.function | some one in doubts} | union({one.functions | some one in doubts})

# METADATA
# description: As unknown, with evidence.
# scope: document
unknown_with(name, waits, evidence) := {"function": name, "waits": waits, "evidence": evidence}

# METADATA
# description: Ids of the rules that the configuration switches off for every function of the query. Nobody asks them.
off := intersection({ids | some ids in _off_by_signature})

_off_by_signature := {signature: ids |
	some signature, merged in config.settings
	ids := {id | some id, setting in merged.rules; setting.enabled == false}
}

_sometimes_off := union({ids | some ids in _off_by_signature})

# METADATA
# description: One rule of the decision, given what it shows of its metadata and its sets applies, deny and unknown.
# scope: document
composed(rule, said) := object.union(rule, _weighed(rule, said))

# most rules find nothing in most questions
_weighed(rule, said) := {"applies": said.applies, "silent": set(), "off": set(), "violations": [], "unknowns": []} if {
	_is_quiet(rule.id, said)
} else := _spoken(rule, said)

_is_quiet(id, said) if {
	said.deny == set()
	said.unknown == set()
	not id in _sometimes_off
}

_spoken(rule, said) := {
	"applies": (said.applies - off) - silent,
	"silent": silent,
	"off": off,
	"violations": _with_states(_framed(rule, denied)),
	"unknowns": _with_states(_unknowns(config.rule(rule.id), doubts)),
} if {
	off := _off({signature | some signature, ids in _off_by_signature; rule.id in ids})

	# two violations of one rule by one function conflict here: an error, never a choice
	denied := object.remove({one.function: one | some one in said.deny}, off)
	open := (unjudged(said.unknown) - off) - object.keys(denied)
	doubts := _doubts(said.unknown, open)
	silent := open - object.keys(doubts)
}

_framed(rule, denied) := [object.union(object.remove(one, _inner), frame) |
	some name, one in denied
	frame := frames[config.signature_of[name]][weights[name]]
] if {
	weights := {name: object.filter(one, _weighing) | some name, one in denied}
	kinds := {kind | some kind in weights}
	frames := {signature: {kind: _frame(rule, setting, kind) | some kind in kinds} |
		some signature, setting in config.rule(rule.id)
	}
}

# what is said of one function is joined in one pass: sets cannot be merged that way, keys of objects can
_doubts(unknown, open) := object.union_n([{name: {"waits": loud[one.waits], "evidence": one.evidence}} |
	shown != set()
	some one in unknown
	some name in (unjudged({one}) & shown)
]) if {
	loud := {waits: _loud(waits) | some waits in {one.waits | some one in unknown}}
	shown := open & unjudged({one | some one in unknown; loud[one.waits] != {}})
}

_unknowns(settings, doubts) := [one |
	some name, doubt in doubts
	reasons := _reasons(object.keys(doubt.waits))
	one := {
		"function": name,
		"stage": settings[config.signature_of[name]].stage,
		"waits_for": reasons.names,
		"message": $"{name} cannot be judged: {reasons.text}",
		"evidence": object.union(doubt.evidence, {"unknown": reasons.names}),
		"is_failed_read": reasons.is_failed_read,
	}
]

# what of a violation decides on its frame, and what of that is not shown as it is
_weighing := {"severity", "basis", "root_causes", "is_eligible"}

_inner := {"root_causes", "is_eligible"}

# what the violations of one kind share: what the rule and the configuration make of them
_frame(rule, setting, kind) := object.union_n([
	{
		"severity": severity,
		"stage": setting.stage,
		"eligible_for_remediation": is_eligible == {true},
	},
	object.get(_caps, [object.get(kind, "basis", "declared"), severity], {}),
	{"root_cause": cause | causes := kind.root_causes; count(causes) == 1; some cause in causes},
]) if {
	severity := object.get(setting, "severity", object.get(kind, "severity", rule.severity))
	is_eligible := {rule.remediation == "detach_vpc_config", object.get(kind, "is_eligible", true)}
}

# a function in transition is judged as it stands, and the evidence says so
_with_states(said) := said if _transitions == {}

_with_states(said) := [object.union(one, object.get(_transitions, one.function, {})) | some one in said] if {
	_transitions != {}
}

# the functions for which the configuration switches the rule off: nothing is said of them, not even that they pass
_off(set()) := set()

_off(signatures) := {name | some name, signature in config.signature_of; signature in signatures} if signatures != set()

# what was left out on purpose is no news
_loud(waits) := {wait: true | some wait in waits; wait.status in {"unknown", "opaque", "undecidable"}}

# what was inferred is never worse than medium
_caps := {"inferred": {"critical": {"severity": "medium"}, "high": {"severity": "medium"}}}

_reasons(waits) := {"names": names, "text": text, "is_failed_read": "unknown" in states} if {
	names := sort({wait.name | some wait in waits})
	states := {wait.status | some wait in waits}
	text := sprintf("it waits for %s. %s", [
		awaited(waits),
		concat(" ", {_advice(wait) | some wait in waits}),
	])
}

_advice(wait) := _next[wait.status] if wait.status != "opaque"

_advice(wait) := [advice | some [pattern, advice] in _beyond; regex.match(pattern, subject)][0] if {
	wait.status == "opaque"
	subject := concat(" ", [wait.name, wait.reason])
}

_next := {
	"unknown": "Let the audit role read this and look again.",
	"undecidable": "Remove the ambiguity.",
}

# what no read of ours tells, by the beginning of its name and what is said of it; the first that fits
_beyond := [
	[` may lead to central endpoints`, "Say in the configuration which central endpoints exist (central_endpoints)."],
	[`^([0-9]{12}|nat-\S*) `, "Let the audit role be assumed in the account that owns the VPC."],
	[`^vpc-`, "Find out whether it still exists; if another account shares it, let the audit role be assumed there."],
	[`^(tgw|pcx|vgw)-|:core-network/`, "If this way works, declare it in the configuration (trusted_egress)."],
	[
		`^(vpce|lgw|cagw)-`,
		"Nobody can read where it leads; trusted_egress can declare all such ways of an organization unit to work.",
	],
	[``, "Nothing that can be read tells: find out by hand."],
]

_transitions := {name: {"evidence": states} |
	some name, states in object.union(
		{name: {"state": one.state} | some name, one in facts.with_state; lower(one.state) != "active"},
		{name: {"last_update_status": one.last_update_status} |
			some name, one in facts.with_update_status
			lower(one.last_update_status) != "successful"
		},
	)
}

# METADATA
# description: "A set of texts as one: a, b and c."
# scope: document
list(texts) := concat(", ", texts) if count(texts) < 2

list(texts) := sprintf("%s and %s", [concat(", ", array.slice(sorted, 0, last)), sorted[last]]) if {
	sorted := sort(texts)
	last := count(sorted) - 1
	last > 0
}

# METADATA
# description: The word that fits how many there are, one or several.
# scope: document
word(ids, for_one, _) := for_one if count(ids) == 1

word(ids, _, for_several) := for_several if count(ids) != 1

# METADATA
# description: A subnet with its zone, e.g. subnet-0a (eu-west-1a).
# scope: document
subnet(id) := object.get(_with_zone, id, id)

# METADATA
# description: Several subnets, each with its zone.
# scope: document
subnets(ids) := list({object.get(_with_zone, id, id) | some id in ids})

# METADATA
# description: "What something unknown waits for, given waits as lib.facts answers: names, each with its reason."
# scope: document
awaited(unknown) := list({_awaited(wait) | some wait in unknown})

_awaited(wait) := wait.name if wait.reason == ""

# a reason may begin with the name again
_awaited(wait) := sprintf("%s (%s)", [wait.name, trim_prefix(wait.reason, $"{wait.name} ")]) if wait.reason != ""

# names are what people see in the console; the id serves where there is none
_with_zone := object.union(
	{one.id: $"{one.id} ({one.zone_id})" | some one in input.subnets; one.zone_id},
	{one.id: $"{one.id} ({one.zone_name})" | some one in input.subnets; one.zone_name},
)
