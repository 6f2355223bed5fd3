# Which routes carry the default traffic of a subnet, 0.0.0.0/0 or ::/0, in effect.
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
route_table_waits(subnet_id, vpc_id) := {facts.contradiction(subnet_id, "stands in", table_ids)} if {
	table_ids := _associated[subnet_id]
} else := waits if {
	waits := facts.waits_within("route_tables", subnet_id, vpc_id)
	waits != set()
} else := {facts.contradiction(vpc_id, "has as its main table", table_ids)} if {
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
#   "instance_id", "subnet_id", "vpc_id", "hops", "waits"}: the traffic stands in the table of subnet_id, the last of
#   hops. kind "route": it goes on to the target; "perhaps": some of it does if an unread prefix list says so;
#   "missing": nothing carries it, or only one half of it; "unknown": waits says what would settle it.
default_routes(family, subnet_id, vpc_id) := _followed_thrice(family, _in_subnet(family, at)) if {
	at := {"subnet_id": subnet_id, "vpc_id": vpc_id, "hops": []}
}

# the same from a table that belongs to no subnet, as that of a regional NAT gateway does
_default_routes_of_table(table_id, subnet_id, vpc_id) := _followed_thrice("ipv4", _in_table("ipv4", table_id, at)) if {
	at := {"subnet_id": subnet_id, "vpc_id": vpc_id, "hops": []}
}

_followed_thrice(family, routes) := _followed(family, _followed(family, _followed(family, routes)))

_followed(family, routes) := {route | some route in routes; not _entered(route)} | {next |
	some route in routes
	endpoint := facts.vpc_endpoints[_entered(route)]
	at := {"subnet_id": endpoint.subnet_ids[0], "vpc_id": endpoint.vpc_id, "hops": _hops(route, "available")}
	some next in _in_subnet(family, at)
}

# the firewall that a route leads to, where the traffic goes on in the endpoint's own subnet
_entered(route) := route.target_id if {
	[route.kind, route.state] == ["route", "active"]
	facts.vpc_endpoints[route.target_id].type == "GatewayLoadBalancer"
	facts.vpc_endpoints[route.target_id].state == "available"
	count(facts.vpc_endpoints[route.target_id].subnet_ids) == 1
}

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
	missing := {{"kind": "missing", "state": lack, "waits": set()} | not lack in {"", "pieces"}}
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
	"target_id": route.target_id,
	"instance_id": object.get(route, "instance_id", ""),
	"waits": waits,
} if {
	route := facts.route_tables[table_id].routes[index]
	route.state in _states
}

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
