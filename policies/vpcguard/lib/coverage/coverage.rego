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
waits(kind, subject) := object.get(_by_subject, [kind, subject], _by_kind[kind])

# METADATA
# description: As waits, by the subject if it has an entry of its own, else by the group it belongs to.
# scope: document
waits_within(kind, subject, group) := object.get(_by_subject, [kind, subject], waits(kind, group))

# METADATA
# description: |
#   As waits, for those of many subjects (a set) that are not known: {subject: waits}. What is known costs nothing.
# scope: document
doubtful(kind, subjects) := {subject: waits |
	some waits, waiting in by_waits(kind, subjects)
	some subject in waiting
}

# METADATA
# description: "As doubtful, the other way round, as many wait for the same: {waits: set of subjects}."
# scope: document
by_waits(kind, subjects) := {waits: waiting |
	some waits in ({waits | some waits in own} | {_by_kind[kind]})
	waits != set()
	waiting := {subject | some subject, other in own; other == waits} | object.get({_by_kind[kind]: others}, waits, set())
	waiting != set()
} if {
	own := object.filter(object.get(_by_subject, kind, {}), subjects)
	others := subjects - object.keys(own)
}

_by_subject := object.union_n([{entry.kind: {entry.subject: object.get(_waits, i, set())}} |
	some i, entry in input.coverage
])

# no entry at all: the fact was never read
_by_kind := object.union(
	{kind: {{"status": "unknown", "name": name, "reason": "not read"} | some name in names} |
		some kind, names in object.remove(data.vpcguard.config.operations, object.keys(_of_all))
	},
	_of_all,
)

_of_all := {entry.kind: object.get(_waits, i, set()) |
	some i, entry in input.coverage
	not entry.subject
}

_waits := {i: waits |
	some i, entry in input.coverage
	entry.status != "known"
	status := _status(entry.status, {failed | failed := entry.is_failed_read})
	waits := {wait |
		some name in _names(entry.kind, entry.waits_for)
		wait := {"status": status, "name": name, "reason": concat("", {reason | reason := entry.reason})}
	}
}

_status("not_requested", _) := "not_requested"

_status("unknown", {false}) := "opaque"

_status("unknown", failed) := "unknown" if failed != {false}

# an unknown fact always waits for something, or it would pass for a known one
_names(kind, []) := data.vpcguard.config.operations[kind]

_names(_, waits_for) := waits_for if waits_for != []
