# METADATA
# title: Ways
# description: |
#   The ways to the internet as they are drawn: subnets whose traffic goes the same way share one, each hop says what it
#   is and whether traffic passes, and what is broken stands in the order of repair.
package vpcguard.explanation.ways

import data.vpcguard.explanation.filters
import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.egress
import data.vpcguard.lib.facts
import data.vpcguard.lib.faults
import data.vpcguard.lib.result

# METADATA
# description: |
#   By function name, its ways, over IPv4 and, where it may use it, over IPv6: {"family", "state" (by the routes alone),
#   "text", "subnets" (each {"subnet_id", "text"}), "hops" (each {"id", "text", "about", "mark"}), "faults" (in the
#   order of repair, each {"id", "text", "repair"}), "waits_for"}. Marks: passed, broken, beyond (not reached),
#   in_doubt, end (no way out was made, and that may be meant). Groups and ACLs that stop the traffic come first.
of := object.union({name: [] | some name, _ in facts.functions}, {name: ways |
	some name, key in cohorts.of
	ways := [_filtered(way, object.get(filters.stopping, name, [])) | some way in _of_cohort[key]]
})

_filtered(way, stops) := way if {
	_on(way, stops) == []
} else := object.union(way, {
	"text": $"{_start[way.family]} is broken at {concat(", then at ", names)}.",
	"hops": array.concat([_stop(one) | some one in on_it], [_unreached(hop) | some hop in way.hops]),
	"faults": array.concat([object.filter(one, ["id", "text", "repair"]) | some one in on_it], way.faults),
}) if {
	on_it := _on(way, stops)
	names := array.concat([one.name | some one in on_it], _once([hop.text | some hop in way.hops; hop.mark == "broken"]))
}

# a subnet without a way out is not cut off by what would stop it
_on(way, stops) := [one |
	some one in stops
	one.family == way.family
	not "end" in {hop.mark | some hop in way.hops}
	_is_on(way, one.subnet_ids)
]

_is_on(_, ids) if ids == set()

_is_on(way, ids) if {
	some subnet in way.subnets
	subnet.subnet_id in ids
}

_is_on(way, ids) if {
	some hop in way.hops
	some nats in [facts.nat_gateways, facts.interfaces]
	nats[hop.id].subnet_id in ids
}

_stop(one) := {"id": one.id, "text": one.name, "about": one.about, "mark": "broken"}

_unreached(hop) := object.union(hop, {"mark": "beyond", "about": "not reached"}) if {
	hop.id == "internet"
} else := object.union(hop, {"mark": "beyond"}) if {
	hop.mark in {"passed", "in_doubt"}
} else := hop

_of_cohort := {key: array.concat(_drawn(key, "ipv4", over_ipv4), _drawn(key, "ipv6", over_ipv6)) |
	some key, cohort in cohorts.with_subnets
	hidden := {id: path | some id, path in egress.of[key]; cohort.hidden_subnets[id]}
	over_ipv4 := object.union(hidden, egress.over_ipv4[key])
	over_ipv6 := {id: path |
		cohort.is_dual_stack_allowed
		some id, path in egress.ipv6[config.trust_of[cohort.signature]]
		id in cohort.subnets
		facts.subnets[id].ipv6_cidrs != []
		not path.is_isolated
	}
}

_drawn(key, family, paths) := [way |
	by_path := facts.grouped([[path, id] | some id, path in paths])
	ordered := sort([[min(ids), ids] | some ids in by_path])
	some [first, ids] in ordered
	path := paths[first]
	way := {
		"family": family,
		"state": path.state,
		"text": _text(path, family),
		"subnets": [{"subnet_id": id, "text": result.subnet(id)} | some id in ids],
		"hops": array.concat([_hop(path, i) | some i, _ in path.hops], _arrival(path)),
		"faults": faults.steps(path, ids, min(cohorts.by_key[key].intent.egress.values)),
		"waits_for": path.waits,
	}
]

_text(path, family) := $"{_start[family]} works." if {
	path.state == "works"
} else := "There is no way to the internet: no default route." if {
	_is_end(path)
} else := $"{_start[family]} is broken at {concat(", then at ", _once(names))}." if {
	path.state == "none"
	names := [_called(hop) | some i, hop in path.hops; i in _broken(path)]
} else := sprintf("Not known whether there is a %s, because of %s.", [
	trim_prefix(_start[family], "The "),
	result.awaited(path.waits),
])

_start := {"ipv4": "The way to the internet", "ipv6": "The way to the internet over IPv6"}

_once(list) := [one | some i, one in list; not one in array.slice(list, 0, i)]

_hop(path, i) := {"id": hop.id, "text": _called(hop), "about": concat(", ", about), "mark": _mark(path, i)} if {
	hop := path.hops[i]
	about := [words | some words in [_kind(hop), _condition(path, i)]; words != ""]
}

# where the way leads to, or would
_arrival(path) := [] if {
	_is_end(path)
} else := [{"id": "internet", "text": "the internet", "about": "not reached", "mark": "beyond"}] if {
	path.state == "none"
} else := [{"id": "internet", "text": "the internet", "about": "", "mark": mark}] if {
	mark := {"works": "passed", "unknown": "in_doubt"}[path.state]
}

_mark(path, i) := "end" if {
	path.hops[i]
	_is_end(path)
} else := "broken" if {
	i in _broken(path)
} else := "beyond" if {
	path.state == "none"
	i > min(_broken(path))
} else := "in_doubt" if {
	path.hops[i].state in {"unknown", "opaque"}
} else := "passed"

# a proxy that clients name may be a way out of it all the same
_is_end(path) if [path.state, path.is_isolated] == ["none", true]

# the places of a path at which something is to be repaired; of a route, what it leads to
_broken(path) := union({_places(path, one) | some one in path.causes})

_places(path, one) := {i | some i, hop in path.hops; hop.state == "not_in_zone"} if {
	one.cause == "transit_gateway_zone"
} else := {behind | some i, hop in path.hops; hop.id == one.id; behind := i + 1} if {
	one.cause in {"public_subnet", "blackhole"}
} else := bad if {
	bad := {i | some i, hop in path.hops; hop.id == one.id; not hop.state in _good}
	bad != set()
} else := {min({i | some i, hop in path.hops; hop.id == one.id})}

_good := {"active", "attached", "available", "running", "likely", "trusted"}

_called(hop) := $"VPC Block Public Access of {result.subnet(hop.id)}" if {
	hop.kind == "block_public_access"
} else := result.named(hop.id)

_kind(hop) := concat(" ", array.concat(words, place)) if {
	hop.kind == "nat_gateway"
	gateway := facts.nat_gateways[hop.id]
	words := array.flatten([
		["private" | gateway.connectivity_type == "private"],
		["regional" | gateway.is_regional],
		"NAT gateway",
	])
	place := [$"in {result.zones({zone})}" | zone := facts.subnets[gateway.subnet_id].zone_id]
} else := "Lambda's own interface" if {
	facts.interfaces[hop.id].is_lambda
} else := object.get(_kinds, hop.kind, replace(hop.kind, "_", " "))

_kinds := {
	"block_public_access": "",
	"egress_only_internet_gateway": "egress-only internet gateway",
	"nat_gateway": "NAT gateway",
	"public_address": "",
	"vpc_endpoint": "firewall endpoint",
	"vpc_peering_connection": "VPC peering connection",
}

# what of a hop is worth saying: its state where that is no plain yes, else what stops traffic at it
_condition(path, i) := "has no public address" if {
	path.hops[i].kind == "public_address"
} else := "by its Elastic IP: not supported by AWS, and lost as soon as Lambda makes the interface anew" if {
	facts.interfaces[path.hops[i].id].is_lambda
} else := "its default route is what AWS calls a black hole" if {
	[path.hops[i].kind, path.hops[i].state] == ["route_table", "blackhole"]
} else := $"{words}{_aws_words(path.hops[i])}" if {
	words := _state_words(lower(path.hops[i].state))
	not words in {"", _states.likely, _states.unknown} # told below
} else := words if {
	some one in path.causes
	i in _places(path, one)
	words := _causes[one.cause]
} else := _states.unknown if {
	path.hops[i].state == "unknown"
} else := _states.likely if {
	[path.state, path.hops[i].state] == ["works", "likely"]
} else := ""

_state_words(state) := $"a route for {half} alone, half of a default route" if {
	startswith(state, "only_")
	half := trim_prefix(state, "only_")
} else := object.get(_states, state, replace(state, "_", " "))

_states := {
	"active": "",
	"attached": "",
	"available": "",
	"running": "",
	"blackhole": "gone, detached or stopped",
	"blocked": "stops this traffic",
	"contested": "its routes contend with each other",
	"detached": "not attached to the VPC",
	"leads_back": "where the default route of its own subnet leads back to",
	"lets_nobody_in": "let nobody in from there on TCP 443",
	"likely": "likely to pass it on",
	"missing": "does not exist",
	"not_in_zone": "without an attachment in the zone",
	"opaque": "nothing is read behind it",
	"pieces": "small networks together cover everything",
	"source_dest_check": "checks source and destination",
	"trusted": "trusted by the configuration",
	"unknown": "not known",
}

_causes := {
	"blackhole": "gone, detached or stopped",
	"public_subnet": "serves public addresses only, and Lambda's interfaces have none",
	"peering": "carries nothing on to the internet",
	"nat_private": "has no way to the internet",
	"nat_without_internet_gateway": "leads to no internet gateway",
	"nat_instance_unusable": "does not pass it on",
}

# why AWS could not make a NAT gateway
_aws_words(hop) := $". AWS says: {concat(": ", told)}" if {
	told := [word |
		some part in ["failure_code", "failure_message"]
		word := facts.nat_gateways[hop.id][part]
	]
	told != []
} else := ""
