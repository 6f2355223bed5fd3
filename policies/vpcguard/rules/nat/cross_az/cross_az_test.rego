package vpcguard.rules.nat.cross_az_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.nat.cross_az as rule

test_deny_a_gateway_in_another_zone if {
	violations := rule.deny with input as _document({})
	[violation] := [violation | some violation in violations]
	violation.function == "orders"
	violation.message == concat(" ", [
		"orders leaves its zone on the way to the internet:",
		"other (eu-west-1b) goes through nat-1 in eu-west-1a.",
	])
	violation.advice == concat(" ", [
		"Make a NAT gateway in eu-west-1b, and give the subnets of each zone a route table that leads to its own;",
		"or use one regional NAT gateway.",
	])
	violation.evidence.crossing == {"other": {"nat-1"}}
	violation.root_causes == {"nat-1"}
	violation.evidence.one_nat_gateway_carries_all_zones
}

# where a zone has its own already, that is named
test_advice_names_the_gateways_that_are_there if {
	beside := fixtures.nat_gateway({"id": "nat-b", "subnet_id": "pub-b", "name": "egress-b"})
	subnets := array.concat(_document({}).subnets, [fixtures.subnet("pub-b", "b"), fixtures.subnet("far", "c")])
	document := _document({"subnets": subnets, "nat_gateways": [fixtures.nat_gateway({}), beside]})
	rest := "and give the subnets of each zone a route table that leads to its own; or use one regional NAT gateway."
	[v.advice | some v in rule.deny] == [concat(" ", [
		"Use nat-b (egress-b) in eu-west-1b,",
		rest,
	])] with input as document
	further := object.union(document, {
		"functions": [fixtures.function("orders", ["other", "far"], {})],
		"route_tables": array.concat(
			document.route_tables,
			[fixtures.table("rtb-far", ["far"], [fixtures.to("nat_gateway", "nat-1")])],
		),
	})
	[[v.message, v.advice] | some v in rule.deny] == [[
		concat(" ", [
			"orders leaves its zone on the way to the internet: far (eu-west-1c) and other (eu-west-1b)",
			"go through nat-1 in eu-west-1a.",
		]),
		concat(" ", ["Use nat-b (egress-b) in eu-west-1b, make a NAT gateway in eu-west-1c,", rest]),
	]] with input as further
}

test_evidence_tells_one_gateway_from_several if {
	tables := array.concat(
		fixtures.tables([fixtures.to("nat_gateway", "nat-1")], [fixtures.to("internet_gateway", "igw-1")]),
		[fixtures.table("rtb-other", ["other"], [fixtures.to("nat_gateway", "nat-2")])],
	)
	gateways := [fixtures.nat_gateway({}), fixtures.nat_gateway({"id": "nat-2"})]
	violations := rule.deny with input as _document({"route_tables": tables, "nat_gateways": gateways})
	[violation] := [violation | some violation in violations]
	violation.evidence.crossing == {"other": {"nat-2"}}
	violation.evidence.one_nat_gateway_carries_all_zones == false
}

test_allow_a_gateway_in_the_same_zone if {
	document := _document({"functions": [fixtures.function("orders", ["app"], {})]})
	rule.applies == {"orders"} with input as document
	_verdict(document) == [set(), set()]
}

test_allow_what_has_no_way_or_one_without_gateway if {
	gone := _document({"nat_gateways": []})
	_verdict(gone) == [set(), set()]
	opaque := _document({"route_tables": [fixtures.table(
		"rtb-app",
		["app", "other"],
		[fixtures.to("transit_gateway", "tgw-1")],
	)]})
	_verdict(opaque) == [set(), set()]
}

# half a default route or none leads to no gateway, whatever proxy may be there
test_allow_what_an_unread_gateway_is_not_on_the_way_of if {
	operations := {"nat_gateways": "ec2:DescribeNatGateways"}
	half := object.union(fixtures.to("transit_gateway", "tgw-1"), {"destination": "0.0.0.0/1"})
	every routes in [[], [half]] {
		tables := [fixtures.table("rtb-app", ["app", "other"], routes)]
		_verdict(fixtures.denied(_document({"route_tables": tables, "nat_gateways": []}), operations)) == [set(), set()]
	}
}

test_allow_a_gateway_behind_an_instance if {
	document := _document({
		"route_tables": [
			fixtures.table("rtb-app", ["app", "other"], [fixtures.to("network_interface", "eni-1")]),
			fixtures.table("rtb-pub", ["pub"], [fixtures.to("nat_gateway", "nat-1")]),
		],
		"network_interfaces": [{
			"id": "eni-1",
			"vpc_id": "vpc-1",
			"subnet_id": "pub",
			"security_group_ids": ["sg-nat"],
			"interface_type": "interface",
			"is_lambda": false,
			"source_dest_check": false,
			"instance_id": "i-1",
		}],
		"instances": [{"id": "i-1", "vpc_id": "vpc-1", "subnet_ids": ["pub"], "state": "running", "public_ips": []}],
		"security_groups": [fixtures.group("sg-nat", [], ["10.0.0.0/8"])],
	})
	_verdict(document) == [set(), set()]
}

# IPv6 meets no gateway, and takes the traffic of IPv4 away from none
test_only_ipv4_goes_through_a_gateway if {
	opaque := _dual([], [_ipv6("transit_gateway", "tgw-1")])
	_verdict(opaque) == [set(), set()]
	_verdict(_dual([fixtures.to("nat_gateway", "nat-1")], [])) == [{"orders"}, set()]
	operations := {"nat_gateways": "ec2:DescribeNatGateways"}
	every route in [_ipv6("egress_only_internet_gateway", "eigw-1"), _ipv6("transit_gateway", "tgw-1")] {
		document := object.union(_dual([fixtures.to("nat_gateway", "nat-1")], [route]), {"nat_gateways": []})
		_verdict(document) == [set(), set()]
		_verdict(fixtures.denied(document, operations)) == [set(), {"ec2:DescribeNatGateways"}]
	}
}

test_unknown_over_a_regional_gateway_without_the_zone if {
	_verdict(_regional({"zone_ids": ["euw1-az-a"]})) == [set(), {"nat-1"}]
	_verdict(_regional({"zone_ids": ["euw1-az-a", "euw1-az-b"]})) == [set(), set()]
	_verdict(_regional({"zone_ids": [], "is_automatic": true})) == [set(), set()]
}

test_unknown_where_a_subnet_was_not_read if {
	functions := [fixtures.function("orders", ["app", "hidden"], {})]
	document := fixtures.denied(_document({"functions": functions}), {"subnets": "ec2:DescribeSubnets"})
	"ec2:DescribeSubnets" in _verdict(document)[1]
}

test_unknown_where_the_gateway_was_not_read if {
	document := fixtures.denied(_document({"nat_gateways": []}), {"nat_gateways": "ec2:DescribeNatGateways"})
	_verdict(document) == [set(), {"ec2:DescribeNatGateways"}]
}

test_unknown_where_the_way_over_another_zone_is_in_doubt if {
	operations := {"internet_gateways": "ec2:DescribeInternetGateways"}
	_verdict(fixtures.denied(_document({"internet_gateways": []}), operations)) == [
		set(),
		{"ec2:DescribeInternetGateways"},
	]
	same := _document({"internet_gateways": [], "functions": [fixtures.function("orders", ["app"], {})]})
	_verdict(fixtures.denied(same, operations)) == [set(), set()]
}

test_unknown_where_the_table_was_not_read if {
	document := fixtures.denied(_document({"route_tables": []}), {"route_tables": "ec2:DescribeRouteTables"})
	_verdict(document) == [set(), {"ec2:DescribeRouteTables"}]
}

test_unknown_where_the_owner_was_not_read if {
	document := _document({"route_tables": []})
	owner := {"kind": "route_tables", "status": "unknown", "waits_for": ["444455556666"], "is_failed_read": false}
	coverage := array.concat([entry | some entry in document.coverage; entry.kind != "route_tables"], [owner])
	_verdict(object.union(document, {"coverage": coverage})) == [set(), {"444455556666"}]
	firewall := _document({"route_tables": [fixtures.table(
		"rtb-app",
		["app", "other"],
		[fixtures.to("vpc_endpoint", "vpce-1")],
	)]})
	endpoints := array.concat(
		[entry | some entry in firewall.coverage; entry.kind != "vpc_endpoints"],
		[object.union(owner, {"kind": "vpc_endpoints"})],
	)
	_verdict(object.union(firewall, {"coverage": endpoints})) == [set(), {"444455556666"}]
	halves := [fixtures.table("rtb-app", ["app", "other"], [
		object.union(fixtures.to("vpc_endpoint", "vpce-1"), {"destination": "0.0.0.0/1"}),
		object.union(fixtures.to("core_network", "arn:1"), {"destination": "128.0.0.0/1"}),
	])]
	waits := _verdict(object.union(firewall, {"coverage": endpoints, "route_tables": halves}))[1]
	"444455556666" in waits
	_verdict(object.union(document, {
		"subnets": array.concat(document.subnets, [fixtures.subnet("fw", "a")]),
		"route_tables": firewall.route_tables,
		"vpc_endpoints": [fixtures.firewall("vpce-1", "fw")],
		"coverage": coverage,
	})) == [set(), {"444455556666"}]
}

test_unknown_where_an_unread_list_may_lead_over_another_gateway if {
	list := object.union(fixtures.to("nat_gateway", "nat-2"), {"family": "prefix_list", "destination": "pl-1"})
	document := _document({
		"functions": [fixtures.function("orders", ["app"], {})],
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("pub", "a"), fixtures.subnet("far", "b")],
		"route_tables": array.concat(
			fixtures.tables([fixtures.to("nat_gateway", "nat-1"), list], [fixtures.to("internet_gateway", "igw-1")]),
			[fixtures.table("rtb-far", ["far"], [fixtures.to("internet_gateway", "igw-1")])],
		),
		"nat_gateways": [fixtures.nat_gateway({}), fixtures.nat_gateway({"id": "nat-2", "subnet_id": "far"})],
	})
	_verdict(document) == [set(), set()]
	operations := {"prefix_list_entries": "ec2:GetManagedPrefixListEntries"}
	_verdict(fixtures.denied(document, operations)) == [set(), {"ec2:GetManagedPrefixListEntries"}]
}

test_unknown_where_a_zone_is_not_known if {
	document := _document({"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("other", "b")]})
	open := object.union(document, {"block_public_access": []})
	_verdict(open) == [set(), {"ec2:DescribeSubnets"}]
	zoneless := [fixtures.subnet("pub", "a"), object.remove(fixtures.subnet("app", "a"), ["zone_id"])]
	one := _document({"functions": [fixtures.function("orders", ["app"], {})], "subnets": zoneless})
	_verdict(one) == [set(), {"ec2:DescribeSubnets"}]
}

test_unknown_where_unread_tags_decide if {
	_verdict(fixtures.denied(_document({}), {"function_tags": "tag:GetResources"})) == [set(), {"tag:GetResources"}]
}

test_not_applicable_to_the_intent_aws if {
	tagged := fixtures.function("orders", ["app", "other"], {"tags": fixtures.tags({"vpcguard:egress": "aws"})})
	rule.applies == set() with input as _document({"functions": [tagged]})
	_verdict(_document({"functions": [tagged]})) == [set(), set()]
}

_document(parts) := fixtures.estate(object.union(
	{
		"functions": [fixtures.function("orders", ["app", "other"], {})],
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("other", "b"), fixtures.subnet("pub", "a")],
		"route_tables": [
			fixtures.table("rtb-app", ["app", "other"], [fixtures.to("nat_gateway", "nat-1")]),
			fixtures.table("rtb-pub", ["pub"], [fixtures.to("internet_gateway", "igw-1")]),
		],
	},
	parts,
))

_dual(over_ipv4, over_ipv6) := _document({
	"functions": [fixtures.function("orders", ["app", "other"], {"ipv6_allowed_for_dual_stack": true})],
	"subnets": array.concat(
		[object.union(fixtures.subnet(zone[0], zone[1]), {"ipv6_cidrs": ["2a05::/64"]}) |
			some zone in [["app", "a"], ["other", "b"]]
		],
		[fixtures.subnet("pub", "a")],
	),
	"route_tables": [
		fixtures.table("rtb-app", ["app", "other"], array.concat(over_ipv4, over_ipv6)),
		fixtures.table("rtb-pub", ["pub"], [fixtures.to("internet_gateway", "igw-1")]),
	],
	"egress_only_internet_gateways": [{
		"id": "eigw-1",
		"attachments": [{"vpc_id": "vpc-1", "state": "attached"}],
	}],
})

_ipv6(kind, id) := object.union(fixtures.to(kind, id), {"family": "ipv6", "destination": "::/0"})

_regional(more) := _document({"nat_gateways": [object.union_n([
	object.remove(fixtures.nat_gateway({}), ["subnet_id"]),
	{"is_regional": true},
	more,
])]})

_verdict(document) := [denied, waits] if {
	violations := rule.deny with input as document # regal ignore:with-outside-test-context
	unknowns := rule.unknown with input as document # regal ignore:with-outside-test-context
	denied := {violation.function | some violation in violations}
	waits := {wait.name | some one in unknowns; some wait in one.waits}
}
