# METADATA
# title: Coverage
# description: How complete a kind of fact is, and what an unknown one waits for.
package vpcguard.lib.coverage

# METADATA
# description: True if what the document lacks of this kind about this subject does not exist.
# scope: document
is_known(kind, subject) if waits(kind, subject) == set()

# METADATA
# description: |
#   What a fact of this kind about this subject waits for: a set of {"status", "name", "reason"}, empty when known.
#   Status is "unknown" (a read that failed or never happened), "not_requested" (left out on purpose) or
#   "opaque" (no read of ours can tell, e.g. the owner's account of a shared VPC is out of reach).
# scope: document
waits(kind, subject) := _by_subject[[kind, subject]]

waits(kind, subject) := _by_kind[kind] if not _by_subject[[kind, subject]]

# METADATA
# description: As waits, by the subject if it has an entry of its own, else by the group it belongs to.
# scope: document
waits_within(kind, subject, _) := _by_subject[[kind, subject]]

waits_within(kind, subject, group) := waits(kind, group) if not _by_subject[[kind, subject]]

_by_subject := {[entry.kind, entry.subject]: _waits(entry.kind, entry.status, entry.waits_for, reasons) |
	some entry in input.coverage
	reasons := {text | text := entry.reason}
}

# no entry at all: the fact was never read
_by_kind := object.union(
	{kind: _waits(kind, "unknown", [], {"not read"}) | some kind, _ in data.vpcguard.config.operations},
	{entry.kind: _waits(entry.kind, entry.status, entry.waits_for, reasons) |
		some entry in input.coverage
		not entry.subject
		reasons := {text | text := entry.reason}
	},
)

_waits(_, "known", _, _) := set()

_waits(_, "not_requested", waits_for, reasons) := {wait |
	some name in waits_for
	wait := {"status": "not_requested", "name": name, "reason": concat(" ", reasons)}
}

_waits(kind, "unknown", waits_for, reasons) := {wait |
	some name in _names(kind, waits_for)
	wait := {"status": _status(name), "name": name, "reason": concat(" ", reasons)}
}

# an unknown fact always waits for something, or it would pass for a known one
_names(kind, []) := data.vpcguard.config.operations[kind]

_names(_, waits_for) := waits_for if waits_for != []

# lambda:ListTags is a read; an id is a thing that no read of ours shows
_status(name) := "unknown" if regex.match(`^[a-z0-9-]+:[A-Z]`, name)

_status(name) := "opaque" if not regex.match(`^[a-z0-9-]+:[A-Z]`, name)
