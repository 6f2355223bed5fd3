# METADATA
# title: Egress
# description: |
#   The path from a subnet to the internet, followed hop by hop. Routing only: groups and ACLs have rules of their own.
#   A path is {"state": works | none | unknown, "cause" (of none, else ""), "hops", "waits" (of unknown), "root" (of
#   none, the id whose repair would end it), "nat_ids" (NAT gateways on it), "is_isolated" (the subnet has no default
#   route of its own), "is_ipv6_only" (it works, and only over IPv6)}.
#   https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
package vpcguard.lib.egress

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.facts

# METADATA
# description: |
#   By cohort key and subnet id, the path that counts for the cohort's functions, IPv6 included. Missing subnets are
#   left out; a hidden one is unknown. Cohorts without a subnet left are left out.
of := {key: object.union_n([over_ipv4, over_ipv6, hidden]) |
	some key, cohort in cohorts.with_subnets
	trust := config.trust_of[cohort.signature]
	over_ipv4 := object.filter(ipv4[trust], cohort.subnets)
	over_ipv6 := {id: _either(path, ipv6[trust][id], cohort.hidden_subnet_waits) |
		cohort.is_dual_stack_allowed
		cohort.subnets - _dual_stack == set()
		some id, path in over_ipv4
	}
	hidden := {id: _unknown(waits, []) | some id, waits in cohort.hidden_subnets}
}

# METADATA
# description: |
#   By cohort key, subnet ids by state: {"works", "none", "unknown"}, and "waits", all that the unknown ones wait for.
by_state := {key: sorted |
	some key, paths in of
	sorted := {
		"works": {id | some id, path in paths; path.state == "works"},
		"none": {id | some id, path in paths; path.state == "none"},
		"unknown": {id | some id, path in paths; path.state == "unknown"},
		"waits": union({path.waits | some path in paths}),
	}
}

# METADATA
# description: The list for evidence.subnets of a cohort.
evidence(key) := [shown(id, path) | some id, path in of[key]]

# METADATA
# description: |
#   How evidence shows a path: {"subnet_id", "zone_id", "state", "cause", "hops"}, null where there is none.
shown(subnet_id, path) := {
	"subnet_id": subnet_id,
	"zone_id": object.get(facts.subnets, [subnet_id, "zone_id"], null),
	"state": path.state,
	"cause": [cause | some cause in [path.cause, null]; cause != ""][0],
	"hops": path.hops,
}

# METADATA
# description: |
#   What to repair for several subnets of a cohort that have no way out, as a set: one id if they share it, empty where
#   one of them has no single thing to repair.
root_causes(key, subnet_ids) := set() if {
	some id in subnet_ids
	of[key][id].root == ""
} else := {of[key][id].root | some id in subnet_ids}

# METADATA
# description: |
#   By key of config.trusts and subnet id, the path over IPv4, for every subnet that an attached function names and
#   that was seen.
ipv4 := {trust: _paths("ipv4", trust, ids) |
	ids := union({cohort.subnets | some cohort in cohorts.by_key})
	some trust, _ in config.trusts
}

# METADATA
# description: As ipv4, over IPv6, for the subnets of functions that may use it.
ipv6 := {trust: _paths("ipv6", trust, ids) |
	ids := union({cohort.subnets | some cohort in cohorts.by_key; cohort.is_dual_stack_allowed})
	some trust, _ in config.trusts
}

# IPv6 counts where nothing else is said about IPv4
_either(over_ipv4, over_ipv6, hidden_subnet_waits) := over_ipv4 if {
	true in {over_ipv4.state == "works", over_ipv6.state == "none"}
} else := object.union(over_ipv6, {"is_ipv6_only": true}) if {
	# a hidden subnet may be dual-stack or not
	[over_ipv6.state, hidden_subnet_waits] == ["works", set()]
} else := _unknown(union({over_ipv4.waits, over_ipv6.waits, hidden_subnet_waits}), over_ipv4.hops)

_dual_stack := {one.id | some one in input.subnets; one.ipv6_cidrs != []; one.is_ipv6_only == false}

# were a subnet ever left without a path, it would be in doubt and not pass
_paths(family, trust, ids) := object.union(unjudged, paths) if {
	unjudged := {id: _unknown({_undecidable(id, "not judged")}, []) | some id in ids}
	paths := {id: _trusting(trust, _worst({[_path(family, trust, id, route), route] | some route in routes})) |
		some id in ids
		routes := default_routes(family, id, facts.subnets[id].vpc_id)
	}
}

# a trusted unit: every path that is opaque, and not one that we failed to read
_trusting(trust, path) := _works(path.hops) if {
	path.state == "unknown"
	config.trusts[trust].everything
	every wait in path.waits { wait.status == "opaque" }
} else := path

# the path by one default route of the function's subnet, where the traffic started
_path(family, trust, start, route) := _unknown(route.waits, route.hops) if {
	route.kind == "unknown"
} else := object.union(path, {"is_isolated": [family, count(route.hops)] == ["ipv4", 1]}) if {
	route.kind == "missing"
	path := _none("no_default_route", route.table_id, route.hops)
} else := _none("blackhole", route.table_id, _hops(route, state)) if {
	route.state == "blackhole"

	# a target that is a black hole is gone, unless it can be seen in another state
	state := object.get(facts.nat_gateways, [route.target_id, "state"], "blackhole")
} else := _none("public_subnet", route.table_id, _hops(route, _attachment(route))) if {
	route.target_kind == "internet_gateway"
} else := _over_nat_gateway(trust, start, route) if {
	[family, route.target_kind] == ["ipv4", "nat_gateway"]
} else := _over_nat_instance(trust, route) if {
	[family, route.target_kind] == ["ipv4", "network_interface"]
} else := _over_gateway(route) if {
	[family, route.target_kind] == ["ipv6", "egress_only_internet_gateway"]
} else := _none("peering", route.target_id, _hops(route, "active")) if {
	# peering carries nothing on to the peer's gateways, unless people who know the peer say that it does
	route.target_kind == "vpc_peering_connection"
	not _is_trusted(trust, route)
} else := _beyond(trust, route)

_is_trusted(trust, route) if route.target_id in config.trusts[trust][route.target_kind]

# a target that nobody can look into works if the configuration trusts it
_beyond(trust, route) := _works(_hops(route, "trusted")) if {
	_is_trusted(trust, route)
} else := _unknown(waits, _hops(route, "unknown")) if {
	# an endpoint that nobody could read may be a firewall that can be followed
	route.target_kind == "vpc_endpoint"
	not facts.vpc_endpoints[route.target_id]
	waits := facts.waits("vpc_endpoints", route.vpc_id)
	waits != set()
} else := _unknown({wait}, _hops(route, "opaque")) if {
	wait := {"status": "opaque", "name": route.target_id, "reason": replace(route.target_kind, "_", " ")}
}

_over_nat_gateway(trust, start, route) := _after(_hops(route, state), {route.target_id}, path) if {
	state := _nat_gateway_state(route.target_id, route.vpc_id)
	path := _behind_nat_gateway(trust, start, route.target_id, route.vpc_id)
}

# a route to a gateway that a complete answer lacks leads nowhere
_nat_gateway_state(id, vpc_id) := state if {
	state := facts.nat_gateways[id].state
} else := "missing" if {
	facts.waits_within("nat_gateways", id, vpc_id) == set()
} else := "unknown"

# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html
_behind_nat_gateway(trust, start, id, vpc_id) := _unknown({_undecidable(id, "no state")}, []) if {
	lower(facts.nat_gateways[id].state) == "unknown"
} else := _unknown(waits | unseen, []) if {
	_nat_gateway_state(id, vpc_id) == "unknown"
	waits := facts.waits_within("nat_gateways", id, vpc_id)

	# a participant of a shared VPC never sees the owner's gateway
	unseen := {{"status": "opaque", "name": id, "reason": "NAT gateway"} | some wait in waits; wait.status == "opaque"}
} else := _none("nat_unavailable", id, []) if {
	lower(_nat_gateway_state(id, vpc_id)) != "available"
} else := _none("nat_private", id, []) if {
	lower(facts.nat_gateways[id].connectivity_type) == "private"
} else := _exit(trust, default_routes("ipv4", subnet_id, vpc_id)) if {
	facts.nat_gateways[id].is_regional == false
	subnet_id := facts.nat_gateways[id].subnet_id
} else := _unknown({_undecidable(id, "no subnet")}, []) if {
	facts.nat_gateways[id].is_regional == false
} else := _exit(trust, _default_routes_of_table(table_id, start, vpc_id)) if {
	table_id := facts.route_tables[facts.nat_gateways[id].route_table_id].id
} else := _unknown(waits, []) if {
	waits := facts.waits_within("route_tables", facts.nat_gateways[id].route_table_id, vpc_id)
	waits != set()
} else := _over_gateway(_vpc_exit(gateway_id, start, vpc_id)) if {
	# a regional gateway without a table of its own leaves by the internet gateway of its VPC
	gateway_id := min({one | some one, vpc_ids in _attached_to.internet_gateway; vpc_id in vpc_ids})
} else := _by_attachment(_vpc_exit("", start, vpc_id), "unknown", []) if {
	not facts.is_known("internet_gateways", vpc_id)
} else := _none("nat_without_internet_gateway", id, [])

_vpc_exit(id, subnet_id, vpc_id) := object.union(
	{"target_kind": "internet_gateway", "target_id": id, "hops": []},
	{"subnet_id": subnet_id, "vpc_id": vpc_id},
)

# An interface is a NAT if its instance is running, it does not check source and destination, and its own subnet leads
# out; that it translates is likely, never seen. One failed condition proves that nothing gets out, whatever was not
# read. https://docs.aws.amazon.com/vpc/latest/userguide/work-with-nat-instances.html
_over_nat_instance(trust, route) := _after(array.concat(route.hops, hops), set(), _by_checks(checks, exit)) if {
	id := object.get(facts.interfaces, [route.target_id, "instance_id"], route.instance_id)
	checks := [_interface(route.target_id, route.vpc_id), _instance(id, route.target_id, route.vpc_id)]
	hops := [check.hop | some check in checks]
	exit := _interface_exit(trust, route.target_id, route.vpc_id)
}

_by_checks(checks, exit) := _none("nat_instance_unusable", failed[0], exit.hops) if {
	failed := [check.hop.id | some check in checks; check.is_failed]
	failed != []
} else := object.union(exit, {"cause": "nat_instance_unusable"}) if {
	exit.state == "none"
	exit.cause != "block_public_access"
} else := _unknown(waits | exit.waits, exit.hops) if {
	exit.state != "none"
	waits := union({check.waits | some check in checks})
	waits != set()
} else := exit

_interface(id, vpc_id) := _check("network_interface", id, "unknown", false, waits) if {
	not facts.interfaces[id]
	waits := facts.waits_within("network_interfaces", id, vpc_id)
	waits != set()
} else := _check("network_interface", id, "missing", true, set()) if {
	not facts.interfaces[id]
} else := _check("network_interface", id, "source_dest_check", true, set()) if {
	facts.interfaces[id].source_dest_check
} else := _check("network_interface", id, "likely", false, set()) if {
	facts.interfaces[id].source_dest_check == false
	facts.interfaces[id].subnet_id
} else := _check("network_interface", id, "unknown", false, no_check | no_subnet) if {
	no_check := {_undecidable(id, "no SourceDestCheck") | not facts.interfaces[id].source_dest_check == false}
	no_subnet := {_undecidable(id, "no subnet") | not facts.interfaces[id].subnet_id}
}

# where the subnet of the interface is not known, the state of the interface says enough
_interface_exit(trust, id, vpc_id) := _exit(trust, default_routes("ipv4", subnet_id, vpc_id)) if {
	subnet_id := facts.interfaces[id].subnet_id
} else := _unknown(set(), [])

_instance(id, interface_id, vpc_id) := _check("instance", interface_id, "unknown", false, {wait}) if {
	# an interface attached to something that is no instance may be anything
	id == ""
	wait := {"status": "opaque", "name": interface_id, "reason": "attached to no instance that is known"}
} else := _check("instance", id, state, lower(state) != "running", set()) if {
	state := facts.instances[id].state
} else := _check("instance", id, "unknown", false, waits) if {
	waits := facts.waits_within("instances", id, vpc_id)
	waits != set()
} else := _check("instance", id, "missing", true, set())

_check(kind, id, state, is_failed, waits) := {"hop": hop, "is_failed": is_failed, "waits": waits} if {
	hop := {"id": id, "kind": kind, "state": state}
}

# the way out of a subnet that holds a NAT: an internet gateway attached to its VPC, firewalls in between allowed
_exit(trust, routes) := _worst({[_exit_by(trust, route), route] | some route in routes})

_exit_by(trust, route) := _unknown(route.waits, route.hops) if {
	route.kind == "unknown"
} else := _over_gateway(route) if {
	[route.target_kind, route.state] == ["internet_gateway", "active"]
} else := _none("internet_gateway_detached", route.target_id, _hops(route, _attachment(route))) if {
	# AWS shows a route to a gateway that is no longer attached as a black hole
	route.target_kind == "internet_gateway"
	_attachment(route) != "attached"
} else := _none("nat_without_internet_gateway", route.table_id, _hops(route, "attached")) if {
	route.target_kind == "internet_gateway"
} else := _beyond(trust, route) if {
	route.state == "active"
} else := _none("nat_without_internet_gateway", route.table_id, route.hops)

# the end of a path at an internet gateway, egress-only or not
_over_gateway(route) := _by_attachment(route, _attachment(route), _hops(route, _attachment(route)))

# at.subnet_id: the subnet whose table leads to the gateway, and whose Block Public Access counts
_by_attachment(at, attachment, hops) := _none("internet_gateway_detached", at.target_id, hops) if {
	attachment == "detached"
} else := _none("block_public_access", at.subnet_id, _by_block(at, hops, "blocked")) if {
	# attached or not, nothing passes a block
	_block(at.subnet_id, at.vpc_id).answer == "blocked"
} else := _unknown(facts.waits_within($"{at.target_kind}s", at.target_id, at.vpc_id), hops) if {
	attachment == "unknown"
} else := _unknown(block.waits, _by_block(at, hops, "unknown")) if {
	block := _block(at.subnet_id, at.vpc_id)
	block.answer == "unknown"
} else := _works(hops)

_by_block(at, hops, state) := array.concat(hops, [{"id": at.subnet_id, "kind": "block_public_access", "state": state}])

# whether the gateway of a route is attached to its VPC: attached, detached or unknown
_attachment(route) := "attached" if {
	route.vpc_id in _attached_to[route.target_kind][route.target_id]
} else := "unknown" if {
	not _attached_to[route.target_kind][route.target_id]
	facts.waits_within($"{route.target_kind}s", route.target_id, route.vpc_id) != set()
} else := "detached"

_attached_to := {
	"internet_gateway": {one.id: _vpc_ids(one.attachments) | some one in input.internet_gateways},
	"egress_only_internet_gateway": {one.id: _vpc_ids(one.attachments) |
		some one in input.egress_only_internet_gateways
	},
}

_vpc_ids(attachments) := {one.vpc_id | some one in attachments; lower(one.state) in {"available", "attached"}}

# Whether VPC Block Public Access stops traffic through a gateway in this subnet's route table: {"answer": open |
# blocked | unknown, "waits"}. The subnet's own state counts; our account's option only where a subnet of ours has none.
# https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html
_block(subnet_id, vpc_id) := {"answer": "open", "waits": set()} if {
	# where its owner blocks nothing, nothing is blocked
	startswith(facts.subnets[subnet_id].internet_gateway_block_mode, "not read")
	_options[_owner(subnet_id, vpc_id)] == "off"
} else := _by_mode(mode, subnet_id) if {
	mode := facts.subnets[subnet_id].internet_gateway_block_mode
} else := {"answer": "open", "waits": set()} if {
	# our option says nothing about a subnet that somebody else owns, and AWS shows its own state with the subnet
	facts.subnets[subnet_id]
	_owner(subnet_id, vpc_id) != input.account.id
} else := {"answer": "unknown", "waits": {wait}} if {
	# a subnet that nobody could read may be excluded from its account's block
	not facts.subnets[subnet_id]
	_by_option(_owner(subnet_id, vpc_id)).answer == "blocked"
	wait := {"status": "unknown", "name": "ec2:DescribeSubnets", "reason": $"Block Public Access of {subnet_id}"}
} else := _by_option(_owner(subnet_id, vpc_id))

_by_mode(mode, id) := {"answer": "open", "waits": set()} if {
	mode in {"off", "block-ingress"}
} else := {"answer": "blocked", "waits": set()} if {
	mode == "block-bidirectional"
} else := {"answer": "unknown", "waits": {_undecidable(id, $"Block Public Access {mode}")}}

_by_option(owner) := _by_mode(_options[owner], owner) if {
	_options[owner]
} else := {"answer": "unknown", "waits": (unread | untold)} if {
	unread := facts.waits("block_public_access", owner)
	untold := {wait |
		unread == set()
		wait := {"status": "opaque", "name": owner, "reason": "its Block Public Access option"}
	}
}

# an account without an entry has the option off, but only about our own account do we know that it has none
_options := object.union(
	{input.account.id: "off" | facts.is_known("block_public_access", input.account.id)},
	{one.account_id: one.internet_gateway_block_mode | some one in input.block_public_access},
)

_owner(subnet_id, vpc_id) := array.flatten([
	[owner | owner := facts.subnets[subnet_id].owner_id],
	[owner | owner := facts.vpcs[vpc_id].owner_id],
	input.account.id,
])[0]

_works(hops) := object.union(_blank, {"state": "works", "hops": hops})

_none(cause, root, hops) := object.union(_blank, {"state": "none", "cause": cause, "root": root, "hops": hops})

_unknown(waits, hops) := object.union(_blank, {"state": "unknown", "waits": waits, "hops": hops})

_blank := object.union(
	{"cause": "", "root": "", "hops": [], "waits": set(), "nat_ids": set()},
	{"is_isolated": false, "is_ipv6_only": false},
)

_undecidable(name, reason) := {"status": "undecidable", "name": name, "reason": reason}

_after(hops, nat_ids, path) := object.union(path, {"hops": array.concat(hops, path.hops), "nat_ids": nat_ids})

# The one path of traffic that goes several ways at once (two halves), given [path, route] for each: none before unknown
# before works. Of routes that an unread prefix list may add, only what they would change is in doubt.
_worst(ways) := path if {
	path := _joined({path | some [path, route] in ways; route.kind != "perhaps"})
	_changing(path, ways) == set()
} else := object.union(path, {"state": "unknown", "cause": "", "root": "", "waits": waits, "is_isolated": false}) if {
	path := _joined({path | some [path, route] in ways; route.kind != "perhaps"})
	waits := path.waits | _changing(path, ways)
}

_changing(path, ways) := {wait |
	some [other, route] in ways
	route.kind == "perhaps"
	[other.state, other.is_isolated] != [path.state, path.is_isolated]
	some wait in route.waits
}

_joined(paths) := path if {
	count(paths) == 1
	some path in paths
} else := object.union(_blank, {
	"state": state,
	"cause": [cause | some cause in _causes; cause in {path.cause | some path in worst}][0],
	"hops": [hop | some i, hop in hops; not hop in array.slice(hops, 0, i)],
	"waits": union({path.waits | some path in worst}),
	"root": concat("", {root | count(roots) == 1; some root in roots}),
	"nat_ids": union({path.nat_ids | some path in paths}),
}) if {
	state := [one | some one in ["none", "unknown", "works"]; one in {path.state | some path in paths}][0]
	worst := {path | some path in paths; path.state == state}
	hops := [hop | some path in paths; some hop in path.hops]
	roots := {path.root | some path in worst}
}

# the first is named where halves of the traffic fail for several
_causes := array.concat(
	["blackhole", "public_subnet", "peering", "nat_unavailable", "nat_private", "internet_gateway_detached"],
	["nat_without_internet_gateway", "nat_instance_unusable", "block_public_access", "no_default_route", ""],
)
