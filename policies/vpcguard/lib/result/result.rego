# METADATA
# title: Result
# description: Builds what a rule says about a function, and completes it with metadata and configuration.
package vpcguard.lib.result

import data.vpcguard.lib.config
import data.vpcguard.lib.message

# METADATA
# description: |
#   A rule's metadata for the decision, given rego.metadata.chain(); undefined while a part is missing. "applies_to" and
#   "passes" are for the explanation, the reasons of a rule that does not apply or passes.
# scope: document
metadata(chain) := {
	"id": concat(".", array.slice(link.path, 2, 4)),
	"title": link.annotations.title,
	"severity": link.annotations.custom.severity,
	"advice": link.annotations.custom.advice,
	"remediation": link.annotations.custom.remediation,
	"applies_to": object.get(link.annotations.custom, "applies_to", ""),
	"passes": object.get(link.annotations.custom, "passes", ""),
} if {
	some link in chain
	link.annotations.scope == "package"
	link.annotations.description != ""
	link.annotations.related_resources != []
}

# METADATA
# description: |
#   A violation of the rule by a function. details holds "message" and "evidence", and where they apply "severity"
#   (else that of the metadata), "root_causes" (a set: one id becomes root_cause, several none), "basis" (declared,
#   inferred) and "is_eligible" (false: the rule's remediation must not be used here).
# scope: document
violation(name, details) := object.union({"function": name}, details)

# METADATA
# description: |
#   The rule cannot judge a function: waits as lib.coverage gives them. Several may be said of one function; what
#   rests on facts left out on purpose alone becomes silence.
# scope: document
unknown(name, waits) := {"function": name, "waits": waits, "evidence": {}}

# METADATA
# description: As unknown, with evidence.
# scope: document
unknown_with(name, waits, evidence) := {"function": name, "waits": waits, "evidence": evidence}

# METADATA
# description: One rule of the decision, given its metadata and its sets applies, deny and unknown.
# scope: document
composed(rule, said) := object.union(object.remove(rule, ["applies_to", "passes"]), {
	"applies": [name | some name in ((said.applies - silent) - off)],
	"silent": [name | some name in silent],
	"violations": [_violation(rule, settings[config.signature_of[name]], one) | some name, one in denied],
	"unknowns": [_unknown(settings[config.signature_of[name]], name, doubt) |
		some name, doubt in doubts
		not name in silent
	],
}) if {
	settings := config.rule(rule.id)
	off := _disabled(settings)

	# two violations of one rule by one function conflict here: an error, never a choice
	denied := {one.function: one | some one in said.deny; not one.function in off}

	# what is said of one function is joined in one pass: sets cannot be merged that way, keys of objects can
	doubts := object.union_n([{one.function: doubt} |
		some one in said.unknown
		not one.function in off
		not denied[one.function]
		doubt := {"waits": {wait: true | some wait in one.waits}, "evidence": one.evidence}
	])
	silent := {name | some name, doubt in doubts; _loud(doubt.waits) == set()}
}

# what was left out on purpose is no news
_loud(waits) := {wait | some wait, _ in waits; wait.status in {"unknown", "opaque", "undecidable"}}

_disabled(settings) := {name |
	off := {signature | some signature, setting in settings; setting.enabled == false}
	off != set()
	some name, signature in config.signature_of
	signature in off
}

_violation(rule, setting, one) := object.union_n([
	{
		"function": one.function,
		"severity": _severity(rule, setting, one),
		"stage": setting.stage,
		"message": one.message,
		"evidence": object.union(one.evidence, _passing_states[one.function]),
		"eligible_for_remediation": _is_eligible(rule.remediation, object.get(one, "is_eligible", true)),
	},
	{"root_cause": cause | causes := object.get(one, "root_causes", set()); count(causes) == 1; some cause in causes},
	{"basis": basis | basis := one.basis},
])

_unknown(setting, name, doubt) := {
	"function": name,
	"stage": setting.stage,
	"waits_for": reasons.names,
	"message": sprintf("%s cannot be judged: %s", [name, reasons.text]),
	"evidence": object.union_n([doubt.evidence, {"unknown": reasons.names}, _passing_states[name]]),
	"is_failed_read": reasons.is_failed_read,
} if {
	reasons := _reasons(_loud(doubt.waits))
}

_reasons(waits) := {"names": names, "text": text, "is_failed_read": "unknown" in states} if {
	names := sort({wait.name | some wait in waits})
	states := {wait.status | some wait in waits}
	text := sprintf("it waits for %s. %s", [
		message.waits(waits),
		concat(" ", {_advice(wait) | some wait in waits}),
	])
}

_severity(rule, setting, one) := _capped(wanted, object.get(one, "basis", "declared")) if {
	wanted := object.get(setting, "severity", object.get(one, "severity", rule.severity))
}

# what was inferred is never worse than medium
_capped(severity, "declared") := severity

_capped(severity, "inferred") := {"critical": "medium", "high": "medium"}[severity]

_capped(severity, "inferred") := severity if severity in {"medium", "low", "info"}

_is_eligible("none", _) := false

_is_eligible("detach_vpc_config", is_eligible) := is_eligible

_next := {
	"unknown": "Let the audit role read this and look again.",
	"opaque": "If this way works, declare it in the configuration (trusted_egress).",
	"undecidable": "Remove the ambiguity.",
}

_advice(wait) := _next[wait.status] if not _is_owners(wait)

_advice(wait) := "Let the audit role be assumed in the account that owns the VPC." if _is_owners(wait)

# an account that nobody could ask, and what only it sees
_is_owners(wait) if {
	wait.status == "opaque"
	regex.match(`^([0-9]{12}|nat-.*)$`, wait.name)
}

# a function in transition is judged as it stands, and the evidence says so
_passing_states := {one.name: states |
	some one in input.functions
	states := object.union(
		{"state": one.state | lower(one.state) != "active"},
		{"last_update_status": one.last_update_status | lower(one.last_update_status) != "successful"},
	)
}
