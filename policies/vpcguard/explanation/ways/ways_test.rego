package vpcguard.explanation.ways_test

import data.vpcguard.explanation.ways
import data.vpcguard.lib.egress
import data.vpcguard.lib.fixtures_test as fixtures

test_a_way_that_works_is_drawn_hop_by_hop if {
	drawn := ways.of with input as fixtures.estate({})
	drawn == {"orders": [{
		"family": "ipv4",
		"state": "works",
		"text": "The way to the internet works.",
		"subnets": [{"subnet_id": "app", "text": "app (eu-west-1a)"}],
		"hops": [
			{"id": "rtb-app", "text": "rtb-app", "about": "route table", "mark": "passed"},
			{"id": "nat-1", "text": "nat-1", "about": "NAT gateway in eu-west-1a", "mark": "passed"},
			{"id": "rtb-pub", "text": "rtb-pub", "about": "route table", "mark": "passed"},
			{"id": "igw-1", "text": "igw-1", "about": "internet gateway", "mark": "passed"},
			{"id": "internet", "text": "the internet", "about": "", "mark": "passed"},
		],
		"faults": [],
		"waits_for": set(),
	}]}
}

test_every_fault_is_marked_and_stands_in_the_order_of_repair_in_awss_own_words if {
	failed := fixtures.nat_gateway({
		"name": "egress-a",
		"state": "failed",
		"failure_code": "Gateway.NotAttached",
		"failure_message": "no Internet gateway attached",
	})
	way := _way(fixtures.estate({"nat_gateways": [failed], "internet_gateways": []}))
	way.text == "The way to the internet is broken at nat-1 (egress-a), then at igw-1."
	_drawn(way) == [
		["rtb-app", "route table", "passed"],
		[
			"nat-1 (egress-a)",
			"NAT gateway in eu-west-1a, failed. AWS says: Gateway.NotAttached: no Internet gateway attached",
			"broken",
		],
		["rtb-pub", "route table", "beyond"],
		["igw-1", "internet gateway, not attached to the VPC", "broken"],
		["the internet", "not reached", "beyond"],
	]
	way.faults == [
		{
			"id": "nat-1",
			"text": "0.0.0.0/0 goes to nat-1 (egress-a), which has failed (Gateway.NotAttached: no Internet gateway attached)",
			"repair": concat(" ", [
				"Replace nat-1 (egress-a) by a NAT gateway that is available,",
				"and point the default route to it.",
			]),
		},
		{
			"id": "igw-1",
			"text": "the way leads to igw-1, which is not attached to the VPC",
			"repair": "Attach igw-1 to the VPC.",
		},
	]
}

test_what_a_route_leads_to_is_marked_and_moving_is_the_repair if {
	way := _way(_app([fixtures.to("internet_gateway", "igw-1")]))
	_drawn(way)[1] == [
		"igw-1",
		"internet gateway, serves public addresses only, and Lambda's interfaces have none",
		"broken",
	]
	[fault.repair | some fault in way.faults] == [""]
	black_hole := _way(_app([object.union(fixtures.to("nat_gateway", "nat-2"), {"state": "blackhole"})]))
	array.slice(_drawn(black_hole), 0, 2) == [
		["rtb-app", "route table, its default route is what AWS calls a black hole", "passed"],
		["nat-2", "NAT gateway, gone, detached or stopped", "broken"],
	]
}

test_an_internet_gateway_that_was_not_read_serves_no_subnet_either if {
	document := object.union(_app([fixtures.to("internet_gateway", "igw-1")]), {"internet_gateways": []})
	drawn := _drawn(_way(fixtures.denied(document, {"internet_gateways": "ec2:DescribeInternetGateways"})))
	drawn[1] == [
		"igw-1",
		"internet gateway, serves public addresses only, and Lambda's interfaces have none",
		"broken",
	]
}

test_a_proxy_that_clients_name_may_be_a_way_out if {
	proxy := fixtures.nat_gateway({"appliances": [{"type": "network-firewall-proxy", "state": "attached"}]})
	way := _way(object.union(_app([]), {"nat_gateways": [proxy]}))
	way.state == "unknown"
	startswith(way.text, "Not known whether there is a way to the internet, because of ")
	_drawn(way)[1][1] == "proxy, not known"
	_drawn(way)[1][2] == "in_doubt"
}

test_a_subnet_that_was_given_no_way_out_is_no_broken_one if {
	way := _way(_app([]))
	way.text == "There is no way to the internet: no default route."
	_drawn(way) == [["rtb-app", "route table, no default route", "end"]]
}

test_half_of_a_default_route_is_a_fault if {
	half := object.union(fixtures.to("nat_gateway", "nat-1"), {"destination": "0.0.0.0/1"})
	_drawn(_way(_app([half])))[0] == [
		"rtb-app",
		"route table, a route for 0.0.0.0/1 alone, half of a default route",
		"broken",
	]
}

test_what_nobody_can_look_into_is_in_doubt if {
	way := _way(_app([fixtures.to("transit_gateway", "tgw-1")]))
	way.text == concat(" ", [
		"Not known whether there is a way to the internet,",
		"because of tgw-1 (nothing is read behind a transit gateway).",
	])
	_drawn(way) == [
		["rtb-app", "route table", "passed"],
		["tgw-1", "transit gateway, nothing is read behind it", "in_doubt"],
		["the internet", "", "in_doubt"],
	]
}

test_each_kind_of_fault_is_marked_where_it_is[kind] if {
	some kind, [document, place, about] in {
		"transit gateway": [
			object.union(_app([fixtures.to("transit_gateway", "tgw-1")]), {"transit_gateway_attachments": []}),
			1,
			"transit gateway, without an attachment in the zone",
		],
		"peering": [
			_app([fixtures.to("vpc_peering_connection", "pcx-1")]),
			1,
			"VPC peering connection, carries nothing on to the internet",
		],
		"private": [
			fixtures.estate({"nat_gateways": [fixtures.nat_gateway({"connectivity_type": "private"})]}),
			1,
			"private NAT gateway in eu-west-1a, has no way to the internet",
		],
		"table of the gateway": [
			fixtures.estate({"route_tables": fixtures.tables([fixtures.to("nat_gateway", "nat-1")], [])}),
			2,
			"route table, no default route",
		],
		"interface": [
			_app([fixtures.to("network_interface", "eni-1")]),
			1,
			"network interface, does not exist",
		],
		"block": [
			fixtures.estate({"subnets": [
				fixtures.subnet("app", "a"),
				object.union(fixtures.subnet("pub", "a"), {"internet_gateway_block_mode": "block-bidirectional"}),
			]}),
			4,
			"stops this traffic",
		],
	}
	drawn := _drawn(_way(document))
	[drawn[place][1], drawn[place][2]] == [about, "broken"]
	[one[2] | some one in array.slice(drawn, 0, place)] == ["passed" | some _ in numbers.range(1, place)]
}

test_a_nat_instance_is_likely_to_pass_on_and_needs_a_public_address if {
	drawn := _drawn(_way(_nat_instance({"public_ip": "198.51.100.2"})))
	array.slice(drawn, 1, 3) == [
		["eni-1", "network interface, likely to pass it on", "passed"],
		["i-1", "instance", "passed"],
	]
	bare := _drawn(_way(_nat_instance({})))
	[bare[1][1], bare[3]] == ["network interface", ["eni-1", "has no public address", "broken"]]
}

test_an_interface_of_lambdas_own_with_an_address_is_fragile if {
	document := fixtures.estate({
		"route_tables": fixtures.tables([fixtures.to("internet_gateway", "igw-1")], []),
		"network_interfaces": [{
			"id": "eni-l",
			"vpc_id": "vpc-1",
			"subnet_id": "app",
			"security_group_ids": ["sg-f"],
			"interface_type": "lambda",
			"is_lambda": true,
			"public_ip": "198.51.100.9",
		}],
	})
	fragile := "by its Elastic IP: not supported by AWS, and lost as soon as Lambda makes the interface anew"
	["eni-l", $"Lambda's own interface, {fragile}", "passed"] in _drawn(_way(document))
}

test_a_block_is_named_by_its_subnet if {
	blocked := object.union(fixtures.subnet("pub", "a"), {"internet_gateway_block_mode": "block-bidirectional"})
	drawn := _drawn(_way(fixtures.estate({"subnets": [fixtures.subnet("app", "a"), blocked]})))
	drawn[4][0] == "VPC Block Public Access of pub (eu-west-1a)"
}

test_subnets_share_a_way_and_others_have_their_own if {
	document := fixtures.estate({
		"functions": [fixtures.function("orders", ["app", "other", "third"], {})],
		"subnets": [
			fixtures.subnet("app", "a"),
			fixtures.subnet("other", "b"),
			fixtures.subnet("third", "c"),
			fixtures.subnet("pub", "a"),
		],
		"route_tables": [
			fixtures.table("rtb-app", ["app", "other"], [fixtures.to("nat_gateway", "nat-1")]),
			fixtures.table("rtb-third", ["third"], []),
			fixtures.table("rtb-pub", ["pub"], [fixtures.to("internet_gateway", "igw-1")]),
		],
	})
	drawn := ways.of.orders with input as document
	[[subnet.subnet_id | some subnet in way.subnets] | some way in drawn] == [["app", "other"], ["third"]]
}

test_the_way_over_ipv6_stands_beside if {
	document := _dual_stack([_ipv6("egress_only_internet_gateway", "eigw-1"), fixtures.to("nat_gateway", "nat-1")])
	drawn := ways.of.orders with input as document
	[[way.family, way.text] | some way in drawn] == [
		["ipv4", "The way to the internet works."],
		["ipv6", "The way to the internet over IPv6 works."],
	]
}

test_ipv6_without_a_route_is_not_drawn if {
	drawn := ways.of.orders with input as _dual_stack([fixtures.to("nat_gateway", "nat-1")])
	[way.family | some way in drawn] == ["ipv4"]
}

test_a_hidden_subnet_waits_for_being_read if {
	whole := fixtures.estate({"functions": [fixtures.function("orders", ["hidden"], {})], "subnets": []})
	way := _way(fixtures.denied(whole, {"subnets": "ec2:DescribeSubnets"}))
	_drawn(way) == [["the internet", "", "in_doubt"]]
	[subnet.text | some subnet in way.subnets] == ["hidden"]
}

test_where_no_subnet_is_left_there_is_no_way if {
	none := ways.of with input as fixtures.estate({"functions": [
		fixtures.function("bare", ["gone"], {}),
		fixtures.function("free", [], {}),
	]})
	none == {"bare": [], "free": []}
}

test_what_stops_the_traffic_stands_first_and_nothing_is_reached_behind_it if {
	way := _stopped(fixtures.estate({}), set())
	way.text == "The way to the internet is broken at sg-f."
	array.slice(_drawn(way), 0, 2) == [
		["sg-f", "security group, lets nothing out", "broken"],
		["rtb-app", "route table", "beyond"],
	]
	_drawn(way)[5] == ["the internet", "not reached", "beyond"]
	way.faults == [{"id": "sg-f", "text": "sg-f lets nothing out", "repair": "Let it out."}]
}

test_what_stops_the_traffic_is_repaired_before_the_way if {
	way := _stopped(fixtures.estate({"nat_gateways": [fixtures.nat_gateway({"state": "failed"})]}), {"app"})
	way.text == "The way to the internet is broken at sg-f, then at nat-1."
	[fault.id | some fault in way.faults] == ["sg-f", "nat-1"]
	[hop.mark | some hop in way.hops] == ["broken", "beyond", "broken", "beyond", "beyond", "beyond"]
}

test_an_acl_stops_what_comes_through_its_subnet if {
	_stopped(fixtures.estate({}), {"pub"}).hops[0].mark == "broken" # a NAT gateway is there
	_stopped(fixtures.estate({}), {"other"}).text == "The way to the internet works."
}

test_where_no_way_was_made_nothing_is_stopped if {
	_stopped(_app([]), set()).text == "There is no way to the internet: no default route."
}

test_a_gateway_that_leads_back_to_itself_is_marked_once if {
	back := fixtures.nat_gateway({"subnet_id": "app"})
	way := _way(fixtures.estate({"nat_gateways": [back]}))
	way.text == "The way to the internet is broken at nat-1."
	[hop.mark | some hop in way.hops] == ["passed", "broken", "beyond", "beyond", "beyond"]
}

_stopped(document, subnet_ids) := drawn[0] if {
	stop := {
		"id": "sg-f",
		"name": "sg-f",
		"about": "security group, lets nothing out",
		"text": "sg-f lets nothing out",
		"repair": "Let it out.",
		"family": "ipv4",
		"subnet_ids": subnet_ids,
	}
	drawn := ways.of.orders with input as document # regal ignore:with-outside-test-context
		with data.vpcguard.explanation.filters.stopping as {"orders": [stop]}
}

# every place that a fault could be marked at is a place of the way
test_a_cause_that_is_no_hop_breaks_the_first_of_its_kind if {
	way := _way(_app([fixtures.to("nat_gateway", "nat-1")])) with egress.over_ipv4 as {"orders": {"app": {
		"state": "none",
		"causes": [{"cause": "nat_unavailable", "id": "nat-1"}],
		"hops": [{"id": "nat-1", "kind": "nat_gateway", "state": "available"}],
		"nat_ids": {"nat-1"},
		"is_isolated": false,
		"waits": set(),
	}}}
	_drawn(way)[0] == ["nat-1", "NAT gateway in eu-west-1a", "broken"]
}

_way(document) := drawn[0] if {
	drawn := ways.of.orders with input as document # regal ignore:with-outside-test-context
}

_drawn(way) := [[hop.text, hop.about, hop.mark] | some hop in way.hops]

_app(routes) := fixtures.estate({"route_tables": fixtures.tables(routes, [fixtures.to("internet_gateway", "igw-1")])})

_nat_instance(more) := object.union(
	_app([fixtures.to("network_interface", "eni-1")]),
	{
		"network_interfaces": [object.union(
			{
				"id": "eni-1",
				"vpc_id": "vpc-1",
				"subnet_id": "pub",
				"owner_id": "111122223333",
				"interface_type": "interface",
				"is_lambda": false,
				"source_dest_check": false,
				"security_group_ids": ["sg-nat"],
				"instance_id": "i-1",
			},
			more,
		)],
		"instances": [{"id": "i-1", "vpc_id": "vpc-1", "state": "running", "subnet_ids": ["pub"], "public_ips": []}],
		"security_groups": [fixtures.group("sg-nat", [], ["10.0.0.0/16"])],
	},
)

_dual_stack(routes) := fixtures.estate({
	"functions": [fixtures.function("orders", ["app"], {"ipv6_allowed_for_dual_stack": true})],
	"subnets": [
		object.union(fixtures.subnet("app", "a"), {"ipv6_cidrs": ["2001:db8::/64"]}),
		fixtures.subnet("pub", "a"),
	],
	"route_tables": fixtures.tables(routes, [fixtures.to("internet_gateway", "igw-1")]),
	"egress_only_internet_gateways": [{
		"id": "eigw-1",
		"attachments": [{"vpc_id": "vpc-1", "state": "attached"}],
	}],
})

_ipv6(kind, id) := object.union(fixtures.to(kind, id), {"family": "ipv6", "destination": "::/0"})
