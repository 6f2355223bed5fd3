# METADATA
# title: Legs
# description: |
#   Where the default traffic of a subnet leads, Gateway Load Balancer endpoints followed from table to table. A leg is
#   {"kind", "table", "index", "state", "subnet_id", "vpc_id", "hops", "waits"}: the traffic stands in the table of
#   subnet_id, which it reached by hops. kind "route": facts.route_tables[table].routes[index] carries it on;
#   "perhaps": that route carries some of it if an unread prefix list says so; "missing": nothing carries it, or only
#   one half of it; "unknown": waits says what would settle it. state is the state of the default route.
package vpcguard.lib.legs

import data.vpcguard.lib.facts
import data.vpcguard.lib.routes

# METADATA
# description: |
#   The legs of a subnet for a family, ipv4 or ipv6. Endpoints are followed three deep, more than AWS's layouts have;
#   what is deeper, a loop above all, ends at an endpoint, which no judge of legs takes for a way out.
# scope: document
of(family, subnet_id, vpc_id) := _followed_thrice(family, first) if {
	first := _first(family, {"subnet_id": subnet_id, "vpc_id": vpc_id, "hops": []})
}

# METADATA
# description: As of, from a table that belongs to no subnet, as that of a regional NAT gateway does.
# scope: document
of_table(table_id, subnet_id, vpc_id) := _followed_thrice("ipv4", first) if {
	first := _in_table("ipv4", table_id, {"subnet_id": subnet_id, "vpc_id": vpc_id, "hops": []})
}

# METADATA
# description: The hops up to and with the table in which a leg stands.
# scope: document
hops(leg) := array.concat(leg.hops, [{"id": leg.table, "kind": "route_table", "state": leg.state}])

_followed_thrice(_, legs) := legs if _entrances == set()

_followed_thrice(family, legs) := _followed(family, _followed(family, _followed(family, legs))) if {
	_entrances != set()
}

_followed(family, legs) := {leg | some leg in legs; not _entered(leg)} | {next |
	some leg in legs
	id := _entered(leg)
	some next in _first(family, {
		"subnet_id": facts.vpc_endpoints[id].subnet_ids[0],
		"vpc_id": facts.vpc_endpoints[id].vpc_id,
		"hops": array.concat(hops(leg), [{"id": id, "kind": "vpc_endpoint", "state": "available"}]),
	})
}

# the endpoint that a leg enters, where the way goes on in the endpoint's own subnet
_entered(leg) := id if {
	leg.kind == "route"
	id := facts.route_tables[leg.table].routes[leg.index].target_id
	id in _entrances
	leg.state == "active"
}

_entrances := {one.id |
	some one in input.vpc_endpoints
	one.type == "GatewayLoadBalancer"
	one.state == "available"
	count(one.subnet_ids) == 1
}

_first(family, start) := _in_table(family, table_id, start) if {
	table_id := routes.table(start.subnet_id, start.vpc_id)
}

_first(_, start) := {object.union(start, leg)} if {
	not routes.table(start.subnet_id, start.vpc_id)
	leg := _leg("unknown", "unknown", 0, {"state": "unknown", "waits": routes.table_waits(start.vpc_id)})
}

_in_table(family, table_id, start) := {object.union(start, leg) | some leg in _carried(family, table_id)}

_carried(family, table_id) := union({firm, missing, pieces, perhaps, contested, untold}) if {
	carrying := routes.carrying(family, table_id)
	agreed := _agreed(table_id, carrying.pieces)
	firm := {_leg("route", table_id, index, {"state": state, "waits": set()}) |
		carrying.missing in {"", "pieces"}
		some index in (carrying.routes | agreed)
		state := _states[facts.route_tables[table_id].routes[index].state]
	}
	missing := {_leg("missing", table_id, 0, {"state": carrying.missing, "waits": set()}) |
		not carrying.missing in {"", "pieces"}
	}

	# pieces that lead to several places were set up for a reason: they are named, not judged
	pieces := {_leg("unknown", table_id, 0, {"state": "pieces", "waits": {wait}}) |
		carrying.missing == "pieces"
		agreed == set()
		wait := {"status": "undecidable", "name": table_id, "reason": "small networks together cover everything"}
	}
	perhaps := {_leg("perhaps", table_id, index, {"state": state, "waits": waits}) |
		some index in carrying.perhaps
		state := _states[facts.route_tables[table_id].routes[index].state]
		waits := facts.waits("prefix_list_entries", facts.route_tables[table_id].routes[index].destination)
	}
	contested := {_leg("unknown", table_id, 0, {"state": "contested", "waits": waits}) |
		carrying.contested != set()
		waits := {{"status": "undecidable", "name": id, "reason": "equal prefixes"} | some id in carrying.contested}
	}
	untold := _untold(table_id, union({carrying.routes, agreed, carrying.perhaps}))
}

_untold(table_id, indexes) := {_leg("unknown", table_id, 0, {"state": "unknown", "waits": {wait}}) |
	some index in indexes
	route := facts.route_tables[table_id].routes[index]
	not _states[route.state]
	wait := {"status": "undecidable", "name": table_id, "reason": $"the state of its route to {route.destination}"}
}

# pieces that all lead to one place, or nowhere: one of them speaks for all
_agreed(table_id, pieces) := {min(pieces)} if {
	count({facts.route_tables[table_id].routes[index].target_id | some index in pieces}) == 1
	count({facts.route_tables[table_id].routes[index].state | some index in pieces}) == 1
}

else := {min(pieces)} if {
	{facts.route_tables[table_id].routes[index].state | some index in pieces} == {"blackhole"}
}

else := set()

# whether a route in another state carries anything, nobody says
_states := {"active": "active", "blackhole": "blackhole"}

_leg(kind, table_id, index, more) := object.union({"kind": kind, "table": table_id, "index": index}, more)
