# Which routes carry the default traffic of a subnet, 0.0.0.0/0 or ::/0, in effect, and what stands at their targets.
# https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
package vpcguard.lib.egress

import data.vpcguard.lib.facts

# METADATA
# description: |
#   Id of a subnet's route table: the one associated with it, else the main table of its own VPC, once it is known that
#   there is no association. Undefined where that was not read, or is several: route_table_waits says what for.
route_table(subnet_id, vpc_id) := table_id if [table_id] := sort(_tables(subnet_id, vpc_id))

# METADATA
# description: What the route table of a subnet waits for, where route_table is undefined; never empty.
route_table_waits(subnet_id, vpc_id) := {facts.contradiction(subnet_id, "in", table_ids)} if {
	table_ids := _associated[subnet_id]
} else := waits if {
	waits := facts.waits_within("route_tables", subnet_id, vpc_id)
	waits != set()
} else := {facts.contradiction(vpc_id, "with the main tables", table_ids)} if {
	table_ids := _main[vpc_id]
} else := {{"status": "opaque", "name": "ec2:DescribeRouteTables", "reason": "no main route table"}}

_tables(subnet_id, _) := _associated[subnet_id]

_tables(subnet_id, vpc_id) := _main[vpc_id] if {
	not _associated[subnet_id]
	facts.waits_within("route_tables", subnet_id, vpc_id) == set()
}

# METADATA
# description: |
#   The default routes of a subnet for a family (ipv4, ipv6), a set: several where halves of the traffic go apart.
#   Gateway Load Balancer endpoints are followed from table to table, three deep, more than AWS's layouts have; what is
#   deeper, a loop above all, ends at an endpoint. Each is {"kind", "state", "table_id", "target_kind", "target_id",
#   "instance_id", "firewall_id", "firewall_status", "subnet_id", "vpc_id", "hops", "waits"}: the traffic stands in the
#   table of subnet_id, the last of hops. kind "route": it goes on to the target; "perhaps": some of it does if an
#   unread prefix list says so; "missing": nothing carries it, or only one half of it; "unknown": waits says what would
#   settle it.
default_routes(family, subnet_id, vpc_id) := _followed_thrice(family, _in_subnet(family, at)) if {
	at := {"subnet_id": subnet_id, "vpc_id": vpc_id, "hops": []}
}

# the same from a table that belongs to no subnet, as that of a regional NAT gateway does
_default_routes_of_table(table_id, subnet_id, vpc_id) := _followed_thrice("ipv4", _in_table("ipv4", table_id, at)) if {
	at := {"subnet_id": subnet_id, "vpc_id": vpc_id, "hops": []}
}

_followed_thrice(family, routes) := _followed(family, _followed(family, _followed(family, routes)))

_followed(family, routes) := union({_onward(family, route) | some route in routes})

# A firewall that a route leads to: the traffic goes on in the endpoint's own subnet, unless it is a NAT gateway's
_onward(family, route) := {route} if {
	not _firewall(route)
} else := {object.union(route, {"kind": "unknown", "hops": _hops(route, "unknown"), "waits": waits})} if {
	waits := facts.waits("nat_gateways", _firewall(route).vpc_id)
	waits != set()
} else := _in_subnet(family, {
	"subnet_id": _firewall(route).subnet_ids[0],
	"vpc_id": _firewall(route).vpc_id,
	"hops": _hops(route, "available"),
})

_firewall(route) := endpoint if {
	endpoint := facts.vpc_endpoints[route.target_id]
	[route.kind, route.state] == ["route", "active"]
	not _nat_firewalls[route.target_id]
	[endpoint.type, endpoint.state, count(endpoint.subnet_ids)] == ["GatewayLoadBalancer", "available", 1]
}

# by endpoint of a firewall that does the work of a NAT gateway, [id of that gateway, state of its attachment]
_nat_firewalls := facts.grouped([[one.endpoint_id, [nat.id, one.state]] | some [nat, one] in _appliances])

# by VPC, the NAT gateways that are the proxy of a firewall
_proxies := facts.grouped([[nat.vpc_id, nat.id] |
	some [nat, one] in _appliances
	one.type == "network-firewall-proxy"
])

# [NAT gateway, what is attached to it or may be]; what AWS left out may be anything
_appliances := [[nat, object.union({"state": "unknown", "type": "network-firewall-proxy"}, one)] |
	some nat in input.nat_gateways
	some one in nat.appliances
	not one.state == "detached"
]

# the hops up to and with the target of a route
_hops(route, state) := array.concat(route.hops, [{"id": route.target_id, "kind": route.target_kind, "state": state}])

_in_subnet(family, at) := _in_table(family, table_id, at) if {
	table_id := route_table(at.subnet_id, at.vpc_id)
} else := {_standing("unknown", at, _undecided("unknown", route_table_waits(at.subnet_id, at.vpc_id)))}

_in_table(family, table_id, at) := {_standing(table_id, at, route) | some route in _carrying(family, table_id)}

_standing(table_id, at, route) := object.union_n([at, route, {"table_id": table_id, "hops": hops}]) if {
	hops := array.concat(at.hops, [{"id": table_id, "kind": "route_table", "state": route.state}])
}

# what carries the default traffic in a table, wherever the traffic comes from
_carrying(family, table_id) := union({firm, perhaps, missing, contested, apart, untold}) if {
	routes := facts.route_tables[table_id].routes
	lack := _lack(family, table_id)
	in_effect := _in_effect(family, table_id)
	unread := _of_unread_lists(table_id)
	firm := {_leading("route", table_id, i, set()) | lack in {"", "pieces"}; some i in in_effect}
	perhaps := {_leading("perhaps", table_id, i, waits) |
		some i in unread
		waits := facts.waits("prefix_list_entries", routes[i].destination)
	}
	lacks := {lack} - ({"", "pieces"} | {lack | some i in unread; not routes[i].state in _states})
	missing := {{"kind": "missing", "state": state, "waits": set()} | some state in lacks}
	contested := {_undecided("contested", waits) |
		waits := {_undecidable(routes[i].destination, "equal prefixes") | some i in _contested(family, table_id)}
		waits != set()
	}

	# pieces that lead to several places were set up for a reason: they are named, not judged
	apart := {_undecided("pieces", {_undecidable(table_id, "small networks together cover everything")}) |
		lack == "pieces"
		_piece(family, table_id) == set()
	}
	untold := {_undecided("unknown", {_undecidable(table_id, reason)}) |
		some i in (in_effect | unread)
		not routes[i].state in _states
		reason := $"the state of its route to {routes[i].destination}"
	}
}

# whether a route in another state carries anything, nobody says
_states := {"active", "blackhole"}

_leading(kind, table_id, index, waits) := {
	"kind": kind,
	"state": route.state,
	"target_kind": route.target_kind,
	"target_id": min(object.get(_interfaces_of, route.target_id, {route.target_id})),
	"instance_id": object.get(route, "instance_id", ""),
	"firewall_id": object.get(route, "firewall_id", ""),
	"firewall_status": object.get(route, "firewall_status", ""),
	"waits": waits,
} if {
	route := facts.route_tables[table_id].routes[index]
	route.state in _states
}

# a route may name an instance alone, one with a single interface
_interfaces_of := facts.grouped([[one.instance_id, one.id] | some one in input.network_interfaces])

_undecided(state, waits) := {"kind": "unknown", "state": state, "waits": waits}

# indexes of the routes in effect: those of each half that lead to one target, and one that speaks for all pieces
_in_effect(family, table_id) := _piece(family, table_id) | {i |
	some indexes in _halves(family, table_id)
	_agree(table_id, indexes)
	some i in indexes
}

_contested(family, table_id) := {i |
	some indexes in _halves(family, table_id)
	not _agree(table_id, indexes)
	some i in indexes
}

_agree(table_id, indexes) if count({facts.route_tables[table_id].routes[i].target_id | some i in indexes}) == 1

# by half that has a route, its routes: longest prefix (a half is longer than the whole), then static, then prefix list,
# then propagated
_halves(family, table_id) := {half: indexes |
	some half in ["low", "high"]
	options := {[block == "whole", _rank(route.family, route.origin), i] |
		some [i, cidr] in _destinations(family, table_id)
		some block in {half, "whole"}
		cidr == _defaults[family][block]
		route := facts.route_tables[table_id].routes[i]
	}
	[is_whole, rank, _] := min(options)
	indexes := {i | some [other_is_whole, other_rank, i] in options; [other_is_whole, other_rank] == [is_whole, rank]}
}

_rank(family, origin) := 1 if {
	family == "prefix_list"
} else := {"local": 0, "static": 0, "propagated": 2}[origin]

# what a table lacks: nothing ("") while both halves have a route; "pieces" where smaller networks cover the rest
_lack(family, table_id) := "" if {
	count(_halves(family, table_id)) == 2
} else := "pieces" if {
	_defaults[family].whole in net.cidr_merge({cidr | some [_, cidr] in _destinations(family, table_id)})
} else := $"only_{cidr}" if {
	some half, _ in _halves(family, table_id)
	cidr := _defaults[family][half]
} else := "no_default_route"

# one of the pieces if they all lead to one place, or nowhere; a route that a larger network holds is none
_piece(family, table_id) := {min(pieces)} if {
	_lack(family, table_id) == "pieces"
	destinations := _destinations(family, table_id)
	pieces := {i | some [i, cidr] in destinations; not cidr in _defaults[family]; not _is_inside(cidr, destinations)}
	routes := facts.route_tables[table_id].routes
	count({[routes[i].state, {routes[i].target_id | routes[i].state != "blackhole"}] | some i in pieces}) == 1
} else := set()

_is_inside(cidr, destinations) if {
	some [_, other] in destinations
	other != cidr
	net.cidr_contains(other, cidr)
}

# [index of the route, network] for each network of a family to which a table has a route
_destinations(family, table_id) := {[i, route.destination] |
	some i, route in facts.route_tables[table_id].routes
	route.family == family
} | {[i, cidr] |
	some i, route in facts.route_tables[table_id].routes
	route.family == "prefix_list"
	some cidr in facts.prefix_lists[route.destination].cidrs
	contains(cidr, ":") == {"ipv4": false, "ipv6": true}[family]
}

# Indexes of the routes that would carry default traffic if a prefix list that nobody read says so. A route from a list
# to an endpoint is a gateway endpoint's, unless a firewall is seen behind it; AWS's own lists never hold a default.
_of_unread_lists(table_id) := {i |
	some i, route in facts.route_tables[table_id].routes
	route.family == "prefix_list"
	not _is_of_gateway_endpoint(route.target_kind, route.target_id)
	not route.destination in {list.id | some list in input.prefix_lists; lower(list.owner_id) == "aws"}
	not facts.is_known("prefix_list_entries", route.destination)
}

_is_of_gateway_endpoint("vpc_endpoint", id) if not facts.vpc_endpoints[id].type == "GatewayLoadBalancer"

_defaults := {
	"ipv4": {"whole": "0.0.0.0/0", "low": "0.0.0.0/1", "high": "128.0.0.0/1"},
	"ipv6": {"whole": "::/0", "low": "::/1", "high": "8000::/1"},
}

_associated := facts.grouped([[id, table.id] | some table in input.route_tables; some id in table.subnet_ids])

_main := facts.grouped([[table.vpc_id, table.id] | some table in input.route_tables; table.is_main])

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

# What an Automatic Internet Firewall does at the internet gateway of a route for a subnet's interfaces without a public
# address: {"state": "none" | "active" (they get out) | "unsettled", "id", "waits"}. A subnet without its word has none.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html
_internet_firewall(route) := object.union(_no_firewall, {"state": "unsettled", "waits": waits}) if {
	not facts.subnets[route.subnet_id]
	waits := facts.waits_within("subnets", route.subnet_id, route.vpc_id)
	waits != set()
} else := _no_firewall if {
	object.get(facts.subnets, [route.subnet_id, "internet_firewall"], "none") in _not_for_private
	route.firewall_status == ""
} else := _no_firewall if {
	facts.subnets[route.subnet_id].internet_firewall in _not_for_private
} else := object.union(_no_firewall, {"state": "active", "id": route.firewall_id}) if {
	facts.subnets[route.subnet_id].internet_firewall in {"flexible", "outbound-only"}
	lower(route.firewall_status) == "active"
} else := object.union(_no_firewall, {"state": "unsettled", "waits": {wait}}) if {
	told := object.get(facts.subnets, [route.subnet_id, "internet_firewall"], "")
	reason := concat(" ", ["internet_firewall", told, route.firewall_status])
	wait := _undecidable(route.subnet_id, trim_space(reason))
}

_no_firewall := {"state": "none", "id": "", "waits": set()}

_not_for_private := {"none", "bidirectional", "exclude", "az-unsupported"}

# Whether a transit gateway can be reached from the zone where the traffic of a route stands: {"answer": "yes", "none"
# or "unknown", "root", "waits"}; anything but a transit gateway can.
_transit_gateway_zone(route) := {"answer": "yes", "root": "", "waits": set()} if {
	route.target_kind != "transit_gateway"
} else := {"answer": "yes", "root": "", "waits": set()} if {
	some id in _attached_subnets(route, {"available"})
	facts.subnets[id].zone_id == facts.subnets[route.subnet_id].zone_id
} else := {"answer": "unknown", "root": "", "waits": waits} if {
	unseen := {id | some id in _attached_subnets(route, {"available"}); not facts.subnets[id]}
	waits := union({
		facts.waits("transit_gateway_attachments", route.vpc_id),
		facts.waits_for_zones(_attached_subnets(route, {"available"}) | {route.subnet_id}),
		{wait | some id in (unseen | {route.subnet_id}); wait := _unseen_subnet(id, route.vpc_id)[_]},
		{_undecidable(route.target_id, "its attachment is modifying") |
			_attached_subnets(route, {"modifying"}) != set()
		},
	})
	waits != set()
} else := {"answer": "none", "root": root, "waits": set()} if {
	ids := {one.id | some one in _tgw_attachments(route, {"available"})}
	root := [one | some one in [min(ids), route.target_id]; count(ids) == 1][0]
} else := {"answer": "none", "root": route.target_id, "waits": set()}

_unseen_subnet(id, vpc_id) := facts.waits_within("subnets", id, vpc_id) if not facts.subnets[id]

_attached_subnets(route, states) := {id | some one in _tgw_attachments(route, states); some id in one.subnet_ids}

_tgw_attachments(route, states) := {one |
	some one in input.transit_gateway_attachments
	[one.transit_gateway_id, one.vpc_id] == [route.target_id, route.vpc_id]
	lower(one.state) in states
}

# Whether VPC Block Public Access stops traffic through a gateway in this subnet's route table: {"answer": open |
# blocked | unknown, "waits"}. by: what translates there (nat, address, firewall). The subnet's own state counts; our
# account's option only where a subnet of ours has none.
# https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html
_block(subnet_id, vpc_id, by) := {"answer": "open", "waits": set()} if {
	# where its owner blocks nothing, nothing is blocked
	startswith(facts.subnets[subnet_id].internet_gateway_block_mode, "not read")
	_options[_owner(subnet_id, vpc_id)] == "off"
} else := _by_mode(mode, subnet_id, by) if {
	mode := facts.subnets[subnet_id].internet_gateway_block_mode
} else := {"answer": "open", "waits": set()} if {
	# our option says nothing about a subnet that somebody else owns, and AWS shows its own state with the subnet
	facts.subnets[subnet_id]
	_owner(subnet_id, vpc_id) != input.account.id
} else := {"answer": "unknown", "waits": {wait}} if {
	# a subnet that nobody could read may be excluded from its account's block
	not facts.subnets[subnet_id]
	_by_option(_owner(subnet_id, vpc_id), by).answer == "blocked"
	wait := {"status": "unknown", "name": "ec2:DescribeSubnets", "reason": $"Block Public Access of {subnet_id}"}
} else := _by_option(_owner(subnet_id, vpc_id), by)

# block-ingress leaves NAT gateways and egress-only gateways their way out, and nobody says what of a firewall's NAT
_by_mode(mode, id, by) := {"answer": "open", "waits": set()} if {
	mode in ({"off"} | {"block-ingress" | by == "nat"})
} else := {"answer": "blocked", "waits": set()} if {
	mode in ({"block-bidirectional"} | {"block-ingress" | by == "address"})
} else := {"answer": "unknown", "waits": {_undecidable(id, $"Block Public Access {mode}")}}

_by_option(owner, by) := _by_mode(_options[owner], owner, by) if {
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
