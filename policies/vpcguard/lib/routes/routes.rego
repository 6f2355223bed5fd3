# METADATA
# title: Routes
# description: |
#   Which routes of a table carry the default traffic, 0.0.0.0/0 or ::/0, in effect.
#   https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
package vpcguard.lib.routes

import data.vpcguard.lib.facts

# METADATA
# description: |
#   Id of a subnet's route table: the one associated with it, else the main table of its own VPC, once it is known that
#   there is no association. Undefined where that was not read: table_waits says what for.
# scope: document
table(subnet_id, _) := _associated[subnet_id]

table(subnet_id, vpc_id) := _main[vpc_id] if {
	not _associated[subnet_id]
	facts.is_known("route_tables", vpc_id)
}

# METADATA
# description: What the route table of a subnet waits for, where table is undefined; never empty.
# scope: document
table_waits(vpc_id) := waits if {
	waits := facts.waits("route_tables", vpc_id)
	waits != set()
}

table_waits(vpc_id) := {{"status": "unknown", "name": "ec2:DescribeRouteTables", "reason": "no main route table"}} if {
	facts.is_known("route_tables", vpc_id)
}

# METADATA
# description: |
#   What carries the default traffic of a family (ipv4, ipv6) in a table: {"routes", "perhaps", "contested",
#   "missing"}. routes: indexes of the routes in effect, two where halves go apart. perhaps: indexes of routes that
#   would carry some if an unread prefix list says so. contested: prefix lists of one prefix that send it to
#   different targets. missing: "" while both halves have a route, "pieces" where smaller networks cover what they
#   leave out, else "no_default_route" or which half alone has one. pieces: indexes of the routes for those networks.
# scope: document
carrying(family, table_id) := {
	"routes": {index | some indexes in clear; some index in indexes},
	"perhaps": _perhaps(table_id),
	"contested": {id |
		some half, indexes in chosen
		not clear[half]
		some index in indexes
		id := facts.route_tables[table_id].routes[index].destination
	},
	"missing": missing,
	"pieces": {index | missing == "pieces"; some index in _pieces(family, table_id)},
} if {
	options := _options(family, table_id)
	chosen := {half: _chosen(options, half) | some half, _ in _half[family]}
	missing := _missing({half | some half, indexes in chosen; indexes != set()}, family, table_id)
	clear := {half: indexes |
		some half, indexes in chosen
		count({facts.route_tables[table_id].routes[index].target_id | some index in indexes}) == 1
	}
}

# longest prefix, then static, then prefix list, then propagated
_chosen(options, half) := {option.index |
	some option in longest
	option.rank == min({other.rank | some other in longest})
} if {
	halves := {option | some option in options; option.block == half}
	longest := {option | some option in options; option.block == {true: "whole", false: half}[halves == set()]}
}

_missing({"low", "high"}, _, _) := ""

_missing(halves, family, table_id) := "pieces" if {
	count(halves) < 2
	_whole[family] in net.cidr_merge({cidr | some [_, cidr] in _destinations(family, table_id)})
}

_missing(halves, family, table_id) := _lacking(halves, family) if {
	count(halves) < 2
	not _whole[family] in net.cidr_merge({cidr | some [_, cidr] in _destinations(family, table_id)})
}

_lacking({"low"}, family) := $"only_{_half[family].low}"

_lacking({"high"}, family) := $"only_{_half[family].high}"

_lacking(set(), _) := "no_default_route"

# routes that no larger network holds: the others carry a part of the internet at most
_pieces(family, table_id) := {index |
	destinations := _destinations(family, table_id)
	some [index, cidr] in destinations
	not _blocks[family][cidr]
	not _is_inside(cidr, destinations)
}

_is_inside(cidr, destinations) if {
	some [_, other] in destinations
	other != cidr
	net.cidr_contains(other, cidr)
}

_destinations(family, table_id) := {[index, route.destination] |
	some index, route in facts.route_tables[table_id].routes
	route.family == family
} | {[index, cidr] |
	some index, route in facts.route_tables[table_id].routes
	route.family == "prefix_list"
	some cidr in facts.prefix_lists[route.destination].cidrs
	contains(cidr, ":") == {"ipv4": false, "ipv6": true}[family]
}

_options(family, table_id) := {option |
	some index, route in facts.route_tables[table_id].routes
	route.family == family
	option := {"index": index, "block": _blocks[family][route.destination], "rank": _rank[route.origin]}
} | {option |
	some index, route in facts.route_tables[table_id].routes
	route.family == "prefix_list"
	some cidr in facts.prefix_lists[route.destination].cidrs
	option := {"index": index, "block": _blocks[family][cidr], "rank": 1}
}

# a route from a prefix list to an endpoint is a gateway endpoint's, unless a firewall is seen behind it; AWS's own
# lists never hold a default
_perhaps(table_id) := {index |
	some index, route in facts.route_tables[table_id].routes
	route.family == "prefix_list"
	not _is_of_gateway_endpoint(route.target_kind, route.target_id)
	not _is_aws_list[route.destination]
	not facts.is_known("prefix_list_entries", route.destination)
}

_is_of_gateway_endpoint("vpc_endpoint", id) if not _is_firewall[id]

_is_firewall := {endpoint.id | some endpoint in input.vpc_endpoints; endpoint.type == "GatewayLoadBalancer"}

_is_aws_list := {list.id | some list in input.prefix_lists; lower(list.owner_id) == "aws"}

_rank := {"local": 0, "static": 0, "propagated": 2}

_blocks := {
	"ipv4": {"0.0.0.0/0": "whole", "0.0.0.0/1": "low", "128.0.0.0/1": "high"},
	"ipv6": {"::/0": "whole", "::/1": "low", "8000::/1": "high"},
}

_whole := {"ipv4": "0.0.0.0/0", "ipv6": "::/0"}

_half := {
	"ipv4": {"low": "0.0.0.0/1", "high": "128.0.0.0/1"},
	"ipv6": {"low": "::/1", "high": "8000::/1"},
}

_associated := {subnet_id: table.id | some table in input.route_tables; some subnet_id in table.subnet_ids}

_main := {table.vpc_id: table.id | some table in input.route_tables; table.is_main}
