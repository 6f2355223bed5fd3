# METADATA
# title: Subnets
# description: Each subnet of a function - whether it exists, where its way leads hop by hop, and the addresses left.
package vpcguard.explanation.subnets

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.egress
import data.vpcguard.lib.facts
import data.vpcguard.lib.faults
import data.vpcguard.lib.lambda_interfaces
import data.vpcguard.lib.result

# METADATA
# description: |
#   By function name, its subnets as the schema lists them, without endpoints. "path" is null for a subnet that does not
#   exist, "addresses" for one that was not seen.
of := object.union({name: [] | some name, _ in facts.functions}, {name: listed |
	some name, key in cohorts.of
	listed := [shown |
		some id in cohorts.by_key[key].named_subnets
		shown := _of_cohort[key][id]
	]
})

_of_cohort := {key: object.union_n([seen, missing, hidden]) |
	some key, cohort in cohorts.by_key
	seen := {id: _seen(key, id) | some id in cohort.subnets}
	missing := {id: _unseen(id, "missing", null) | some id in cohort.missing_subnets}
	hidden := {id: _unseen(id, "unknown", _path(key, id)) | some id, _ in cohort.hidden_subnets}
}

_seen(key, id) := {
	"subnet_id": id,
	"text": result.subnet(id),
	"existence": "seen",
	"zone_id": object.get(_zone_ids, id, null),
	"zone_name": object.get(_zone_names, id, null),
	"route_table_id": object.get(_tables, id, null),
	"path": _path(key, id),
	"addresses": _addresses(key, id),
}

_unseen(id, existence, way) := {
	"subnet_id": id,
	"text": id,
	"existence": existence,
	"zone_id": null,
	"zone_name": null,
	"route_table_id": null,
	"path": way,
	"addresses": null,
}

_path(key, id) := {
	"state": path.state,
	"cause": _or_null(path.cause),
	"root_cause": _or_null(path.root),
	"hops": path.hops,
	"waits_for": path.waits,
	"text": _text(path.state, key, id),
} if {
	path := egress.of[key][id]
}

_or_null(text) := null if {
	text == ""
} else := text

_text("works", key, id) := sprintf("leads to the internet, over IPv6 alone, through %s", [through]) if {
	path := egress.of[key][id]
	path.is_ipv6_only
	through := _through(path.nat_ids, path.hops)
} else := sprintf(_fragile, [interface]) if {
	some {"id": interface, "kind": "network_interface", "state": "likely"} in egress.of[key][id].hops
	facts.interfaces[interface].is_lambda
} else := sprintf("leads to the internet through %s", [through]) if {
	path := egress.of[key][id]
	through := _through(path.nat_ids, path.hops)
}

_text("none", key, id) := faults.text(key, {id})

_text("unknown", key, id) := $"cannot be told: it waits for {result.awaited(egress.of[key][id].waits)}"

# unsupported, and gone without a word
_fragile := concat(" ", [
	"leads to the internet by the Elastic IP of Lambda's own interface %s:",
	"not supported by AWS, and lost as soon as Lambda makes the interface anew",
])

_through(nat_ids, _) := result.list(nat_ids) if nat_ids != set()

_through(nat_ids, hops) := hops[count(hops) - 1].id if nat_ids == set()

_addresses(key, id) := {
	"free": object.get(_free, id, null),
	"interface": kind,
	"waits_for": _address_waits(id, kind, lambda_interfaces.pairs[key].waits),
	"text": $"{_room(id)}; {told}",
} if {
	kind := _interface(id, lambda_interfaces.pairs[key])
	told := _told[kind]
}

_address_waits(id, "unknown", waits) := waits | facts.waits_for_addresses({id})

_address_waits(id, kind, _) := facts.waits_for_addresses({id}) if kind != "unknown"

_room(id) := sprintf("%d free in %s", [facts.subnets[id].free_ipv4_addresses, facts.subnets[id].ipv4_cidr])

_room(id) := "no IPv4 addresses, as the subnet is for IPv6 alone" if facts.subnets[id].is_ipv6_only

_room(id) := "nobody could tell how many are free" if {
	facts.subnets[id].is_ipv6_only == false
	not _is_told[id]
}

_interface(id, pairs) := "present" if id in pairs.present

_interface(id, pairs) := "missing" if id in pairs.missing

_interface(id, pairs) := "unknown" if id in pairs.unseen

_told := {
	"present": "Lambda's interface is there",
	"missing": "Lambda's interface is still to be made, which takes one",
	"unknown": "whether Lambda's interface is there was not read",
}

_is_told := {one.id: true |
	some one in input.subnets
	one.free_ipv4_addresses >= 0
	one.ipv4_cidr
}

_free := {one.id: one.free_ipv4_addresses | some one in input.subnets}

_zone_ids := {one.id: one.zone_id | some one in input.subnets}

_zone_names := {one.id: one.zone_name | some one in input.subnets}

_tables := {one.id: egress.route_table(one.id, one.vpc_id) | some one in input.subnets}
