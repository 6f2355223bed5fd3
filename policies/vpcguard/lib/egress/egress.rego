# METADATA
# title: Egress
# description: |
#   The path from a subnet to the internet, followed hop by hop. Routing only: groups and ACLs have rules of their own.
#   A path is {"state": works | none | unknown, "causes" (of none: what all must be repaired until it works, in the
#   order of the way, each {"cause", "id"}), "cause" (the first of them; of unknown: explicit_proxy or
#   internet_firewall where it is one of these; else ""), "root" (the id whose repair alone ends it, else ""), "hops",
#   "waits" (of unknown), "nat_ids" (NAT gateways on it), "is_isolated" (the subnet has no default route, not even half
#   of one), "is_ipv6_only" (it works over IPv6 alone, as far as was seen), "perhaps_nat" (what it takes to know
#   that no other NAT gateway is on it), "let_in" (NAT instances on it that let members of groups in and nobody else:
#   {"id", "groups"})}.
#   https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
package vpcguard.lib.egress

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.facts

# METADATA
# description: |
#   By cohort key and subnet id, the path that counts for the cohort's functions, IPv6 included. Missing subnets are
#   left out; a hidden one is unknown. Cohorts without a subnet left are left out.
of := {key: object.union_n([over_ipv4[key], over_ipv6, hidden]) |
	some key, cohort in cohorts.with_subnets
	over_ipv6 := {id: _either(path, ipv6[config.trust_of[cohort.signature]][id], cohort.hidden_subnet_waits) |
		cohort.is_dual_stack_allowed
		cohort.subnets - _dual_stack == set()
		some id, path in over_ipv4[key]
	}
	hidden := {id: _unknown(waits, []) | some id, waits in cohort.hidden_subnets}
}

# METADATA
# description: As of, over IPv4 alone and without hidden subnets.
over_ipv4 := {key: object.union(plain, special) |
	some key, cohort in cohorts.with_subnets
	trust := config.trust_of[cohort.signature]
	plain := object.filter(ipv4[trust], cohort.subnets)
	special := {id: _for_groups(trust, cohort.named_groups, id) | some id, path in plain; _is_of_groups(id, path)}
}

# METADATA
# description: |
#   By cohort key, subnet ids by state: {"works", "none", "unknown"}, and "waits", all that the unknown ones wait for.
by_state := {key: sorted |
	some key, found in of
	sorted := {
		"works": {id | some id, path in found; path.state == "works"},
		"none": {id | some id, path in found; path.state == "none"},
		"unknown": {id | some id, path in found; path.state == "unknown"},
		"waits": union({path.waits | some path in found}),
	}
}

# METADATA
# description: The list for evidence.subnets of a cohort.
evidence(key) := [shown(id, path) | some id, path in of[key]]

# METADATA
# description: For evidence.causes, by subnet of a cohort without a way out, what all must be repaired, in order.
causes(key) := {id: path.causes | some id, path in of[key]; path.state == "none"}

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
#   one of them has no single thing to repair. What Block Public Access blocks in several is excluded for their VPC.
root_causes(key, subnet_ids) := {cohorts.by_key[key].vpc_id} if {
	{one.cause | some id in subnet_ids; some one in of[key][id].causes} == {"block_public_access"}
	count({of[key][id].root | some id in subnet_ids}) > 1
} else := set() if {
	some id in subnet_ids
	of[key][id].root == ""
} else := {of[key][id].root | some id in subnet_ids}

# METADATA
# description: |
#   By key of config.trusts and subnet id, the path over IPv4, for every subnet that an attached function names and
#   that was seen, whatever groups and interfaces a function has: over_ipv4 knows those.
ipv4 := {trust: paths("ipv4", trust, ids) |
	ids := union({cohort.subnets | some cohort in cohorts.by_key})
	some trust, _ in config.trusts
}

# METADATA
# description: As ipv4, over IPv6, for the subnets of functions that may use it.
ipv6 := {trust: paths("ipv6", trust, ids) |
	ids := union({cohort.subnets | some cohort in cohorts.by_key; cohort.is_dual_stack_allowed})
	some trust, _ in config.trusts
}

# IPv6 counts where nothing else is said about IPv4; a way over it alone that is broken is no isolation
_either(over_ipv4, over_ipv6, hidden_subnet_waits) := over_ipv6 if {
	[over_ipv4.state, over_ipv6.state, hidden_subnet_waits] == ["none", "none", set()]
	_is_wanted(over_ipv4, over_ipv6)
} else := _unknown(over_ipv4.waits | hidden_subnet_waits, over_ipv4.hops) if {
	over_ipv6.state == "none"
	_is_wanted(over_ipv4, over_ipv6)
} else := object.union(over_ipv4, {"root": over_ipv6.root}) if {
	# either way will do, and that over IPv6 lacks its gateway alone
	[over_ipv4.state, over_ipv4.root, over_ipv6.cause] == ["none", "", "internet_gateway_detached"]
} else := over_ipv4 if {
	true in {over_ipv4.state == "works", over_ipv6.state == "none"}
} else := object.union(over_ipv6, {"is_ipv6_only": true}) if {
	# a hidden subnet may be dual-stack or not
	[over_ipv6.state, hidden_subnet_waits] == ["works", set()]
} else := _unknown(union({over_ipv4.waits, over_ipv6.waits, hidden_subnet_waits}), over_ipv4.hops)

# by nobody over IPv4, but somebody built one over IPv6
_is_wanted(over_ipv4, over_ipv6) if [over_ipv4.is_isolated, over_ipv6.is_isolated] == [true, false]

_dual_stack := {one.id | some one in input.subnets; one.ipv6_cidrs != []; one.is_ipv6_only == false}

# METADATA
# description: What it takes to know that a path which works over IPv6 is the only one; empty for all others.
ipv4_waits(key, id) := over_ipv4[key][id].waits if {
	of[key][id].is_ipv6_only
} else := set()

# METADATA
# description: |
#   The paths by subnet id of these subnets that were seen, given the family (ipv4, ipv6) and a key of config.trusts.
paths(family, trust, ids) := object.union(unjudged, judged) if {
	# were a subnet ever left without a path, it would be in doubt and not pass
	unjudged := {id: _unknown({_undecidable(id, "not judged")}, []) | some id in ids}
	judged := {id: _trusting(trust, _worst(_ways(family, trust, id))) | some id in ids}
}

_ways(family, trust, id) := {[_path(family, trust, id, route), route] |
	some route in default_routes(family, id, facts.subnets[id].vpc_id)
} if {
	facts.subnets[id]
}

# a trusted unit: every path that is opaque, and not one that we failed to read
_trusting(trust, path) := _works(path.hops) if {
	path.state == "unknown"
	config.trusts[trust].everything
	every wait in path.waits { wait.status == "opaque" }
} else := path

# the path by one default route of the function's subnet, where the traffic started
_path(family, trust, start, route) := _works(hops) if {
	hops := _to_trusted_firewall(trust, route)
} else := _unknown(route.waits, route.hops) if {
	route.kind == "unknown"
} else := _without_default(family, trust, route) if {
	route.kind == "missing"
} else := _none("blackhole", route.table_id, _hops(route, state)) if {
	route.state == "blackhole"

	# a target that is a black hole is gone, unless it can be seen in another state
	state := object.get(facts.nat_gateways, [route.target_id, "state"], "blackhole")
} else := _over_internet_gateway(family, route) if {
	route.target_kind == "internet_gateway"
} else := _over_nat_gateway(trust, route) if {
	[family, route.target_kind] == ["ipv4", "nat_gateway"]
} else := _over_nat_firewall(trust, route) if {
	[family, route.target_kind] == ["ipv4", "vpc_endpoint"]
	_nat_firewalls[route.target_id]
} else := _over_nat_instance(trust, start, route) if {
	[family, route.target_kind] == ["ipv4", "network_interface"]
} else := _over_gateway(route, "nat") if {
	[family, route.target_kind] == ["ipv6", "egress_only_internet_gateway"]
} else := _none("peering", route.target_id, _hops(route, "active")) if {
	# peering carries nothing on to the peer's gateways
	route.target_kind == "vpc_peering_connection"
} else := _beyond(trust, route)

# A proxy that clients name needs no route.
# https://docs.aws.amazon.com/network-firewall/latest/developerguide/nfw-proxy.html
_without_default("ipv6", _, route) := object.union(path, {"is_isolated": _is_isolated(route)}) if {
	path := _none("no_default_route", route.table_id, route.hops)
}

_without_default("ipv4", trust, route) := _works(_proxied(route, route.vpc_id, "trusted")) if {
	route.vpc_id in config.trusts[trust].proxy
} else := object.union(path, {"cause": "explicit_proxy", "is_isolated": _is_isolated(route)}) if {
	id := min(_proxies[route.vpc_id])
	wait := {"status": "opaque", "name": id, "reason": "explicit_proxy", "settled_by": "proxy"}
	path := _unknown({wait}, _proxied(route, id, "unknown"))
} else := object.union(_unknown(waits, route.hops), {"is_isolated": _is_isolated(route)}) if {
	waits := facts.waits("nat_gateways", route.vpc_id)
	waits != set()
} else := object.union(path, {"is_isolated": _is_isolated(route)}) if {
	path := _none("no_default_route", route.table_id, route.hops)
}

_proxied(route, id, state) := array.concat(route.hops, [{"id": id, "kind": "proxy", "state": state}])

# half of a default route is a fault and no design, as is a firewall that leads nowhere
_is_isolated(route) if {
	[route.state, count(route.hops)] == ["no_default_route", 1]
} else := false

# https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html; the Automatic Internet Firewall gives
# interfaces without a public address a way out; that Lambda's are among them is likely, never said. IPv6 addresses
# are public: https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html
_over_internet_gateway(family, route) := _none("public_subnet", route.table_id, _hops(route, _attachment(route))) if {
	[family, _internet_firewall(route).state] == ["ipv4", "none"]
} else := _over_gateway(route, "address") if {
	_internet_firewall(route).state == "none"
} else := _over_gateway(object.union(route, {"hops": _inspected(route, "likely")}), "firewall") if {
	[family, _internet_firewall(route).state] == ["ipv4", "active"]
} else := object.union(path, {"cause": "internet_firewall"}) if {
	path := _unknown(_internet_firewall(route).waits, _hops(route, "unknown"))
}

_inspected(route, state) := array.concat(
	route.hops,
	[{"id": firewall, "kind": "internet_firewall", "state": state} | firewall := _internet_firewall(route).id],
)

# what only these functions' groups decide: Lambda's own interface, and whom a NAT instance lets in
_is_of_groups(_, path) if path.let_in != set()

_is_of_groups(id, path) if {
	path.state != "works"
	some route in default_routes("ipv4", id, facts.subnets[id].vpc_id)
	[route.target_kind, count(route.hops)] == ["internet_gateway", 1]
}

_for_groups(trust, groups, id) := _with_faults([{"cause": "nat_instance_unusable", "id": refusing}], told) if {
	path := _with_addresses(trust, groups, id)
	refusing := min({one.id | some one in path.let_in; one.groups & groups == set()})
	refusal := {"id": refusing, "kind": "security_groups", "state": "lets_nobody_in"}
	told := object.union(path, {"hops": array.concat(path.hops, [refusal])})
} else := _with_addresses(trust, groups, id)

_with_addresses(trust, groups, id) := _trusting(trust, _worst({[_by_address(groups, id, way, route), route] |
	some [way, route] in _ways("ipv4", trust, id)
}))

# An Elastic IP on Lambda's own interface is a way out of a public subnet, as long as Lambda keeps the interface: of all
# traffic, or of the half that goes to the internet gateway
_by_address(groups, id, way, route) := way if {
	[way.cause, count(route.hops)] != ["public_subnet", 1]
} else := way if {
	# detached or blocked: no address helps
	_over_gateway(route, "address").state == "none"
} else := _unknown(waits, way.hops) if {
	waits := facts.waits("lambda_interfaces", route.vpc_id)
	waits != set()
} else := _over_gateway(object.union(route, {"hops": array.concat(route.hops, likely)}), "address") if {
	own := _own_interfaces[[groups, id]]
	own - _with_address == set()
	likely := [{"id": min(own), "kind": "network_interface", "state": "likely"}]
} else := _unknown({_undecidable(id, "some of Lambda's interfaces have a public address")}, way.hops) if {
	_own_interfaces[[groups, id]] & _with_address != set()
} else := way

_own_interfaces := facts.grouped([[[groups, one.subnet_id], one.id] |
	some one in input.network_interfaces
	one.is_lambda
	object.get(one, "owner_id", input.account.id) == input.account.id
	groups := {id | some id in one.security_group_ids}
])

_with_address := {one.id | some one in input.network_interfaces; one.public_ip}

# the hops to the first firewall of the way that is declared to lead out, and is known not to be a NAT gateway's
_to_trusted_firewall(trust, route) := array.slice(route.hops, 0, first + 1) if {
	config.trusts[trust].vpc_endpoint != set()
	facts.waits("nat_gateways", route.vpc_id) == set()
	first := min({i | some i, hop in route.hops; hop.id in config.trusts[trust].vpc_endpoint})
}

# A target that nobody can look into works if the configuration trusts it; a transit gateway only from zones with a
# subnet of its attachment. https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html
_beyond(trust, route) := _none("transit_gateway_zone", zone.root, _hops(route, "not_in_zone")) if {
	zone := _transit_gateway_zone(route)
	zone.answer == "none"
} else := _unknown(waits, _hops(route, "unknown")) if {
	true in {route.target_id in config.trusts[trust][route.target_kind], config.trusts[trust].everything}
	may_be_nats := {wait | route.target_kind == "vpc_endpoint"; some wait in facts.waits("nat_gateways", route.vpc_id)}
	waits := _transit_gateway_zone(route).waits | may_be_nats
	waits != set()
} else := _works(_hops(route, "trusted")) if {
	route.target_id in config.trusts[trust][route.target_kind]
} else := _unknown(waits, _hops(route, "unknown")) if {
	# an endpoint that nobody could read, or whose state AWS did not say, may be a firewall that can be followed
	route.target_kind == "vpc_endpoint"
	not facts.vpc_endpoints[route.target_id].state
	unsaid := {_undecidable(id, "no State") | id := facts.vpc_endpoints[route.target_id].id}
	waits := unsaid | facts.waits("vpc_endpoints", route.vpc_id)
	waits != set()
} else := _unknown({wait}, _hops(route, "opaque")) if {
	kind := strings.replace_n({"_": " ", "unknown": "target of unknown kind"}, route.target_kind)
	wait := {"status": "opaque", "name": route.target_id, "reason": $"nothing is read behind a {kind}"}
}

# the end of a path at an internet gateway, egress-only or not
_over_gateway(route, by) := _at_gateway(route, _attachment(route), _hops(route, _attachment(route)), by)

# at.subnet_id: the subnet whose table leads to the gateway, and whose Block Public Access counts
_at_gateway(at, attached, hops, by) := _broken(causes, told) if {
	block := _block(at.subnet_id, at.vpc_id, by)
	causes := array.concat(
		[{"cause": "internet_gateway_detached", "id": at.target_id} | attached == "detached"],
		[{"cause": "block_public_access", "id": at.subnet_id} | block.answer == "blocked"], # attached or not
	)
	causes != []
	told := array.concat(hops, [_block_hop(at, "blocked") | block.answer == "blocked"])
} else := _unknown(facts.waits_within($"{at.target_kind}s", at.target_id, at.vpc_id), hops) if {
	attached == "unknown"
} else := _unknown(block.waits, array.concat(hops, [_block_hop(at, "unknown")])) if {
	block := _block(at.subnet_id, at.vpc_id, by)
	block.answer == "unknown"
} else := _works(hops)

_block_hop(at, state) := {"id": at.subnet_id, "kind": "block_public_access", "state": state}

_works(hops) := object.union(_blank, {"state": "works", "hops": hops})

_none(cause, id, hops) := _broken([{"cause": cause, "id": id}], hops)

_unknown(waits, hops) := object.union(_blank, {"state": "unknown", "waits": waits, "hops": hops})

_broken(causes, hops) := object.union(_blank, {
	"state": "none",
	"causes": causes,
	"cause": causes[0].cause,
	"root": concat("", {one.id | some one in causes; every other in causes { other.id == one.id }}),
	"hops": hops,
})

_blank := object.union(
	{"cause": "", "causes": [], "root": "", "hops": [], "waits": set(), "nat_ids": set()},
	{"is_isolated": false, "is_ipv6_only": false, "let_in": set(), "perhaps_nat": set()},
)

_undecidable(name, reason) := {"status": "undecidable", "name": name, "reason": reason}

# a path before which more is to be repaired, if anything is
_with_faults(faults, path) := path if {
	array.concat(faults, path.causes) == []
} else := object.union(path, object.filter(broken, ["state", "cause", "causes", "root", "waits"])) if {
	broken := _broken(array.concat(faults, path.causes), [])
}

_through(hops, nat_ids, path) := object.union(path, {"hops": array.concat(hops, path.hops), "nat_ids": nat_ids})

# The one path of traffic that goes several ways at once (two halves), given [path, route] for each: none before unknown
# before works. Of routes that an unread prefix list may add, only what they would change is in doubt.
_worst(ways) := path if {
	count(ways) == 1
	some [path, route] in ways
	route.kind != "perhaps"
} else := object.union(path, {"perhaps_nat": perhaps_nat}) if {
	path := _joined({path | some [path, route] in ways; route.kind != "perhaps"})
	_changing(path, ways) == set()
	perhaps_nat := {wait | some [other, route] in ways; other.nat_ids - path.nat_ids != set(); some wait in route.waits}
} else := object.union(_unknown(waits, path.hops), {"nat_ids": path.nat_ids}) if {
	path := _joined({path | some [path, route] in ways; route.kind != "perhaps"})
	waits := path.waits | _changing(path, ways)
}

_changing(path, ways) := {wait |
	some [other, route] in ways
	route.kind == "perhaps"
	[other.state, other.is_isolated] != [path.state, path.is_isolated]
	some wait in route.waits
}

_joined(found) := path if {
	count(found) == 1
	some path in found
} else := object.union(whole, {"nat_ids": nat_ids, "let_in": let_in}) if {
	state := [one | some one in ["none", "unknown", "works"]; one in {path.state | some path in found}][0]
	worst := {path | some path in found; path.state == state}
	by_cause := [path | some cause in _causes; some path in worst; path.cause == cause]
	causes := _once([one | some path in by_cause; some one in path.causes])

	# the way of the first cause comes first, each table before what it leads to
	hops := _once([hop | some path in array.concat(by_cause, [path | some path in found]); some hop in path.hops])
	whole := {
		"none": _broken(array.concat(causes, [{"cause": "", "id": ""} | causes == []]), hops),
		"unknown": _unknown(union({path.waits | some path in worst}), hops),
		"works": _works(hops),
	}[state]
	nat_ids := union({path.nat_ids | some path in found})
	let_in := union({path.let_in | some path in found})
}

_once(list) := [one | some i, one in list; not one in array.slice(list, 0, i)]

# the first is named where halves of the traffic fail for several
_causes := array.flatten([
	["blackhole", "public_subnet", "peering", "transit_gateway_zone", "nat_unavailable", "nat_private"],
	["internet_gateway_detached", "nat_without_internet_gateway", "nat_instance_unusable"],
	["block_public_access", "no_default_route"],
])
