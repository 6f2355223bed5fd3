package vpcguard.lib.egress_test

import data.vpcguard.lib.egress
import data.vpcguard.lib.fixtures_test as fixtures

test_works_over_a_nat_gateway if {
	_path(fixtures.estate({})) == {
		"state": "works",
		"cause": "",
		"causes": [],
		"hops": [
			{"id": "rtb-app", "kind": "route_table", "state": "active"},
			{"id": "nat-1", "kind": "nat_gateway", "state": "available"},
			{"id": "rtb-pub", "kind": "route_table", "state": "active"},
			{"id": "igw-1", "kind": "internet_gateway", "state": "attached"},
		],
		"waits": set(),
		"root": "",
		"nat_ids": {"nat-1"},
		"is_isolated": false,
		"is_ipv6_only": false,
		"let_in": set(),
		"perhaps_nat": set(),
	}
}

test_none_in_a_public_subnet if {
	document := _app_routes([fixtures.to("internet_gateway", "igw-1")])
	_short(document) == ["none", "public_subnet", "rtb-app", set()]
	_path(document).hops == [
		{"id": "rtb-app", "kind": "route_table", "state": "active"},
		{"id": "igw-1", "kind": "internet_gateway", "state": "attached"},
	]
}

# what was read already proves it
test_none_in_a_public_subnet_whatever_else_was_denied if {
	document := fixtures.denied(_app_routes([fixtures.to("internet_gateway", "igw-1")]), {
		"nat_gateways": "ec2:DescribeNatGateways",
		"internet_gateways": "ec2:DescribeInternetGateways",
		"block_public_access": "ec2:DescribeVpcBlockPublicAccessOptions",
	})
	_short(document) == ["none", "public_subnet", "rtb-app", set()]
}

test_none_without_a_default_route if {
	_short(_app_routes([])) == ["none", "no_default_route", "rtb-app", set()]
	_path(_app_routes([])).is_isolated
}

# a more specific route is no default, whatever its target
test_none_with_a_route_that_is_no_default if {
	route := object.union(fixtures.to("nat_gateway", "nat-1"), {"destination": "8.8.8.0/24"})
	_short(_app_routes([route])) == ["none", "no_default_route", "rtb-app", set()]
}

test_none_with_a_black_hole if {
	document := _app_routes([object.union(fixtures.to("nat_gateway", "nat-gone"), {"state": "blackhole"})])
	_short(document) == ["none", "blackhole", "rtb-app", set()]
	not _path(document).is_isolated
	_path(document).hops == [
		{"id": "rtb-app", "kind": "route_table", "state": "blackhole"},
		{"id": "nat-gone", "kind": "nat_gateway", "state": "blackhole"},
	]
}

test_black_hole_shows_the_state_of_a_gateway_that_can_be_seen if {
	document := fixtures.estate({
		"route_tables": fixtures.tables([object.union(fixtures.to("nat_gateway", "nat-1"), {"state": "blackhole"})], []),
		"nat_gateways": [fixtures.nat_gateway({"state": "deleted"})],
	})
	_path(document).hops[1] == {"id": "nat-1", "kind": "nat_gateway", "state": "deleted"}
}

test_black_hole_of_another_kind if {
	document := _app_routes([object.union(fixtures.to("transit_gateway", "tgw-1"), {"state": "blackhole"})])
	_short(document) == ["none", "blackhole", "rtb-app", set()]
	_path(document).hops[1] == {"id": "tgw-1", "kind": "transit_gateway", "state": "blackhole"}
}

test_none_over_a_gateway_that_is_not_available if {
	some state in ["pending", "failed", "deleting", "deleted"]
	_short(fixtures.estate({"nat_gateways": [fixtures.nat_gateway({"state": state})]})) == [
		"none",
		"nat_unavailable",
		"nat-1",
		set(),
	]
}

# a state that AWS did not tell proves nothing
test_unknown_over_a_gateway_without_a_state if {
	_short(fixtures.estate({"nat_gateways": [fixtures.nat_gateway({"state": "unknown"})]})) == [
		"unknown",
		"",
		"",
		{["undecidable", "nat-1"]},
	]
}

test_none_over_a_gateway_that_a_complete_answer_lacks if {
	_short(fixtures.estate({"nat_gateways": []})) == ["none", "nat_unavailable", "nat-1", set()]
	_path(fixtures.estate({"nat_gateways": []})).hops[1].state == "missing"
}

test_unknown_over_a_gateway_that_was_not_read if {
	document := fixtures.denied(fixtures.estate({"nat_gateways": []}), {"nat_gateways": "ec2:DescribeNatGateways"})
	_short(document) == ["unknown", "", "", {["unknown", "ec2:DescribeNatGateways"]}]
	_path(document).nat_ids == {"nat-1"}
}

test_none_over_a_private_gateway if {
	document := fixtures.estate({"nat_gateways": [fixtures.nat_gateway({"connectivity_type": "private"})]})
	_short(document) == ["none", "nat_private", "nat-1", set()]
}

test_none_over_a_gateway_without_internet_gateway if {
	_short(_pub_routes([])) == ["none", "nat_without_internet_gateway", "rtb-pub", set()]
	not _path(_pub_routes([])).is_isolated
}

test_none_over_a_gateway_behind_a_black_hole if {
	document := _pub_routes([object.union(fixtures.to("transit_gateway", "tgw-1"), {"state": "blackhole"})])
	_short(document) == ["none", "nat_without_internet_gateway", "rtb-pub", set()]
}

test_none_over_a_black_hole_to_an_attached_internet_gateway if {
	document := _pub_routes([object.union(fixtures.to("internet_gateway", "igw-1"), {"state": "blackhole"})])
	_short(document) == ["none", "nat_without_internet_gateway", "rtb-pub", set()]
}

test_none_over_a_detached_internet_gateway if {
	elsewhere := [{"id": "igw-1", "attachments": [{"vpc_id": "vpc-2", "state": "available"}]}]
	_short(fixtures.estate({"internet_gateways": elsewhere})) == ["none", "internet_gateway_detached", "igw-1", set()]
	_short(fixtures.estate({"internet_gateways": []})) == ["none", "internet_gateway_detached", "igw-1", set()]
	detaching := [{"id": "igw-1", "attachments": [{"vpc_id": "vpc-1", "state": "detaching"}]}]
	_short(fixtures.estate({"internet_gateways": detaching})) == ["none", "internet_gateway_detached", "igw-1", set()]
}

test_works_over_a_gateway_that_is_attached_in_either_word if {
	attached := [{"id": "igw-1", "attachments": [{"vpc_id": "vpc-1", "state": "attached"}]}]
	_path(fixtures.estate({"internet_gateways": attached})).state == "works"
}

test_unknown_over_an_internet_gateway_that_was_not_read if {
	operations := {"internet_gateways": "ec2:DescribeInternetGateways"}
	document := fixtures.denied(fixtures.estate({"internet_gateways": []}), operations)
	_short(document) == ["unknown", "", "", {["unknown", "ec2:DescribeInternetGateways"]}]
}

# attached or not, nothing passes a block
test_none_over_an_unread_internet_gateway_in_a_blocked_subnet if {
	blocked := object.union(fixtures.subnet("pub", "a"), {"internet_gateway_block_mode": "block-bidirectional"})
	document := fixtures.estate({"subnets": [fixtures.subnet("app", "a"), blocked], "internet_gateways": []})
	_short(fixtures.denied(document, {"internet_gateways": "ec2:DescribeInternetGateways"})) == [
		"none",
		"block_public_access",
		"pub",
		set(),
	]
}

# AWS marks the route to a gateway that is gone
test_none_over_a_black_hole_to_an_unread_internet_gateway if {
	route := object.union(fixtures.to("internet_gateway", "igw-1"), {"state": "blackhole"})
	parts := {"internet_gateways": [], "route_tables": fixtures.tables([fixtures.to("nat_gateway", "nat-1")], [route])}
	document := fixtures.denied(fixtures.estate(parts), {"internet_gateways": "ec2:DescribeInternetGateways"})
	_short(document) == ["none", "internet_gateway_detached", "igw-1", set()]
}

test_unknown_over_what_nobody_can_look_into_behind_a_gateway if {
	every kind in ["public", "private"] {
		every target in [["transit_gateway", "tgw-1"], ["virtual_private_gateway", "vgw-1"]] {
			document := object.union(_pub_routes([fixtures.to(target[0], target[1])]), {"nat_gateways": [gateway |
				gateway := fixtures.nat_gateway({"connectivity_type": kind})
			]})
			_short(document) == ["unknown", "", "", {["opaque", target[1]]}]
		}
	}
}

# what leads from NAT to NAT, to itself above all, never reaches an internet gateway
test_none_over_a_gateway_behind_a_gateway if {
	every kind in ["public", "private"] {
		every target in [["nat_gateway", "nat-1"], ["nat_gateway", "nat-2"], ["vpc_peering_connection", "pcx-1"]] {
			document := object.union(_pub_routes([fixtures.to(target[0], target[1])]), {"nat_gateways": [gateway |
				gateway := fixtures.nat_gateway({"connectivity_type": kind})
			]})
			_short(document) == ["none", "nat_without_internet_gateway", "rtb-pub", set()]
		}
	}
}

# the table of its subnet is right for the function; the gateway stands in the wrong place
test_a_gateway_in_the_functions_own_subnet_is_what_to_repair if {
	document := fixtures.estate({"nat_gateways": [fixtures.nat_gateway({"subnet_id": "app"})]})
	_short(document) == ["none", "nat_without_internet_gateway", "nat-1", set()]
}

test_none_over_a_private_gateway_without_a_default_route_behind_it if {
	gateway := fixtures.nat_gateway({"connectivity_type": "private"})
	_short(object.union(_pub_routes([]), {"nat_gateways": [gateway]})) == [
		"none",
		"nat_private",
		"",
		set(),
	]
}

# all that has to be repaired, in the order of the way; the root is named only where one repair is enough
test_causes_in_order if {
	every state, causes in {
		"failed": [["nat_unavailable", "nat-1"], ["nat_private", "nat-1"], ["internet_gateway_detached", "igw-1"]],
		"available": [["nat_private", "nat-1"], ["internet_gateway_detached", "igw-1"]],
		"deleted": [["nat_unavailable", "nat-1"]],
	} {
		gateway := fixtures.nat_gateway({"state": state, "connectivity_type": "private"})
		document := fixtures.estate({"nat_gateways": [gateway], "internet_gateways": []})
		[[one.cause, one.id] | some one in _path(document).causes] == causes
		_path(document).cause == causes[0][0]
		_path(document).root == {"deleted": "nat-1", "failed": "", "available": ""}[state]
	}
	blocked := object.union(_mode("block-bidirectional"), {"internet_gateways": []})
	[one.cause | some one in _path(blocked).causes] == ["internet_gateway_detached", "block_public_access"]
}

test_unknown_over_a_gateway_whose_subnet_nobody_told if {
	document := fixtures.estate({"nat_gateways": [object.remove(fixtures.nat_gateway({}), ["subnet_id"])]})
	_short(document) == ["unknown", "", "", {["undecidable", "nat-1"]}]
}

test_unknown_over_a_gateway_whose_table_was_not_read if {
	parts := {"route_tables": [fixtures.table("rtb-app", ["app"], [fixtures.to("nat_gateway", "nat-1")])]}
	document := fixtures.denied(fixtures.estate(parts), {"route_tables": "ec2:DescribeRouteTables"})
	_short(document) == ["unknown", "", "", {["unknown", "ec2:DescribeRouteTables"]}]
}

# Block Public Access

test_none_where_the_gateways_subnet_is_blocked if {
	_short(_mode("block-bidirectional")) == ["none", "block_public_access", "pub", set()]
	_path(_mode("block-bidirectional")).hops[4] == {"id": "pub", "kind": "block_public_access", "state": "blocked"}
	_short(_mode("block-ingress")) == ["works", "", "", set()]
}

test_unknown_where_the_block_is if {
	_short(_mode("block-sometimes")) == ["unknown", "", "", {["undecidable", "pub"]}]
	_path(_mode("block-sometimes")).hops[4].state == "unknown"
}

# what stops the traffic earlier is named
test_block_public_access_is_the_last_cause if {
	document := object.union(_mode("block-bidirectional"), {"internet_gateways": []})
	_short(document) == ["none", "internet_gateway_detached", "", set()]
}

# regional gateways

test_works_over_a_regional_gateway_by_its_own_table if {
	table := fixtures.table("rtb-nat", [], [fixtures.to("internet_gateway", "igw-1")])
	document := _regional({"route_table_id": "rtb-nat"}, [table])
	_short(document) == ["works", "", "", set()]
	[hop.id | some hop in _path(document).hops] == ["rtb-app", "nat-1", "rtb-nat", "igw-1"]
}

test_none_over_a_regional_gateway_whose_table_has_no_way_out if {
	document := _regional({"route_table_id": "rtb-nat"}, [fixtures.table("rtb-nat", [], [])])
	_short(document) == ["none", "nat_without_internet_gateway", "rtb-nat", set()]
}

test_works_over_a_regional_gateway_without_table if {
	document := _regional({}, [])
	_short(document) == ["works", "", "", set()]
	[hop.id | some hop in _path(document).hops] == ["rtb-app", "nat-1", "igw-1"]
	_short(_regional({"route_table_id": "rtb-gone"}, [])) == ["works", "", "", set()]
}

test_none_over_a_regional_gateway_in_a_vpc_without_internet_gateway if {
	document := object.union(_regional({}, []), {"internet_gateways": []})
	_short(document) == ["none", "nat_without_internet_gateway", "nat-1", set()]
}

test_unknown_over_a_regional_gateway_where_internet_gateways_were_not_read if {
	document := object.union(_regional({}, []), {"internet_gateways": []})
	_short(fixtures.denied(document, {"internet_gateways": "ec2:DescribeInternetGateways"})) == [
		"unknown",
		"",
		"",
		{["unknown", "ec2:DescribeInternetGateways"]},
	]
}

test_none_over_a_regional_gateway_from_a_blocked_subnet_whatever_was_not_read if {
	blocked := object.union(fixtures.subnet("app", "a"), {"internet_gateway_block_mode": "block-bidirectional"})
	document := object.union(_regional({}, []), {"subnets": [blocked], "internet_gateways": []})
	_short(fixtures.denied(document, {"internet_gateways": "ec2:DescribeInternetGateways"})) == [
		"none",
		"block_public_access",
		"app",
		set(),
	]
}

test_unknown_over_a_regional_gateway_whose_table_was_not_read if {
	document := _regional({"route_table_id": "rtb-nat"}, [])
	_short(fixtures.denied(document, {"route_tables": "ec2:DescribeRouteTables"})) == [
		"unknown",
		"",
		"",
		{["unknown", "ec2:DescribeRouteTables"]},
	]
}

# opaque targets and trust

test_unknown_over_an_opaque_target if {
	every target in [
		["transit_gateway", "tgw-1"],
		["core_network", "arn:aws:networkmanager::111122223333:core-network/1"],
		["virtual_private_gateway", "vgw-1"],
		["local_gateway", "lgw-1"],
		["unknown", "x-1"],
		["vpc_endpoint", "vpce-1"],
	] {
		_short(_app_routes([fixtures.to(target[0], target[1])])) == ["unknown", "", "", {["opaque", target[1]]}]
	}
}

test_works_over_a_trusted_target if {
	every trusted in [
		["transit_gateway", "transit_gateway", "tgw-1"],
		["core_network", "core_network", "arn:aws:networkmanager::111122223333:core-network/1"],
		["virtual_private_gateway", "virtual_private_gateway", "vgw-1"],
		["gateway_load_balancer", "vpc_endpoint", "vpce-1"],
	] {
		document := object.union(_app_routes([fixtures.to(trusted[1], trusted[2])]), {"vpc_endpoints": []})
		_path(_trusting(document, [{trusted[0]: trusted[2]}])).state == "works"
		_path(_trusting(document, [{trusted[0]: "other"}])).state != "works"
	}
}

test_works_in_a_trusted_unit_over_what_is_opaque if {
	trust := [{"organization_unit": "root/prod*"}]
	_path(_trusting(_app_routes([fixtures.to("transit_gateway", "tgw-1")]), trust)).state == "works"
	_path(_trusting(_pub_routes([fixtures.to("transit_gateway", "tgw-1")]), trust)).state == "works"
	elsewhere := [{"organization_unit": "root/test*"}]
	_path(_trusting(_app_routes([fixtures.to("transit_gateway", "tgw-1")]), elsewhere)).state == "unknown"
}

test_trusted_unit_trusts_neither_peering_nor_failed_reads if {
	trust := [{"organization_unit": "*"}]
	_path(_trusting(_app_routes([fixtures.to("vpc_peering_connection", "pcx-1")]), trust)).state == "none"
	denied := fixtures.denied(fixtures.estate({"nat_gateways": []}), {"nat_gateways": "ec2:DescribeNatGateways"})
	_path(_trusting(denied, trust)).state == "unknown"
}

test_none_over_peering if {
	document := _app_routes([fixtures.to("vpc_peering_connection", "pcx-1")])
	_short(document) == ["none", "peering", "pcx-1", set()]
	_path(document).hops[1] == {"id": "pcx-1", "kind": "vpc_peering_connection", "state": "active"}
}

test_works_over_a_trusted_target_behind_a_gateway if {
	document := _pub_routes([fixtures.to("transit_gateway", "tgw-1")])
	_path(_trusting(document, [{"transit_gateway": "tgw-1"}])).state == "works"
}

test_trust_lapses_after_its_last_day if {
	document := _app_routes([fixtures.to("transit_gateway", "tgw-1")])
	_path(_trusting(document, [{"transit_gateway": "tgw-1", "until": "2026-11-20"}])).state == "works"
	_path(_trusting(document, [{"transit_gateway": "tgw-1", "until": "2026-11-19"}])).state == "unknown"
}

# IPv6

test_unread_egress_only_gateway_leaves_doubt_unless_the_subnet_is_blocked if {
	operations := {"egress_only_internet_gateways": "ec2:DescribeEgressOnlyInternetGateways"}
	route := object.union(fixtures.to("egress_only_internet_gateway", "eigw-1"), {"family": "ipv6", "destination": "::/0"})
	every mode, expected in {"off": ["unknown", ""], "block-bidirectional": ["none", "block_public_access"]} {
		document := object.union(_app_routes([route]), {
			"functions": [fixtures.function("orders", ["app"], {"ipv6_allowed_for_dual_stack": true})],
			"subnets": [object.union(fixtures.subnet("app", "a"), {"internet_gateway_block_mode": mode})],
		})
		some paths in egress.ipv6 with input as fixtures.denied(document, operations)
		[paths.app.state, paths.app.cause] == expected
	}
}

_path(document) := path if {
	some paths in egress.ipv4 with input as document # regal ignore:with-outside-test-context
	path := paths.app
}

_short(document) := [path.state, path.cause, path.root, waits] if {
	path := _path(document)
	waits := {[wait.status, wait.name] | some wait in path.waits}
}

_app_routes(routes) := fixtures.estate({"route_tables": fixtures.tables(
	routes,
	[fixtures.to("internet_gateway", "igw-1")],
)})

_pub_routes(routes) := fixtures.estate({"route_tables": fixtures.tables([fixtures.to("nat_gateway", "nat-1")], routes)})

_mode(mode) := fixtures.estate({"subnets": [
	fixtures.subnet("app", "a"),
	object.union(fixtures.subnet("pub", "a"), {"internet_gateway_block_mode": mode}),
]})

_regional(more, tables) := fixtures.estate({
	"nat_gateways": [object.union_n([
		object.remove(fixtures.nat_gateway({}), ["subnet_id"]),
		{"is_regional": true, "is_automatic": true},
		more,
	])],
	"route_tables": array.concat(fixtures.tables([fixtures.to("nat_gateway", "nat-1")], []), tables),
})

_trusting(document, ways_out) := object.union(document, {"config": {"version": 1, "trusted_egress": ways_out}})
