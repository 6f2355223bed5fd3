# METADATA
# title: Facts
# description: |
#   The facts by id, made once, where each function stands in them, and how complete a kind of fact is: what an unknown
#   one waits for.
package vpcguard.lib.facts

# METADATA
# description: Functions by name.
functions := {one.name: one | some one in input.functions}

# METADATA
# description: VPCs by id.
vpcs := {one.id: one | some one in input.vpcs}

# METADATA
# description: Subnets by id.
subnets := {one.id: one | some one in input.subnets}

# METADATA
# description: Route tables by id.
route_tables := {one.id: one | some one in input.route_tables}

# METADATA
# description: NAT gateways by id.
nat_gateways := {one.id: one | some one in input.nat_gateways}

# METADATA
# description: VPC endpoints of every type by id.
vpc_endpoints := {one.id: one | some one in input.vpc_endpoints}

# METADATA
# description: Security groups by id.
security_groups := {one.id: one | some one in input.security_groups}

# METADATA
# description: Network interfaces by id.
interfaces := {one.id: one | some one in input.network_interfaces}

# METADATA
# description: Instances by id.
instances := {one.id: one | some one in input.instances}

# METADATA
# description: Prefix lists by id.
prefix_lists := {one.id: one | some one in input.prefix_lists}

# METADATA
# description: |
#   Functions by name, attached or not, that are neither being deleted nor on Managed Instances, whose network
#   belongs to the capacity provider.
judged := {one.name: one |
	some one in input.functions
	one.managed_instances == false
	not one.name in deleting
}

# METADATA
# description: Functions by name whose State was read.
with_state := {one.name: one | some one in input.functions; one.state}

# METADATA
# description: Functions by name whose LastUpdateStatus was read.
with_update_status := {one.name: one | some one in input.functions; one.last_update_status}

# METADATA
# description: Ids of the subnets with both an IPv4 and an IPv6 network.
dual_stack := {one.id |
	some one in input.subnets
	one.is_ipv6_only == false
	one.ipv4_cidr
	one.ipv6_cidrs != []
}

# METADATA
# description: |
#   Functions by name whose network is judged: attached to a VPC, not being deleted, and not on Managed Instances,
#   whose network belongs to the capacity provider.
attached := {one.name: one | some one in judged; one.subnet_ids != []}

# METADATA
# description: What the zones of these subnets (all seen) wait for; empty unless one came without its zone.
# scope: document
waits_for_zones(ids) := {_zoneless[id] | some id in (ids & object.keys(_zoneless))}

# METADATA
# description: Names of the functions that are being deleted; nothing applies to them.
deleting := {name | some name, one in with_state; lower(one.state) == "deleting"}

# METADATA
# description: What the free addresses of these subnets (all seen) wait for; an IPv6-only subnet has none to count.
# scope: document
waits_for_addresses(ids) := {uncounted[id] | some id in (ids & object.keys(uncounted))}

# METADATA
# description: By id of each subnet that came without the count of its free addresses, what that waits for.
uncounted := {one.id: wait |
	some one in input.subnets
	one.is_ipv6_only == false
	not one.free_ipv4_addresses
	wait := {"status": "unknown", "name": "ec2:DescribeSubnets", "reason": $"no address count of {one.id}"}
}

_zoneless := {one.id: wait |
	some one in input.subnets
	not one.zone_id
	wait := {"status": "unknown", "name": "ec2:DescribeSubnets", "reason": $"no zone of {one.id}"}
}

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
