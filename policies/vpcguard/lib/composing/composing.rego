# METADATA
# title: Composing
# description: |
#   What a rule says, put together with its metadata and the configuration as the decision shows it
#   (policies/schemas/decision.json).
package vpcguard.lib.composing

import data.vpcguard.lib.config
import data.vpcguard.lib.facts
import data.vpcguard.lib.result

# METADATA
# description: True if the configuration switches a rule off for every function, so that nobody asks it.
is_off(id) if _off[id] == _everybody

# METADATA
# description: As verdicts, of a rule that is off for every function.
switched_off := _passing(set(), _everybody)

_everybody := object.keys(config.signature_of)

_passing(applies, off) := {"applies": applies, "silent": set(), "off": off, "violations": [], "unknowns": []}

# METADATA
# description: |
#   What the decision holds of a rule besides its metadata, given what the rule says: deny and unknown, as lib.result
#   makes them, and the names of the functions that it applies to. Most rules say nothing.
verdicts(id, metadata, deny, unknown, applies) := _passing(applies - off, off) if {
	[deny, unknown] == [set(), set()]
	off := object.get(_off, id, set())
} else := {
	"applies": (applies - off) - silent,
	"silent": silent,
	"off": off,
	"violations": _violations(id, metadata, denied),
	"unknowns": _unknowns(id, doubts),
} if {
	off := object.get(_off, id, set())
	torn := _torn(deny)
	denied := object.remove({one.function: one | some one in deny; not one.function in torn}, off)
	unjudged := unknown | {result.unknown(name, {_contradicting(id)}) | some name in torn}
	open := (result.unjudged(unjudged) - off) - object.keys(denied)
	doubts := _doubts(unjudged, open)
	silent := open - object.keys(doubts)
}

# of which functions a rule says two things: it is in doubt about them, and no choice of ours
_torn(deny) := set() if {
	count({one.function | some one in deny}) == count(deny)
} else := {one.function | some one in deny; some other in deny; one.function == other.function; one != other}

# who wrote a rule can mend it
_contradicting(id) := object.union(_contradiction(id), {"settled_by": "own_rule"}) if {
	data.vpcguard.own_rules[id]
} else := object.union(_contradiction(id), {"settled_by": "rule"})

_contradiction(id) := {"status": "opaque", "name": id, "reason": "says two things at once"}

# by rule, functions for which the configuration switches it off: nothing is said of them, not even that they pass
_off := {id: union({_with_signature[signature] | some signature in signatures}) |
	some id, signatures in facts.grouped([[id, signature] |
		some signature, merged in config.settings
		some id, setting in merged.rules
		setting.enabled == false
	])
}

_with_signature := facts.grouped([[signature, name] | some name, signature in config.signature_of])

# what a violation says of itself, and what the metadata and the configuration make of it
_violations(id, metadata, denied) := [violation |
	some name, one in denied
	setting := config.rule(id)[config.signature_of[name]]
	violation := object.union_n([
		object.remove(one, ["root_causes", "is_eligible"]),
		{
			"severity": _severity(one, object.get(setting, "severity", object.get(one, "severity", metadata.severity))),
			"stage": setting.stage,
			"eligible_for_remediation": _is_eligible(metadata, one),
			"evidence": object.get(_transitions, name, {}),
		},
		_root_cause(object.get(one, "root_causes", set()), object.get(facts.functions[name], "vpc_id", "")),
	])
]

# the resource that alone is to be repaired, and whose it is; of several none is
_root_cause(ids, vpc_id) := {} if {
	count(ids) != 1
} else := object.union_n([
	{"root_cause": id, "root_cause_kind": _kind(id), "root_cause_account": _owner(id, vpc_id)},
	{"root_cause_name": called | called := result.names[id]},
]) if {
	some id in ids
}

# what was seen is known by its id, whatever that looks like; what is gone, by how the id begins
_kind(id) := kind if {
	kind := _kinds[id]
} else := "role" if {
	id in _role_names
} else := kind if {
	[_, kind] := max([[begins, kind] |
		some begins, kind in data.vpcguard.config.causes.kinds
		startswith(id, $"{begins}-")
	])
} else := "other"

_role_names := {one.role_name | some one in input.functions}

_kinds := {one.id: kind |
	some kind, seen in {
		"vpc": input.vpcs,
		"subnet": input.subnets,
		"route_table": input.route_tables,
		"nat_gateway": input.nat_gateways,
		"internet_gateway": input.internet_gateways,
		"egress_only_internet_gateway": input.egress_only_internet_gateways,
		"vpc_endpoint": input.vpc_endpoints,
		"security_group": input.security_groups,
		"network_acl": input.network_acls,
		"network_interface": input.network_interfaces,
		"instance": input.instances,
		"transit_gateway_attachment": input.transit_gateway_attachments,
	}
	some one in seen
}

# what is behind a VPC's function is of the VPC's owner, if it does not say whose it is and nobody else may have such
_owner(id, vpc_id) := owner if {
	owner := _owners[id]
} else := facts.vpcs[vpc_id].owner_id if {
	not _kind(id) in data.vpcguard.config.causes.of_participants
} else := input.account.id

_owners := object.union_n([{id: one.owner_id} |
	some seen in [input.vpcs, input.subnets, input.security_groups, input.network_interfaces]
	some one in seen
	some key in ["id", "instance_id"]
	id := one[key]
])

# what was inferred is never worse than medium
_severity(said, told) := "medium" if {
	said.basis == "inferred"
	told in {"critical", "high"}
} else := told

default _is_eligible(_, _) := false

_is_eligible(metadata, said) if {
	metadata.remediation == "detach_vpc_config"
	object.get(said, "is_eligible", true) == true
}

# By function, what of it is unknown; no entry where all of it was left out on purpose, which is no news. Sets cannot be
# joined in one pass, keys of objects can.
_doubts(unknown, open) := object.filter(object.union_n(doubts), open) if {
	doubts := [{one.function: {"waits": news, "evidence": one.evidence}} |
		some one in unknown
		news := _news(one.waits)
		news != {}
	]
}

_news(waits) := {wait: true | some wait in waits; wait.status != "not_requested"}

_unknowns(id, doubts) := [unknown |
	some name, doubt in doubts
	awaited := _awaited(doubt.waits)
	unknown := {
		"function": name,
		"stage": config.rule(id)[config.signature_of[name]].stage,
		"waits_for": awaited.names,
		"message": $"{name} cannot be judged because of {awaited.text}.",
		"advice": awaited.advice,
		"evidence": object.union_n([doubt.evidence, {"unknown": awaited.names}, object.get(_transitions, name, {})]),
		"failed_reads": awaited.failed_reads,
	}
]

# what many functions wait for alike; AWS or the way there did not answer, or was not asked, or refused
_awaited(waits) := {
	"names": sort({wait.name | some wait, _ in waits}),
	"text": result.awaited(object.keys(waits)),
	"advice": result.settling(object.keys(waits)),
	"failed_reads": sort({wait.name | some wait, _ in waits; wait.status in {"unknown", "refused"}}),
}

# a function in transition is judged as it stands, and the evidence says so
_transitions := object.union(
	{one.name: {"state": one.state} | some one in input.functions; lower(one.state) != "active"},
	{one.name: {"last_update_status": one.last_update_status} |
		some one in input.functions
		lower(one.last_update_status) != "successful"
	},
)
