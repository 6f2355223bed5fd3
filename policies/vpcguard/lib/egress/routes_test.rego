package vpcguard.lib.egress_test

import data.vpcguard.lib.egress
import data.vpcguard.lib.fixtures_test as fixtures

# which route counts

test_static_precedes_prefix_list_precedes_propagated if {
	nat := fixtures.to("nat_gateway", "nat-1")
	list := object.union(fixtures.to("transit_gateway", "tgw-1"), {"family": "prefix_list", "destination": "pl-all"})
	learned := object.union(fixtures.to("virtual_private_gateway", "vgw-1"), {"origin": "propagated"})
	_targets([learned, list, nat]) == ["rtb-app", "nat-1", "rtb-pub", "igw-1"]
	_targets([learned, list]) == ["rtb-app", "tgw-1"]
	_targets([learned]) == ["rtb-app", "vgw-1"]
}

test_prefix_list_that_holds_the_default_is_one if {
	route := object.union(fixtures.to("nat_gateway", "nat-1"), {"family": "prefix_list", "destination": "pl-all"})
	_state_and_cause([route]) == ["works", ""]
}

test_prefix_list_that_holds_networks_is_none if {
	route := object.union(fixtures.to("nat_gateway", "nat-1"), {"family": "prefix_list", "destination": "pl-some"})
	_state_and_cause([route]) == ["none", "no_default_route"]
}

test_equal_prefixes_of_two_lists_are_contested if {
	one := object.union(fixtures.to("nat_gateway", "nat-1"), {"family": "prefix_list", "destination": "pl-all"})
	other := object.union(fixtures.to("transit_gateway", "tgw-1"), {"family": "prefix_list", "destination": "pl-every"})
	_state_and_cause([one, other]) == ["unknown", ""]
	_waits([one, other]) == {["undecidable", "pl-all"], ["undecidable", "pl-every"]}
	same := object.union(one, {"destination": "pl-every"})
	_state_and_cause([one, same]) == ["works", ""]
}

# a list nobody read may hold the default, and then it goes before a propagated route, or a shorter one
test_unread_prefix_list_leaves_doubt_where_it_would_change_the_outcome if {
	list := object.union(fixtures.to("nat_gateway", "nat-1"), {"family": "prefix_list", "destination": "pl-unread"})
	_state_and_cause([list]) == ["unknown", ""]
	_waits([list]) == {["unknown", "ec2:GetManagedPrefixListEntries"]}
	_state_and_cause([list, fixtures.to("nat_gateway", "nat-1")]) == ["works", ""]
	_state_and_cause([list, fixtures.to("internet_gateway", "igw-1")]) == ["unknown", ""]
	beside := object.union(_with_routes([list]), {"config": {"version": 1, "trusted_egress": [{"proxy": "vpc-1"}]}})
	{wait.name | some wait in _path(beside).perhaps_nat} == {"ec2:GetManagedPrefixListEntries"}
	untold := object.union(list, {"target_kind": "unknown", "target_id": "", "state": "unknown"})
	_state_and_cause([untold]) == ["unknown", ""]
}

test_unread_prefix_list_to_an_endpoint_is_a_gateway_endpoint if {
	list := object.union(fixtures.to("vpc_endpoint", "vpce-s3"), {"family": "prefix_list", "destination": "pl-unread"})
	_state_and_cause([list]) == ["none", "no_default_route"]
}

test_unread_prefix_list_to_a_firewall_may_hold_the_default if {
	list := object.union(fixtures.to("vpc_endpoint", "vpce-fw"), {"family": "prefix_list", "destination": "pl-unread"})
	document := object.union(_with_routes([list]), {"vpc_endpoints": [fixtures.firewall("vpce-fw", "fw")]})
	_path(document).state == "unknown"
}

test_unread_list_of_aws_holds_no_default if {
	list := object.union(fixtures.to("nat_gateway", "nat-1"), {"family": "prefix_list", "destination": "pl-aws"})
	_state_and_cause([list]) == ["none", "no_default_route"]
}

# halves

test_two_halves_are_a_default_route if {
	halves := [_half(cidr, "nat_gateway", "nat-1") | some cidr in ["0.0.0.0/1", "128.0.0.0/1"]]
	_state_and_cause(halves) == ["works", ""]
}

test_the_worse_half_counts if {
	nat := _half("0.0.0.0/1", "nat_gateway", "nat-1")
	_state_and_cause([nat, _half("128.0.0.0/1", "internet_gateway", "igw-1")]) == ["none", "public_subnet"]
	_state_and_cause([nat, _half("128.0.0.0/1", "transit_gateway", "tgw-1")]) == ["unknown", ""]
	gateway := _half("0.0.0.0/1", "internet_gateway", "igw-1")
	_state_and_cause([gateway, _half("128.0.0.0/1", "transit_gateway", "tgw-1")]) == ["none", "public_subnet"]
	_state_and_cause([gateway, _half("128.0.0.0/1", "vpc_peering_connection", "pcx-1")]) == ["none", "public_subnet"]
}

# filtered, say, which AWS has too, or no state at all
test_a_route_in_another_state_is_neither_a_way_nor_none if {
	nat := _half("0.0.0.0/1", "nat_gateway", "nat-1")
	other := object.union(_half("128.0.0.0/1", "nat_gateway", "nat-1"), {"state": "filtered"})
	_state_and_cause([nat, other]) == ["unknown", ""]
	_waits([nat, other]) == {["undecidable", "rtb-app"]}
	whole := object.union(fixtures.to("nat_gateway", "nat-1"), {"state": "filtered"})
	_state_and_cause([whole]) == ["unknown", ""]
	_state_and_cause([other, _half("0.0.0.0/1", "internet_gateway", "igw-1")]) == ["none", "public_subnet"]
	list := object.union(whole, {"family": "prefix_list", "destination": "pl-unread"})
	_state_and_cause([fixtures.to("nat_gateway", "nat-1"), list]) == ["unknown", ""]
}

test_the_nats_own_route_in_another_state_is_in_doubt if {
	out := object.union(fixtures.to("internet_gateway", "igw-1"), {"state": "filtered"})
	document := fixtures.estate({"route_tables": fixtures.tables([fixtures.to("nat_gateway", "nat-1")], [out])})
	_path(document).state == "unknown"
}

test_both_halves_are_shown if {
	routes := [_half("0.0.0.0/1", "nat_gateway", "nat-1"), _half("128.0.0.0/1", "transit_gateway", "tgw-1")]
	_targets(routes) == ["rtb-app", "nat-1", "rtb-pub", "igw-1", "tgw-1"]
	_path_by(routes).nat_ids == {"nat-1"}
}

test_two_halves_go_before_a_default_route if {
	_state_and_cause([
		fixtures.to("internet_gateway", "igw-1"),
		_half("0.0.0.0/1", "nat_gateway", "nat-1"),
		_half("128.0.0.0/1", "nat_gateway", "nat-1"),
	]) == ["works", ""]
}

test_a_default_route_carries_the_other_half if {
	gateway := fixtures.to("internet_gateway", "igw-1")
	_state_and_cause([gateway, _half("0.0.0.0/1", "nat_gateway", "nat-1")]) == ["none", "public_subnet"]
	_state_and_cause([fixtures.to("nat_gateway", "nat-1"), _half("128.0.0.0/1", "nat_gateway", "nat-1")]) == ["works", ""]
}

test_one_half_alone_is_no_default_route_and_named if {
	_state_and_cause([_half("0.0.0.0/1", "nat_gateway", "nat-1")]) == ["none", "no_default_route"]
	_path_by([_half("0.0.0.0/1", "nat_gateway", "nat-1")]).hops == [{
		"id": "rtb-app",
		"kind": "route_table",
		"state": "only_0.0.0.0/1",
	}]
	_path_by([_half("128.0.0.0/1", "nat_gateway", "nat-1")]).hops[0].state == "only_128.0.0.0/1"
}

test_pieces_that_lead_to_one_place_are_a_default_route if {
	cidrs := ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"]
	_state_and_cause([_half(cidr, "nat_gateway", "nat-1") | some cidr in cidrs]) == ["works", ""]
	_state_and_cause([_half(cidr, "internet_gateway", "igw-1") | some cidr in cidrs]) == ["none", "public_subnet"]
	holes := [object.union(_half(cidr, "nat_gateway", $"nat-{i}"), {"state": "blackhole"}) | some i, cidr in cidrs]
	_state_and_cause(holes) == ["none", "blackhole"]
	inside := object.union(_half("10.0.0.0/24", "vpc_peering_connection", "pcx-1"), {"state": "blackhole"})
	_state_and_cause(array.concat([inside], [_half(cidr, "nat_gateway", "nat-1") | some cidr in cidrs])) == ["works", ""]
}

test_pieces_that_lead_to_several_places_are_not_judged if {
	cidrs := ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"]
	others := [_half(cidr, "nat_gateway", "nat-1") | some cidr in array.slice(cidrs, 0, 3)]
	quarters := array.concat(others, [_half("192.0.0.0/2", "transit_gateway", "tgw-1")])
	_state_and_cause(quarters) == ["unknown", ""]
	{wait.name | some wait in _path_by(quarters).waits} == {"rtb-app"}
	_path_by(quarters).hops == [{"id": "rtb-app", "kind": "route_table", "state": "pieces"}]
	_state_and_cause(array.slice(quarters, 0, 3)) == ["none", "no_default_route"]
	broken := _half("128.0.0.0/1", "internet_gateway", "igw-1")
	_state_and_cause(array.concat([broken], array.slice(quarters, 0, 2))) == ["none", "public_subnet"]
}

test_a_list_with_both_halves_is_a_default_route if {
	route := object.union(fixtures.to("nat_gateway", "nat-1"), {"family": "prefix_list", "destination": "pl-halves"})
	_state_and_cause([route]) == ["works", ""]
}

# which table counts

test_the_main_table_of_its_own_vpc if {
	document := fixtures.estate({"route_tables": [
		object.union(fixtures.table("rtb-main", [], [fixtures.to("nat_gateway", "nat-1")]), {"is_main": true}),
		fixtures.table("rtb-pub", ["pub"], [fixtures.to("internet_gateway", "igw-1")]),
		object.union(fixtures.table("rtb-other", [], [fixtures.to("internet_gateway", "igw-2")]), {
			"is_main": true,
			"vpc_id": "vpc-2",
		}),
	]})
	[hop.id | some hop in _path(document).hops] == ["rtb-main", "nat-1", "rtb-pub", "igw-1"]
}

test_an_unread_association_leaves_the_main_table_in_doubt if {
	document := fixtures.estate({"route_tables": [object.union(
		fixtures.table("rtb-main", [], [fixtures.to("internet_gateway", "igw-1")]),
		{"is_main": true},
	)]})
	path := _path(fixtures.denied(document, {"route_tables": "ec2:DescribeRouteTables"}))
	path.state == "unknown"
	{wait.name | some wait in path.waits} == {"ec2:DescribeRouteTables"}
}

test_no_main_table_is_no_answer if {
	path := _path(fixtures.estate({"route_tables": []}))
	path.state == "unknown"
	{wait.reason | some wait in path.waits} == {"no main route table"}
}

# answers that were read while AWS changed an association
test_a_subnet_in_two_tables_is_in_doubt if {
	document := fixtures.estate({"route_tables": array.concat(
		fixtures.tables([fixtures.to("nat_gateway", "nat-1")], [fixtures.to("internet_gateway", "igw-1")]),
		[fixtures.table("rtb-old", ["app"], [])],
	)})
	path := _path(document)
	path.state == "unknown"
	path.waits == {{"status": "contradictory", "name": "app", "reason": "in rtb-app and rtb-old at once"}}
	not egress.route_table("app", "vpc-1") with input as document
	egress.route_table("pub", "vpc-1") == "rtb-pub" with input as document
}

test_two_main_tables_leave_doubt_about_the_subnets_that_follow_one if {
	main := {"is_main": true}
	document := fixtures.estate({"route_tables": [
		object.union(fixtures.table("rtb-old", [], [fixtures.to("internet_gateway", "igw-1")]), main),
		object.union(fixtures.table("rtb-new", [], [fixtures.to("nat_gateway", "nat-1")]), main),
		fixtures.table("rtb-pub", ["pub"], [fixtures.to("internet_gateway", "igw-1")]),
	]})
	{[wait.name, wait.reason] | some wait in _path(document).waits} == {[
		"vpc-1",
		"with the main tables rtb-new and rtb-old at once",
	]}
	egress.route_table("pub", "vpc-1") == "rtb-pub" with input as document
}

test_what_answers_contradict_each_other_about_is_neither_there_nor_missing if {
	every kind, parts in {
		"nat_gateways": {"nat_gateways": []},
		"internet_gateways": {"internet_gateways": []},
		"route_tables": {"route_tables": [fixtures.table("rtb-pub", ["pub"], [fixtures.to("internet_gateway", "igw-1")])]},
	} {
		document := fixtures.estate(parts)
		subject := {"nat_gateways": "nat-1", "internet_gateways": "igw-1", "route_tables": "app"}[kind]
		path := _path(object.union(document, {"coverage": array.concat(document.coverage, [{
			"kind": kind,
			"subject": subject,
			"status": "contradictory",
			"waits_for": [subject],
			"reason": "two answers differ",
		}])}))
		[path.state, {wait.status | some wait in path.waits}] == ["unknown", {"contradictory"}]
	}
}

test_table_is_undefined_where_it_was_not_read if {
	not egress.route_table("app", "vpc-1") with input as fixtures.estate({"route_tables": []})
	egress.route_table("app", "vpc-1") == "rtb-app" with input as fixtures.estate({})
}

# Gateway Load Balancer endpoints

test_a_firewall_before_the_nat_is_followed if {
	document := _behind_firewalls([fixtures.to("nat_gateway", "nat-1")], [fixtures.to("internet_gateway", "igw-1")])
	_path(document).state == "works"
	_path(document).hops == [
		{"id": "rtb-app", "kind": "route_table", "state": "active"},
		{"id": "vpce-fw", "kind": "vpc_endpoint", "state": "available"},
		{"id": "rtb-fw", "kind": "route_table", "state": "active"},
		{"id": "nat-1", "kind": "nat_gateway", "state": "available"},
		{"id": "rtb-pub", "kind": "route_table", "state": "active"},
		{"id": "igw-1", "kind": "internet_gateway", "state": "attached"},
	]
}

test_a_firewall_behind_the_nat_is_followed if {
	document := fixtures.estate({
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("pub", "a"), fixtures.subnet("fw", "a")],
		"route_tables": array.concat(
			fixtures.tables([fixtures.to("nat_gateway", "nat-1")], [fixtures.to("vpc_endpoint", "vpce-fw")]),
			[fixtures.table("rtb-fw", ["fw"], [fixtures.to("internet_gateway", "igw-1")])],
		),
		"vpc_endpoints": [fixtures.firewall("vpce-fw", "fw")],
	})
	_path(document).state == "works"
	[hop.id | some hop in _path(document).hops] == ["rtb-app", "nat-1", "rtb-pub", "vpce-fw", "rtb-fw", "igw-1"]
}

test_a_firewall_without_a_nat_ends_at_the_internet_gateway if {
	document := _behind_firewalls([fixtures.to("internet_gateway", "igw-1")], [])
	[_path(document).state, _path(document).cause, _path(document).root] == ["none", "public_subnet", "rtb-fw"]
}

# the function's own subnet has a default route: that is no isolation
test_a_firewall_that_leads_nowhere_is_a_fault if {
	document := _behind_firewalls([], [])
	[_path(document).state, _path(document).cause] == ["none", "no_default_route"]
	not _path(document).is_isolated
}

test_a_loop_of_firewalls_is_unknown if {
	document := _behind_firewalls([fixtures.to("vpc_endpoint", "vpce-fw")], [])
	_path(document).state == "unknown"
	{[wait.status, wait.name] | some wait in _path(document).waits} == {["opaque", "vpce-fw"]}
}

test_an_unread_firewall_waits_for_the_endpoints if {
	document := object.union(_behind_firewalls([], []), {"vpc_endpoints": []})
	path := _path(fixtures.denied(document, {"vpc_endpoints": "ec2:DescribeVpcEndpoints"}))
	path.state == "unknown"
	{[wait.status, wait.name] | some wait in path.waits} == {["unknown", "ec2:DescribeVpcEndpoints"]}
	path.hops[1] == {"id": "vpce-fw", "kind": "vpc_endpoint", "state": "unknown"}
}

test_a_firewall_whose_state_aws_did_not_say_is_unseen if {
	document := object.union(
		_behind_firewalls([fixtures.to("nat_gateway", "nat-1")], []),
		{"vpc_endpoints": [object.remove(fixtures.firewall("vpce-fw", "fw"), ["state"])]},
	)
	path := _path(document)
	path.hops[1] == {"id": "vpce-fw", "kind": "vpc_endpoint", "state": "unknown"}
	path.waits == {{"status": "undecidable", "name": "vpce-fw", "reason": "no State"}}
}

test_a_firewall_that_is_not_available_is_not_followed if {
	firewall := object.union(fixtures.firewall("vpce-fw", "fw"), {"state": "pending"})
	document := object.union(_behind_firewalls([fixtures.to("nat_gateway", "nat-1")], []), {"vpc_endpoints": [firewall]})
	{[wait.status, wait.name] | some wait in _path(document).waits} == {["opaque", "vpce-fw"]}
}

_state_and_cause(routes) := [_path_by(routes).state, _path_by(routes).cause]

_targets(routes) := [hop.id | some hop in _path_by(routes).hops]

_waits(routes) := {[wait.status, wait.name] | some wait in _path_by(routes).waits}

_path_by(routes) := _path(_with_routes(routes))

_half(destination, kind, id) := object.union(fixtures.to(kind, id), {"destination": destination})

_with_routes(routes) := object.union(document, {"coverage": array.concat(document.coverage, [{
	"kind": "prefix_list_entries",
	"subject": id,
	"status": "unknown",
	"waits_for": ["ec2:GetManagedPrefixListEntries"],
} |
	some id in ["pl-unread", "pl-aws"]
])}) if {
	document := fixtures.estate({
		"route_tables": fixtures.tables(routes, [fixtures.to("internet_gateway", "igw-1")]),
		"prefix_lists": [
			{"id": "pl-all", "cidrs": ["0.0.0.0/0"]},
			{"id": "pl-every", "cidrs": ["10.0.0.0/8", "0.0.0.0/0"]},
			{"id": "pl-halves", "cidrs": ["0.0.0.0/1", "128.0.0.0/1"]},
			{"id": "pl-some", "cidrs": ["10.0.0.0/8"]},
			{"id": "pl-aws", "owner_id": "AWS", "cidrs": []},
		],
	})
}

_behind_firewalls(firewall_routes, pub_routes) := fixtures.estate({
	"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("pub", "a"), fixtures.subnet("fw", "a")],
	"route_tables": array.concat(
		fixtures.tables([fixtures.to("vpc_endpoint", "vpce-fw")], pub_routes),
		[fixtures.table("rtb-fw", ["fw"], firewall_routes)],
	),
	"vpc_endpoints": [fixtures.firewall("vpce-fw", "fw")],
})
