# METADATA
# title: Facts
# description: The facts by id, where each function stands in them, and what a fact that is not known waits for.
package vpcguard.lib.facts

# what the input lists, by id; functions by name
functions := {one.name: one | some one in input.functions}
vpcs := {one.id: one | some one in input.vpcs}
subnets := {one.id: one | some one in input.subnets}
route_tables := {one.id: one | some one in input.route_tables}
nat_gateways := {one.id: one | some one in input.nat_gateways}
vpc_endpoints := {one.id: one | some one in input.vpc_endpoints}
security_groups := {one.id: one | some one in input.security_groups}
interfaces := {one.id: one | some one in input.network_interfaces}
instances := {one.id: one | some one in input.instances}
prefix_lists := {one.id: one | some one in input.prefix_lists}

# METADATA
# description: Functions by name that are neither being deleted nor on Managed Instances, whose network is not theirs.
judged := {one.name: one | some one in input.functions; one.managed_instances == false; not one.name in deleting}

# METADATA
# description: Those of judged that are attached to a VPC.
attached := {one.name: one | some one in judged; one.subnet_ids != []}

# METADATA
# description: Functions by name whose State was read.
with_state := {one.name: one | some one in input.functions; one.state}

# METADATA
# description: Names of the functions that are being deleted; nothing applies to them.
deleting := {name | some name, one in with_state; lower(one.state) == "deleting"}

# METADATA
# description: What the zones of these subnets (all seen) wait for; empty unless one came without its zone.
waits_for_zones(ids) := {_unsaid("zone", id) | some id in (ids & _zoneless)}

_zoneless := {one.id | some one in input.subnets; not one.zone_id}

# METADATA
# description: What the free addresses of these subnets (all seen) wait for; an IPv6-only subnet has none to count.
waits_for_addresses(ids) := {_unsaid("address count", id) | some id in (ids & _uncounted)}

_uncounted := {one.id | some one in input.subnets; one.is_ipv6_only == false; not one.free_ipv4_addresses}

_unsaid(what, id) := {"status": "opaque", "name": "ec2:DescribeSubnets", "reason": $"no {what} of {id}"}

# METADATA
# description: True if what the document lacks of this kind about this subject does not exist.
is_known(kind, subject) if waits(kind, subject) == set()

# METADATA
# description: |
#   What a fact of this kind about this subject waits for: a set of {"status", "name", "reason"}, empty when known.
#   Status is "refused" (a read for which a permission was missing), "unknown" (a read that failed otherwise or never
#   happened), "not_requested" (left out on purpose), "contradictory" (answers contradict each other) or "opaque" (no
#   read of ours can tell, e.g. the owner's of a shared VPC). Who knows better what settles a wait than these say adds
#   "settled_by", one of the sentences of policies/vpcguard/config/settling.
waits(kind, subject) := found if {
	found := _covered[kind][subject]
} else := _waits_of_kind(kind)

# METADATA
# description: As waits, by the subject if it has an entry of its own, else by the group it belongs to.
waits_within(kind, subject, group) := found if {
	found := _covered[kind][subject]
} else := waits(kind, group)

# METADATA
# description: "As waits, for those of many subjects (a set) that are not known: {subject: waits}."
doubtful(kind, subjects) := object.union(
	{subject: found | some subject, found in own; found != set()},
	{subject: others | others != set(); some subject in (subjects - object.keys(own))},
) if {
	own := object.filter(object.get(_covered, kind, {}), subjects)
	others := _waits_of_kind(kind)
}

# METADATA
# description: |
#   The name of an endpoint, given that of its service: without everything up to and including the region and a dot, so
#   that partitions need no list, and without its cell. A name without this region is kept whole and is no regional
#   service's.
endpoint_name(service_name) := object.get(data.vpcguard.config.services.aliases, name, name) if {
	region := $".{input.account.region}."
	name := _without_cell(substring(service_name, _end(service_name, region), -1))
}

# METADATA
# description: "Pairs of a key and a value as {key: values}: where answers contradict each other, a key has several."
grouped(pairs) := {key: object.keys(values) |
	some key, values in object.union_n([{key: {value: true}} | some [key, value] in pairs])
}

# METADATA
# description: "What waits for another look: something that is or has several at once, and can have only one."
contradiction(id, is, ids) := {"status": "contradictory", "name": id, "reason": $"{is} {concat(" and ", ids)} at once"}

# where the first occurrence of a part ends in a text, its beginning if there is none
_end(text, part) := start + count(part) if {
	start := indexof(text, part)
	start >= 0
} else := 0

_without_cell(name) := cell if {
	some cell in data.vpcguard.config.services.cells
	startswith(name, $"{cell}-")
} else := name

# by kind and subject, what an entry of the coverage waits for; without a subject ("") it is for all others of its kind
_covered := object.union_n([{entry.kind: {subject: _waits(i)}} |
	some i, entry in input.coverage
	subject := object.get(entry, "subject", "")
])

# what an entry, by its index, waits for
_waits(i) := set() if {
	input.coverage[i].status == "known"
} else := {{"status": _status(i), "name": name, "reason": reason} |
	some name in _names(i)
	reason := object.get(input.coverage[i], "reason", "")
}

# without any entry the fact was never read
_waits_of_kind(kind) := waits if {
	waits := _covered[kind][""]
} else := {{"status": "unknown", "name": name, "reason": "not read"} |
	some name in data.vpcguard.config.operations[kind]
}

_status(i) := "opaque" if {
	input.coverage[i].status == "unknown"
	input.coverage[i].is_failed_read == false
} else := "refused" if {
	input.coverage[i].is_refused
} else := input.coverage[i].status

# an unknown fact always waits for something, or it would pass for a known one
_names(i) := input.coverage[i].waits_for if {
	input.coverage[i].waits_for != []
} else := data.vpcguard.config.operations[input.coverage[i].kind]
