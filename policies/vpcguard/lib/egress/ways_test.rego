package vpcguard.lib.egress_test

import data.vpcguard.lib.fixtures_test as fixtures

# the zones of a transit gateway's attachment

test_none_over_a_transit_gateway_that_the_zone_does_not_reach if {
	document := object.union(_app_routes([fixtures.to("transit_gateway", "tgw-1")]), {"subnets": [
		fixtures.subnet("app", "a"),
		fixtures.subnet("far", "b"),
	]})
	trusted := _trusting(document, [{"transit_gateway": "tgw-1"}])
	far := {"transit_gateway_attachments": [fixtures.attachment("tgw-1", ["far"])]}
	_short(object.union(trusted, far)) == ["none", "transit_gateway_zone", "tgw-attach-tgw-1", set()]
	pending := {"transit_gateway_attachments": [object.union(fixtures.attachment("tgw-1", ["app"]), {"state": "pending"})]}
	_short(object.union(trusted, pending)) == ["none", "transit_gateway_zone", "tgw-1", set()]
	other := {"transit_gateway_attachments": [fixtures.attachment("tgw-2", ["app"])]}
	_short(object.union(trusted, other)) == ["none", "transit_gateway_zone", "tgw-1", set()]
	near := {"transit_gateway_attachments": [fixtures.attachment("tgw-1", ["far", "app"])]}
	_short(object.union(trusted, near)) == ["works", "", "", set()]
}

test_a_transit_gateway_whose_zones_are_not_known if {
	document := _app_routes([fixtures.to("transit_gateway", "tgw-1")])
	trusted := _trusting(document, [{"transit_gateway": "tgw-1"}])
	unread := {"transit_gateway_attachments": "ec2:DescribeTransitGatewayVpcAttachments"}
	without := {"transit_gateway_attachments": []}
	_short(fixtures.denied(object.union(trusted, without), unread)) == [
		"unknown",
		"",
		"",
		{["unknown", "ec2:DescribeTransitGatewayVpcAttachments"]},
	]

	# it is in doubt anyway, and needs no read
	_short(fixtures.denied(object.union(document, without), unread)) == ["unknown", "", "", {["opaque", "tgw-1"]}]
	_path(fixtures.denied(trusted, unread)).state == "works"
	modifying := [object.union(fixtures.attachment("tgw-1", ["app"]), {"state": "modifying"})]
	_short(object.union(trusted, {"transit_gateway_attachments": modifying})) == [
		"unknown",
		"",
		"",
		{["undecidable", "tgw-1"]},
	]
	unseen := {"transit_gateway_attachments": [fixtures.attachment("tgw-1", ["hidden"])]}
	_short(fixtures.denied(object.union(trusted, unseen), {"subnets": "ec2:DescribeSubnets"})) == [
		"unknown",
		"",
		"",
		{["unknown", "ec2:DescribeSubnets"]},
	]
	zoneless := {"subnets": [object.remove(fixtures.subnet("app", "a"), ["zone_id"])]}
	_short(object.union(trusted, zoneless)) == ["unknown", "", "", {["opaque", "ec2:DescribeSubnets"]}]
}

# the Automatic Internet Firewall

test_works_likely_behind_an_internet_firewall if {
	every connectivity in ["flexible", "outbound-only"] {
		document := _inspected(connectivity, {"firewall_id": "arn:fw", "firewall_status": "active"})
		_short(document) == ["works", "", "", set()]
		_path(document).hops[1] == {"id": "arn:fw", "kind": "internet_firewall", "state": "likely"}
		_short(object.union(document, {"internet_gateways": []}))[1] == "internet_gateway_detached"
	}
}

test_public_where_an_internet_firewall_leaves_the_subnet_out if {
	every connectivity in ["bidirectional", "exclude", "az-unsupported"] {
		document := _inspected(connectivity, {"firewall_id": "arn:fw", "firewall_status": "active"})
		_short(document) == ["none", "public_subnet", "rtb-app", set()]
	}
}

test_unknown_behind_an_internet_firewall_that_is_not_settled if {
	every pair in [
		["flexible", {"firewall_status": "pending"}],
		["outbound-only", {"firewall_status": "disabling"}],
		["flexible", {}],
		["something-new", {"firewall_status": "active"}],
		["not read: botocore 1.44.5", {}],
	] {
		_short(_inspected(pair[0], pair[1])) == ["unknown", "internet_firewall", "", {["undecidable", "app"]}]
	}
	route := object.union(fixtures.to("internet_gateway", "igw-1"), {"firewall_status": "active"})
	_short(_app_routes([route])) == ["unknown", "internet_firewall", "", {["undecidable", "app"]}]
	firewall := {"firewall_id": "arn:fw", "firewall_status": "active"}
	_path(object.union(_inspected("flexible", firewall), {"subnets": [object.union(fixtures.subnet("app", "a"), {
		"internet_firewall": "flexible",
		"internet_gateway_block_mode": "block-ingress",
	})]})).state == "unknown"
}

test_unknown_behind_a_firewall_whose_subnet_was_not_read if {
	document := fixtures.estate({
		"subnets": [fixtures.subnet("app", "a")],
		"route_tables": [
			fixtures.table("rtb-app", ["app"], [fixtures.to("vpc_endpoint", "vpce-fw")]),
			fixtures.table("rtb-fw", ["fw"], [fixtures.to("internet_gateway", "igw-1")]),
		],
		"vpc_endpoints": [fixtures.firewall("vpce-fw", "fw")],
	})
	_short(document) == ["none", "public_subnet", "rtb-fw", set()]
	_short(fixtures.denied(document, {"subnets": "ec2:DescribeSubnets"})) == [
		"unknown",
		"internet_firewall",
		"",
		{["unknown", "ec2:DescribeSubnets"]},
	]
}

# a firewall that is a NAT gateway's, and a proxy

test_a_firewall_of_a_nat_gateway_leads_on_to_it if {
	_short(_nat_firewall("attached")) == ["works", "", "", set()]
	[hop.id | some hop in _path(_nat_firewall("attached")).hops] == ["rtb-app", "vpce-fw", "nat-1", "rtb-pub", "igw-1"]
	_path(_nat_firewall("attached")).nat_ids == {"nat-1"}
	_short(_nat_firewall("attaching")) == ["unknown", "", "", {["undecidable", "vpce-fw"]}]
	stateless := {"nat_gateways": [fixtures.nat_gateway({"appliances": [{"endpoint_id": "vpce-fw"}]})]}
	_short(object.union(_nat_firewall("attached"), stateless)) == ["unknown", "", "", {["undecidable", "vpce-fw"]}]
	dead := {"nat_gateways": [object.union(_nat_firewall("attached").nat_gateways[0], {"state": "deleted"})]}
	_short(object.union(_nat_firewall("attached"), dead)) == ["none", "nat_unavailable", "nat-1", set()]
	unread := fixtures.denied(
		object.union(_nat_firewall("attached"), {"nat_gateways": []}),
		{"nat_gateways": "ec2:DescribeNatGateways"},
	)
	_short(unread) == ["unknown", "", "", {["unknown", "ec2:DescribeNatGateways"]}]
}

test_a_proxy_needs_no_default_route if {
	document := object.union(_nat_firewall("attached"), {"route_tables": fixtures.tables([], [])})
	_short(document) == ["unknown", "explicit_proxy", "", {["opaque", "nat-1"]}]
	_path(document).is_isolated
	_path(_trusting(document, [{"proxy": "vpc-1"}])).state == "works"
	_path(_trusting(document, [{"proxy": "vpc-2"}])).state == "unknown"
	untyped := {"nat_gateways": [fixtures.nat_gateway({"appliances": [{}]})]}
	_short(object.union(document, untyped))[1] == "explicit_proxy"
	detached := object.union(_nat_firewall("detached"), {"route_tables": fixtures.tables([], [])})
	_short(detached) == ["none", "no_default_route", "rtb-app", set()]
	half := object.union(fixtures.to("nat_gateway", "nat-1"), {"destination": "0.0.0.0/1"})
	halved := object.union(document, {"route_tables": fixtures.tables([half], [])})
	_short(halved) == ["unknown", "explicit_proxy", "", {["opaque", "nat-1"]}]
	not _path(halved).is_isolated
	unread := fixtures.denied(_app_routes([]), {"nat_gateways": "ec2:DescribeNatGateways"})
	_short(unread) == ["unknown", "", "", {["unknown", "ec2:DescribeNatGateways"]}]
	_path(unread).is_isolated
}

# what was detached from a NAT gateway is a firewall like others
test_a_detached_firewall_is_followed_into_its_subnet if {
	_short(_nat_firewall("detached")) == ["none", "public_subnet", "rtb-pub", set()]
	[hop.id | some hop in _path(_nat_firewall("detached")).hops] == ["rtb-app", "vpce-fw", "rtb-pub", "igw-1"]
}

test_half_a_default_route_is_no_isolation if {
	half := object.union(fixtures.to("nat_gateway", "nat-1"), {"destination": "0.0.0.0/1"})
	_short(_app_routes([half])) == ["none", "no_default_route", "rtb-app", set()]
	not _path(_app_routes([half])).is_isolated
}

test_a_trusted_firewall_is_not_followed if {
	document := fixtures.estate({
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("pub", "a"), fixtures.subnet("fw", "a")],
		"route_tables": array.concat(
			fixtures.tables([fixtures.to("vpc_endpoint", "vpce-fw")], []),
			[fixtures.table("rtb-fw", ["fw"], [])],
		),
		"vpc_endpoints": [fixtures.firewall("vpce-fw", "fw")],
	})
	_path(document).state == "none"
	_path(_trusting(document, [{"gateway_load_balancer": "vpce-fw"}])).state == "works"

	# it may be a NAT gateway's, whose way goes on
	every endpoints in [document.vpc_endpoints, []] {
		unread := fixtures.denied(
			object.union(document, {"nat_gateways": [], "vpc_endpoints": endpoints}),
			{"nat_gateways": "ec2:DescribeNatGateways"},
		)
		path := _path(_trusting(unread, [{"gateway_load_balancer": "vpce-fw"}]))
		[path.state, {wait.name | some wait in path.waits}] == ["unknown", {"ec2:DescribeNatGateways"}]
	}
	behind := object.union(document, {"route_tables": array.concat(
		fixtures.tables([fixtures.to("nat_gateway", "nat-1")], [fixtures.to("vpc_endpoint", "vpce-fw")]),
		[fixtures.table("rtb-fw", ["fw"], [])],
	)})
	_path(behind).state == "none"
	_path(_trusting(behind, [{"gateway_load_balancer": "vpce-fw"}])).state == "works"
}

_inspected(connectivity, more) := object.union(
	_app_routes([object.union(fixtures.to("internet_gateway", "igw-1"), more)]),
	{"subnets": [object.union(fixtures.subnet("app", "a"), {"internet_firewall": connectivity})]},
)

_nat_firewall(state) := fixtures.estate({
	"route_tables": fixtures.tables(
		[fixtures.to("vpc_endpoint", "vpce-fw")],
		[fixtures.to("internet_gateway", "igw-1")],
	),
	"vpc_endpoints": [fixtures.firewall("vpce-fw", "pub")],
	"nat_gateways": [fixtures.nat_gateway({"appliances": [{
		"type": "network-firewall-proxy",
		"endpoint_id": "vpce-fw",
		"state": state,
	}]})],
})
