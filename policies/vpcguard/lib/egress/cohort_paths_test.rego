package vpcguard.lib.egress_test

import data.vpcguard.lib.egress
import data.vpcguard.lib.fixtures_test as fixtures

test_evidence_has_the_fixed_shape if {
	[evidence] := _evidence with input as fixtures.estate({"nat_gateways": []})
	evidence == [{
		"subnet_id": "app",
		"zone_id": "euw1-az-a",
		"state": "none",
		"cause": "nat_unavailable",
		"hops": [
			{"id": "rtb-app", "kind": "route_table", "state": "active"},
			{"id": "nat-1", "kind": "nat_gateway", "state": "missing"},
		],
	}]
	[hidden] := _evidence with input as _hidden(fixtures.estate({}))
	[[one.subnet_id, one.zone_id, one.state, one.cause] | some one in hidden] == [
		["app", "euw1-az-a", "works", null],
		["hidden", null, "unknown", null],
	]
}

test_missing_subnets_are_left_out_and_hidden_ones_unknown if {
	both := [fixtures.function("orders", ["app", "gone"], {})]
	_states(fixtures.estate({"functions": both})) == {"app": "works"}
	_states(_hidden(fixtures.estate({}))) == {"app": "works", "hidden": "unknown"}
}

test_subnets_are_sorted_by_state if {
	[subnets] := [subnets | some subnets in egress.by_state] with input as _hidden(fixtures.estate({"nat_gateways": []}))
	[subnets.works, subnets.none, subnets.unknown] == [set(), {"app"}, {"hidden"}]
	{wait.name | some wait in subnets.waits} == {"ec2:DescribeSubnets"}
}

test_roots_of_several_subnets if {
	document := fixtures.estate({"nat_gateways": []})
	[key] := [key | some key, _ in egress.of] with input as document
	egress.root_causes(key, {"app"}) == {"nat-1"} with input as document
	egress.root_causes(key, set()) == set() with input as document
}

# one repair ends the fault of all of them, or there is none to name
test_no_root_where_a_subnet_has_none if {
	halves := [
		object.union(fixtures.to("nat_gateway", "nat-1"), {"destination": "0.0.0.0/1"}),
		object.union(fixtures.to("nat_gateway", "nat-1"), {"destination": "128.0.0.0/1", "state": "blackhole"}),
	]
	document := fixtures.estate({
		"functions": [fixtures.function("orders", ["app", "pub"], {})],
		"nat_gateways": [],
		"route_tables": fixtures.tables([fixtures.to("nat_gateway", "nat-1")], halves),
	})
	[key] := [key | some key, _ in egress.of] with input as document
	egress.root_causes(key, {"app"}) == {"nat-1"} with input as document
	egress.root_causes(key, {"app", "pub"}) == set() with input as document
}

# an exclusion of the VPC ends it for all
test_the_vpc_is_the_root_where_public_access_is_blocked_in_several_subnets if {
	blocked := {"internet_gateway_block_mode": "block-bidirectional"}
	public := [object.union(fixtures.subnet(id, "a"), blocked) | some id in ["pub", "pub-2"]]
	tables := fixtures.tables([fixtures.to("nat_gateway", "nat-1")], [fixtures.to("internet_gateway", "igw-1")])
	document := fixtures.estate({
		"functions": [fixtures.function("orders", ["app", "app-2"], {})],
		"subnets": array.concat([fixtures.subnet("app", "a"), fixtures.subnet("app-2", "b")], public),
		"route_tables": array.concat(tables, [
			fixtures.table("rtb-app-2", ["app-2"], [fixtures.to("nat_gateway", "nat-2")]),
			fixtures.table("rtb-pub-2", ["pub-2"], [fixtures.to("internet_gateway", "igw-1")]),
		]),
		"nat_gateways": [fixtures.nat_gateway({}), fixtures.nat_gateway({"id": "nat-2", "subnet_id": "pub-2"})],
	})
	[key] := [key | some key, _ in egress.of] with input as document
	egress.root_causes(key, {"app"}) == {"pub"} with input as document
	egress.root_causes(key, {"app", "app-2"}) == {"vpc-1"} with input as document
}

# IPv6

test_an_egress_only_gateway_is_a_way_out if {
	document := _dual({})
	_states(document) == {"app": "works"}
	only := _ipv6_only with input as document
	only == {"app"}
	[path.hops | some paths in egress.ipv6; some path in paths] == [[
		{"id": "rtb-app", "kind": "route_table", "state": "active"},
		{"id": "eigw-1", "kind": "egress_only_internet_gateway", "state": "attached"},
	]] with input as document
}

test_ipv6_counts_only_where_allowed_and_every_subnet_is_dual_stack if {
	_states(_dual({"functions": [fixtures.function("orders", ["app"], {})]})) == {"app": "none"}
	both := [fixtures.function("orders", ["app", "pub"], {"ipv6_allowed_for_dual_stack": true})]
	_states(_dual({"functions": both})).app == "none"
	_states(_dual({"subnets": [object.union(fixtures.subnet("app", "a"), {
		"ipv6_cidrs": ["2a05::/64"],
		"is_ipv6_only": true,
	})]})) == {"app": "none"}
}

test_a_hidden_subnet_leaves_ipv6_in_doubt_where_it_would_help if {
	hidden := [fixtures.function("orders", ["app", "hidden"], {"ipv6_allowed_for_dual_stack": true})]
	denied := fixtures.denied(_dual({"functions": hidden}), {"subnets": "ec2:DescribeSubnets"})
	_states(denied).app == "unknown"
	useless := fixtures.denied(
		_dual({"functions": hidden, "egress_only_internet_gateways": []}),
		{"subnets": "ec2:DescribeSubnets"},
	)

	# the broken way is no isolation, but a subnet that is not dual-stack would leave IPv6 out
	_states(useless).app == "unknown"
	useless_4 := object.union(useless, {"route_tables": [fixtures.table("rtb-app", ["app"], [])]})
	_states(useless_4).app == "none"
}

test_no_way_over_ipv6 if {
	_states(_dual({"egress_only_internet_gateways": []})) == {"app": "none"}
	elsewhere := [{"id": "eigw-1", "attachments": [{"vpc_id": "vpc-2", "state": "attached"}]}]
	_states(_dual({"egress_only_internet_gateways": elsewhere})) == {"app": "none"}
	blocked := object.union(_subnet, {"internet_gateway_block_mode": "block-bidirectional"})
	_states(_dual({"subnets": [blocked]})) == {"app": "none"}
	every route in [
		_ipv6("internet_gateway", "igw-of-another-vpc"),
		_ipv6("vpc_peering_connection", "pcx-1"),
		object.union(_ipv6("egress_only_internet_gateway", "eigw-1"), {"state": "blackhole"}),
		object.union(_ipv6("egress_only_internet_gateway", "eigw-1"), {"destination": "2600::/16"}),
	] {
		_states(_dual({"route_tables": [fixtures.table("rtb-app", ["app"], [route])]})) == {"app": "none"}
	}
}

# where there never was another way, a broken one over IPv6 is what keeps functions in
test_a_broken_way_over_ipv6_is_no_isolation if {
	gone := object.union(_ipv6("egress_only_internet_gateway", "eigw-1"), {"state": "blackhole"})
	broken := _dual({"route_tables": [fixtures.table("rtb-app", ["app"], [gone])]})
	_causes(broken) == {["blackhole", "rtb-app", false]}
	_causes(_dual({"egress_only_internet_gateways": []})) == {["internet_gateway_detached", "eigw-1", false]}
	_causes(_dual({"route_tables": [fixtures.table("rtb-app", ["app"], [])]})) == {["no_default_route", "rtb-app", true]}
	peered := fixtures.table("rtb-app", ["app"], [fixtures.to("vpc_peering_connection", "pcx-1"), gone])
	_causes(_dual({"route_tables": [peered]})) == {["peering", "pcx-1", false]}
}

# two things are broken over IPv4, one over IPv6, and either way would do
test_one_repair_over_ipv6_is_enough if {
	routes := [
		fixtures.to("nat_gateway", "nat-1"),
		_ipv6("egress_only_internet_gateway", "eigw-1"),
	]
	document := _dual({
		"route_tables": [fixtures.table("rtb-app", ["app"], routes), fixtures.table("rtb-pub", ["pub"], [])],
		"nat_gateways": [fixtures.nat_gateway({"state": "failed"})],
		"egress_only_internet_gateways": [],
	})
	[[path.state, path.cause, path.root] | some paths in egress.of; some path in paths] == [[
		"none",
		"nat_unavailable",
		"eigw-1",
	]] with input as document
}

# addresses of IPv6 are public
test_an_internet_gateway_carries_ipv6 if {
	public := fixtures.table("rtb-app", ["app"], [
		fixtures.to("internet_gateway", "igw-1"),
		_ipv6("internet_gateway", "igw-1"),
	])
	document := _dual({"route_tables": [public]})
	_states(document) == {"app": "works"}
	{"app"} == _ipv6_only with input as document
	_states(object.union(document, {"functions": [fixtures.function("orders", ["app"], {})]})) == {"app": "none"}
	closed := object.union(_subnet, {"internet_gateway_block_mode": "block-ingress"})
	_states(object.union(document, {"subnets": [closed]})) == {"app": "none"}
}

test_unknown_over_ipv6 if {
	operations := {"egress_only_internet_gateways": "ec2:DescribeEgressOnlyInternetGateways"}
	_states(fixtures.denied(_dual({"egress_only_internet_gateways": []}), operations)) == {"app": "unknown"}
	transit := [fixtures.table("rtb-app", ["app"], [_ipv6("transit_gateway", "tgw-1")])]
	_states(_dual({"route_tables": transit})) == {"app": "unknown"}
	unread := fixtures.denied(_dual({"route_tables": []}), {"route_tables": "ec2:DescribeRouteTables"})
	_states(unread) == {"app": "unknown"}
}

test_an_unread_list_leaves_ipv6_in_doubt if {
	list := object.union(_ipv6("egress_only_internet_gateway", "eigw-1"), {"family": "prefix_list", "destination": "pl-1"})
	document := _dual({"route_tables": [fixtures.table("rtb-app", ["app"], [list])]})
	_states(fixtures.denied(document, {"prefix_list_entries": "ec2:GetManagedPrefixListEntries"})) == {"app": "unknown"}
}

test_a_way_over_ipv4_needs_no_other if {
	nat := [fixtures.to("nat_gateway", "nat-1"), _ipv6("internet_gateway", "igw-1")]
	document := _dual({"route_tables": fixtures.tables(nat, [fixtures.to("internet_gateway", "igw-1")])})
	_states(document) == {"app": "works"}
	only := _ipv6_only with input as document
	only == set()
}

_states(document) := states if {
	by_cohort := egress.of with input as document # regal ignore:with-outside-test-context
	some paths in by_cohort
	states := {id: path.state | some id, path in paths}
}

_causes(document) := found if {
	by_cohort := egress.of with input as document # regal ignore:with-outside-test-context
	found := {[path.cause, path.root, path.is_isolated] | some paths in by_cohort; some path in paths}
}

_evidence := [egress.evidence(key) | some key, _ in egress.of]

_ipv6_only := {id | some by_subnet in egress.of; some id, path in by_subnet; path.is_ipv6_only}

_hidden(document) := fixtures.denied(
	object.union(document, {"functions": [fixtures.function("orders", ["app", "hidden"], {})]}),
	{"subnets": "ec2:DescribeSubnets"},
)

_subnet := object.union(fixtures.subnet("app", "a"), {"ipv6_cidrs": ["2a05::/64"]})

_ipv6(kind, id) := object.union(fixtures.to(kind, id), {"family": "ipv6", "destination": "::/0"})

_dual(parts) := fixtures.estate(object.union(
	{
		"functions": [fixtures.function("orders", ["app"], {"ipv6_allowed_for_dual_stack": true})],
		"subnets": [_subnet, fixtures.subnet("pub", "a")],
		"route_tables": [fixtures.table("rtb-app", ["app"], [_ipv6("egress_only_internet_gateway", "eigw-1")])],
		"egress_only_internet_gateways": [{
			"id": "eigw-1",
			"attachments": [{"vpc_id": "vpc-1", "state": "attached"}],
		}],
	},
	parts,
))
