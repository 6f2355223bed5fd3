# What lies behind NAT gateways, firewalls that are one, and NAT instances.
package vpcguard.lib.egress

import data.vpcguard.lib.facts
import data.vpcguard.lib.security_groups

# Network Firewall as NAT: traffic to its endpoint leaves by its NAT gateway
_over_nat_firewall(trust, route) := _over_nat_gateway(trust, object.union(route, nat)) if {
	[[id, "attached"]] = [one | some one in _nat_firewalls[route.target_id]]
	nat := {"target_kind": "nat_gateway", "target_id": id, "hops": _hops(route, "attached")}
} else := _unknown({_undecidable(route.target_id, "its NAT gateway")}, _hops(route, "unknown"))

_over_nat_gateway(trust, route) := _through(_hops(route, state), {route.target_id}, told) if {
	state := _nat_gateway_state(route.target_id, route.vpc_id)
	path := _behind_nat_gateway(trust, route)
	causes := [object.union(one, {"id": id}) | some one in path.causes; id := _to_repair(one, route)]
	told := _with_faults([], object.union(path, {"causes": causes}))
}

# a gateway in a subnet that leaves by the table of the function's own stands in the wrong place
_to_repair(one, route) := route.target_id if {
	[one.cause, one.id] == ["nat_without_internet_gateway", route.table_id]
} else := one.id

# a route to a gateway that a complete answer lacks leads nowhere
_nat_gateway_state(id, vpc_id) := state if {
	state := facts.nat_gateways[id].state
} else := "missing" if {
	facts.waits_within("nat_gateways", id, vpc_id) == set()
} else := "unknown"

# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html
_behind_nat_gateway(trust, route) := _unknown(waits | unseen, []) if {
	not facts.nat_gateways[route.target_id]
	waits := facts.waits_within("nat_gateways", route.target_id, route.vpc_id)
	waits != set()

	# a participant of a shared VPC never sees the owner's gateway
	unseen := {wait |
		"opaque" in {one.status | some one in waits}
		wait := {"status": "opaque", "name": route.target_id, "reason": "NAT gateway"}
	}
} else := _none("nat_unavailable", route.target_id, []) if {
	not _nat_gateway_state(route.target_id, route.vpc_id) in {"available", "failed", "pending", "unknown"}
} else := _with_faults([{"cause": "nat_unavailable", "id": route.target_id}], _beyond_nat_gateway(trust, route)) if {
	facts.nat_gateways[route.target_id].state in {"failed", "pending"}
} else := path if {
	path := _beyond_nat_gateway(trust, route)
	path.state == "none"
} else := _unknown({_undecidable(route.target_id, "no state")}, []) if {
	facts.nat_gateways[route.target_id].state == "unknown"
} else := _unknown(path.waits | {_undecidable(route.target_id, "its zones")}, path.hops) if {
	# by hand and not registered in this zone: AWS's analyser and its guide do not agree
	facts.nat_gateways[route.target_id].is_regional
	not facts.nat_gateways[route.target_id].is_automatic
	not _is_in_zone(route.target_id, route.subnet_id)
	path := _beyond_nat_gateway(trust, route)
} else := _beyond_nat_gateway(trust, route)

_is_in_zone(nat_id, subnet_id) if facts.subnets[subnet_id].zone_id in facts.nat_gateways[nat_id].zone_ids

# a private gateway drops what reaches an internet gateway, and nothing else
_beyond_nat_gateway(trust, route) := _with_faults(private, path) if {
	path := _nat_exit(trust, route)
	private := [{"cause": "nat_private", "id": route.target_id} |
		facts.nat_gateways[route.target_id].connectivity_type == "private"
		_leads_nowhere_else(path)
	]
}

_leads_nowhere_else(path) if {
	some hop in path.hops
	hop.kind == "internet_gateway"
}

_leads_nowhere_else(path) if {
	path.state == "none"
	every hop in path.hops { hop.kind == "route_table" }
}

_nat_exit(trust, route) := _exit(trust, default_routes("ipv4", subnet_id, route.vpc_id)) if {
	facts.nat_gateways[route.target_id].is_regional == false
	subnet_id := facts.nat_gateways[route.target_id].subnet_id
} else := _unknown({_undecidable(route.target_id, "no subnet")}, []) if {
	facts.nat_gateways[route.target_id].is_regional == false
} else := _exit(trust, _default_routes_of_table(table_id, route.subnet_id, route.vpc_id)) if {
	table_id := facts.route_tables[facts.nat_gateways[route.target_id].route_table_id].id
} else := _unknown(waits, []) if {
	waits := facts.waits_within("route_tables", facts.nat_gateways[route.target_id].route_table_id, route.vpc_id)
	waits != set()
} else := _over_gateway(_vpc_exit(gateway_id, route), "nat") if {
	# a regional gateway without a table of its own leaves by the internet gateway of its VPC
	gateway_id := min({one | some one, vpc_ids in _attached_to.internet_gateway; route.vpc_id in vpc_ids})
} else := _at_gateway(_vpc_exit("", route), "unknown", [], "nat") if {
	not facts.is_known("internet_gateways", route.vpc_id)
} else := _none("nat_without_internet_gateway", route.target_id, [])

_vpc_exit(id, route) := object.union(
	{"target_kind": "internet_gateway", "target_id": id, "hops": []},
	object.filter(route, ["subnet_id", "vpc_id"]),
)

# An interface is a NAT if its instance is running, it does not check source and destination, it lets the subnet in, and
# a subnet of the instance leads out, to an internet gateway only with a public address; that it translates is likely.
# One failed condition proves that nothing gets out, whatever was not read.
# https://docs.aws.amazon.com/vpc/latest/userguide/work-with-nat-instances.html
_over_nat_instance(trust, start, route) := _through(array.concat(route.hops, hops), exit.nat_ids, let_in) if {
	id := object.get(facts.interfaces, [route.target_id, "instance_id"], route.instance_id)
	exit := _instance_exit(trust, route, id)
	admission := _admission(start, route.target_id, route.vpc_id)
	checks := [
		_interface(route.target_id, route.vpc_id),
		_instance(id, route.target_id, route.vpc_id),
		admission,
		_address(route.target_id, id, exit),
	]
	hops := [check.hop | some check in checks; check.hop.id]
	let_in := object.union(_by_checks(checks, exit), {"let_in": object.get(admission, "let_in", set())})
}

_by_checks(checks, exit) := _with_faults(faults, own) if {
	failed := _once([check.failed | some check in checks; check.failed != ""])
	true in {failed != [], exit.state == "none"}
	faults := [{"cause": "nat_instance_unusable", "id": id} | some id in failed]
	own := object.union(exit, {"causes": [_own(one) | some one in exit.causes]})
} else := _unknown(waits | exit.waits, exit.hops) if {
	waits := union({check.waits | some check in checks})
	waits != set()
} else := exit

# what stops it behind the instance makes the instance useless; only a block keeps its own name
_own(one) := one if {
	one.cause == "block_public_access"
} else := {"cause": "nat_instance_unusable", "id": one.id}

_interface(id, vpc_id) := _check("network_interface", id, "unknown", "", waits) if {
	not facts.interfaces[id]
	unread := facts.waits_within("network_interfaces", id, vpc_id)
	waits := unread | {_undecidable(id, "its network interface") | facts.instances[id]}
	waits != set()
} else := _check("network_interface", id, "missing", id, set()) if {
	not facts.interfaces[id]
} else := _check("network_interface", id, "source_dest_check", id, set()) if {
	facts.interfaces[id].source_dest_check
} else := _check("network_interface", id, state, "", no_check | no_subnet) if {
	no_check := {_undecidable(id, "no SourceDestCheck") | not facts.interfaces[id].source_dest_check == false}
	no_subnet := {_undecidable(id, "no subnet") | not facts.interfaces[id].subnet_id}
	state := {true: "likely", false: "unknown"}[count(no_check | no_subnet) == 0]
}

_instance(id, interface_id, vpc_id) := _check("instance", interface_id, "unknown", "", {wait}) if {
	# an interface attached to something that is no instance may be anything
	id == ""
	wait := {"status": "opaque", "name": interface_id, "reason": "attached to no instance that is known"}
} else := _check("instance", id, state, failed, set()) if {
	state := facts.instances[id].state
	failed := concat("", {id | lower(state) != "running"})
} else := _check("instance", id, "unknown", "", waits) if {
	seen := {input.account.id, object.get(facts.vpcs, [vpc_id, "owner_id"], "")}
	owner := object.get(facts.interfaces, [interface_id, "owner_id"], input.account.id)
	foreign := {_undecidable(id, "an instance of another account") | not owner in seen}
	waits := facts.waits_within("instances", id, vpc_id) | foreign
	waits != set()
} else := _check("instance", id, "missing", failed, set()) if {
	is_interface_gone := _interface(interface_id, vpc_id).hop.state == "missing" # then it is told of the interface
	failed := {true: "", false: id}[is_interface_gone]
}

# whom the groups of a NAT instance let in on TCP 443: the whole subnet, or members of some groups ("let_in")
_admission(start, id, vpc_id) := _silent("", set()) if {
	not facts.interfaces[id]
} else := _silent("", {_undecidable(id, "no groups")}) if {
	facts.interfaces[id].security_group_ids == []
} else := _silent("", set()) if {
	security_groups.covers(_let_in(id).cidrs, facts.subnets[start].ipv4_cidr)
} else := _silent("", waits) if {
	unseen := {wait |
		some group_id in facts.interfaces[id].security_group_ids
		not facts.security_groups[group_id]
		some wait in facts.waits_within("security_groups", group_id, vpc_id)
	}
	waits := unseen | _let_in(id).waits
	waits != set()
} else := _silent("", {_undecidable(id, $"lets in a part of {start}")}) if {
	security_groups.touches(_let_in(id).cidrs, facts.subnets[start].ipv4_cidr)
} else := object.union(_silent("", set()), {"let_in": {{"id": id, "groups": _let_in(id).groups}}}) if {
	_let_in(id).groups != set()
} else := _check("security_groups", id, "lets_nobody_in", id, set())

_let_in(id) := security_groups.inwards(
	{group_id | some group_id in facts.interfaces[id].security_group_ids},
	facts.interfaces[id].vpc_id,
)

# a public address on one of the instance's interfaces, where its way ends at an internet gateway
_address(id, instance_id, exit) := _silent("", set()) if {
	not "internet_gateway" in {hop.kind | some hop in exit.hops; exit.nat_ids == set()}
} else := _silent("", set()) if {
	_has_address(id, instance_id)
} else := _check("public_address", id, "missing", id, set()) if {
	[facts.instances[instance_id].state, facts.instances[instance_id].public_ips] == ["running", []] # else: when it starts
} else := _silent("", {_undecidable(instance_id, "public addresses")}) if {
	facts.instances[instance_id]
} else := _silent("", set())

_has_address(id, _) if facts.interfaces[id].public_ip

_has_address(_, instance_id) if facts.instances[instance_id].public_ips != []

_silent(failed, waits) := {"hop": {}, "failed": failed, "waits": waits}

_check(kind, id, state, failed, waits) := {"hop": hop, "failed": failed, "waits": waits} if {
	hop := {"id": id, "kind": kind, "state": state}
}

# An appliance passes on by any interface of its own, and may have another while nobody saw it. Where the subnet of the
# interface is not known, the state of the interface says enough.
_instance_exit(trust, route, instance_id) := exit if {
	exit := _best_exit(trust, route, instance_id)
	exit.state != "none"
} else := _unknown(waits, []) if {
	not facts.instances[instance_id]
	waits := facts.waits_within("instances", instance_id, route.vpc_id)
	waits != set()
} else := exit if {
	exit := _best_exit(trust, route, instance_id)
} else := _unknown(set(), [])

_best_exit(trust, route, instance_id) := exit if {
	own := facts.interfaces[route.target_id].subnet_id
	others := [id | some id in facts.instances[instance_id].subnet_ids; id != own]
	exits := [_worst({[_instance_exit_by(trust, route.target_id, way), way] | some way in ways}) |
		some id in array.concat([own], others)
		ways := default_routes("ipv4", id, route.vpc_id)
	]
	exit := [one | some state in ["works", "unknown", "none"]; some one in exits; one.state == state][0]
}

_instance_exit_by(trust, id, route) := _over_nat_gateway(trust, route) if {
	[route.kind, route.target_kind, route.state] == ["route", "nat_gateway", "active"]
} else := _none("nat_without_internet_gateway", id, _hops(route, "leads_back")) if {
	route.target_id == id
} else := _exit_by(trust, route, "address")

# the way out of a subnet that holds a NAT: an internet gateway attached to its VPC, firewalls in between allowed
_exit(trust, routes) := _worst({[_exit_by(trust, route, "nat"), route] | some route in routes})

# by: what is translated by, which Block Public Access tells apart
_exit_by(trust, route, by) := _works(hops) if {
	hops := _to_trusted_firewall(trust, route)
} else := _unknown(route.waits, route.hops) if {
	route.kind == "unknown"
} else := _over_gateway(route, by) if {
	[route.target_kind, route.state] == ["internet_gateway", "active"]
} else := _at_gateway(route, "detached", _hops(route, _attachment(route)), by) if {
	# AWS shows a route to a gateway that is no longer attached as a black hole
	route.target_kind == "internet_gateway"
	_attachment(route) != "attached"
} else := _beyond(trust, route) if {
	route.state == "active"
	not route.target_kind in {"internet_gateway", "nat_gateway", "vpc_peering_connection"}
} else := _none("nat_without_internet_gateway", route.table_id, hops) if {
	hops := array.concat(route.hops, [hop |
		hop := {"id": route.target_id, "kind": route.target_kind, "state": route.state}
	])
}
