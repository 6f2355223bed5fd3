package vpcguard.rules.nat.around_inspection_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.nat.around_inspection as rule

test_deny_a_way_past_every_point if {
	violations := rule.deny with input as _document({})
	[violation] := [violation | some violation in violations]
	violation.message == concat(" ", [
		"orders leaves the VPC from app (eu-west-1a) past every inspection point of the configuration",
		"(tgw-1 and vpce-fw).",
	])
	violation.advice == "Route the default traffic of this subnet through one of the inspection points."
	violation.root_causes == {"rtb-app"}
	violation.evidence.around == {"app"}
	violation.evidence.inspection == {"tgw-1", "vpce-fw"}
	violation.evidence.subnets[0].state == "works"
}

test_allow_a_way_through_a_point if {
	_verdict(_behind_firewall({})) == [set(), set()]
	transit := {"route_tables": fixtures.tables([fixtures.to("transit_gateway", "tgw-1")], [])}
	_verdict(_document(transit)) == [set(), set()]
}

# nothing leaves, so that nothing leads around
test_allow_what_does_not_lead_out if {
	_verdict(_document({"nat_gateways": []})) == [set(), set()]
}

test_deny_around_over_ipv6 if {
	to_gateway := object.union(fixtures.to("egress_only_internet_gateway", "eigw-1"), {
		"family": "ipv6",
		"destination": "::/0",
	})
	document := _behind_firewall({
		"functions": [fixtures.function("orders", ["app"], {"ipv6_allowed_for_dual_stack": true})],
		"subnets": [
			object.union(fixtures.subnet("app", "a"), {"ipv6_cidrs": ["2001:db8::/64"]}),
			fixtures.subnet("pub", "a"),
			fixtures.subnet("fw", "a"),
		],
		"route_tables": array.concat(
			fixtures.tables(
				[fixtures.to("vpc_endpoint", "vpce-fw"), to_gateway],
				[fixtures.to("internet_gateway", "igw-1")],
			),
			[fixtures.table("rtb-fw", ["fw"], [fixtures.to("nat_gateway", "nat-1")])],
		),
		"egress_only_internet_gateways": [{"id": "eigw-1", "attachments": [{"vpc_id": "vpc-1", "state": "attached"}]}],
	})
	_verdict(document) == [{"orders"}, set()]
}

test_unknown_where_the_way_is_or_parts_go_apart if {
	elsewhere := {"route_tables": fixtures.tables([fixtures.to("virtual_private_gateway", "vgw-1")], [])}
	_verdict(_document(elsewhere)) == [set(), {"vgw-1"}]
	hidden := _document({"functions": [fixtures.function("orders", ["app", "hidden"], {})], "nat_gateways": []})
	_verdict(fixtures.denied(hidden, {"subnets": "ec2:DescribeSubnets"})) == [set(), {"ec2:DescribeSubnets"}]
	halves := _behind_firewall({"route_tables": array.concat(
		fixtures.tables(
			[
				object.union(fixtures.to("vpc_endpoint", "vpce-fw"), {"destination": "0.0.0.0/1"}),
				object.union(fixtures.to("nat_gateway", "nat-1"), {"destination": "128.0.0.0/1"}),
			],
			[fixtures.to("internet_gateway", "igw-1")],
		),
		[fixtures.table("rtb-fw", ["fw"], [fixtures.to("nat_gateway", "nat-1")])],
	)})
	_verdict(halves) == [set(), {"rtb-app"}]
}

test_not_applicable_where_no_points_are_named if {
	rule.applies == {"orders"} with input as _document({})
	rule.applies == set() with input as fixtures.estate({})
	_verdict(fixtures.estate({})) == [set(), set()]
}

_document(parts) := fixtures.estate(object.union(
	{"config": {"version": 1, "inspection": [{"firewall_endpoint": "vpce-fw"}, {"transit_gateway": "tgw-1"}]}},
	parts,
))

_behind_firewall(parts) := _document(object.union(
	{
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("pub", "a"), fixtures.subnet("fw", "a")],
		"route_tables": array.concat(
			fixtures.tables([fixtures.to("vpc_endpoint", "vpce-fw")], [fixtures.to("internet_gateway", "igw-1")]),
			[fixtures.table("rtb-fw", ["fw"], [fixtures.to("nat_gateway", "nat-1")])],
		),
		"vpc_endpoints": [fixtures.firewall("vpce-fw", "fw")],
	},
	parts,
))

_verdict(document) := [denied, waits] if {
	violations := rule.deny with input as document # regal ignore:with-outside-test-context
	unknowns := rule.unknown with input as document # regal ignore:with-outside-test-context
	denied := {violation.function | some violation in violations}
	waits := {wait.name | some one in unknowns; some wait in one.waits}
}
