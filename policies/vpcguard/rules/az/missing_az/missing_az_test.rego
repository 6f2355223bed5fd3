package vpcguard.rules.az.missing_az_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.az.missing_az as rule

test_deny_a_zone_with_a_subnet_of_the_same_kind if {
	violations := rule.deny with input as _document({})
	violations == {{
		"function": "orders",
		"message": concat(" ", [
			"orders leaves out a zone that its network offers: other (eu-west-1b) is of the same kind as its subnets.",
			"Add it to the function's VPC configuration, if it is meant for functions.",
		]),
		"evidence": {
			"zone_ids": {"euw1-az-b"},
			"candidate_subnet_ids": {"other"},
			"subnet_ids": {"app"},
		},
	}}
}

test_message_of_two_zones if {
	document := _document({
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("other", "b"), fixtures.subnet("third", "c")],
		"route_tables": [fixtures.table("rtb-app", ["app", "other", "third"], [])],
	})
	[violation.message | some violation in rule.deny] == [concat(" ", [
		"orders leaves out zones that its network offers: other (eu-west-1b) and third (eu-west-1c) are of the same kind as",
		"its subnets. Add one of each zone to the function's VPC configuration, if they are meant for functions.",
	])] with input as document
}

test_allow_where_every_zone_is_used if {
	both := _document({"functions": [fixtures.function("orders", ["app", "other"], {})]})
	rule.applies == {"orders"} with input as both
	_verdict(both) == [set(), set()]
}

test_allow_where_the_other_subnet_is_of_another_kind if {
	every routes in [
		[],
		[fixtures.to("internet_gateway", "igw-1")],
		[fixtures.to("transit_gateway", "tgw-1")],
		[object.union(fixtures.to("nat_gateway", "nat-1"), {"state": "blackhole"})],
	] {
		_verdict(_document({"route_tables": _tables([fixtures.to("nat_gateway", "nat-1")], routes)})) == [set(), set()]
	}
}

test_allow_where_the_other_subnet_differs_in_owner_stack_vpc_or_state if {
	every more in [
		{"owner_id": "444455556666"},
		{"ipv6_cidrs": ["2a05::/64"]},
		{"is_ipv6_only": true},
		{"vpc_id": "vpc-2"},
		{"state": "pending"},
		{"zone_id": "euw1-az-a"},
	] {
		other := object.union(fixtures.subnet("other", "b"), more)
		_verdict(_document({"subnets": [fixtures.subnet("app", "a"), other, fixtures.subnet("pub", "a")]})) == [set(), set()]
	}
}

test_deny_the_same_opaque_target_and_another_gateway_of_the_same_kind if {
	transit := _tables([fixtures.to("transit_gateway", "tgw-1")], [fixtures.to("transit_gateway", "tgw-1")])
	_verdict(_document({"route_tables": transit})) == [{"orders"}, set()]
	gateways := _tables([fixtures.to("nat_gateway", "nat-1")], [fixtures.to("nat_gateway", "nat-2")])
	_verdict(_document({"route_tables": gateways})) == [{"orders"}, set()]
	isolated := _tables([], [])
	_verdict(_document({"route_tables": isolated})) == [{"orders"}, set()]
}

test_allow_another_opaque_target if {
	transit := _tables([fixtures.to("transit_gateway", "tgw-1")], [fixtures.to("transit_gateway", "tgw-2")])
	_verdict(_document({"route_tables": transit})) == [set(), set()]
}

test_unknown_where_the_table_of_the_only_candidate_was_not_read if {
	tables := [fixtures.table("rtb-app", ["app"], [fixtures.to("nat_gateway", "nat-1")])]
	document := fixtures.denied(_document({"route_tables": tables}), {"route_tables": "ec2:DescribeRouteTables"})
	_verdict(document) == [set(), {"ec2:DescribeRouteTables"}]
}

# another candidate decides
test_deny_whatever_the_unread_table_holds if {
	tables := [fixtures.table("rtb-app", ["app", "other"], [fixtures.to("nat_gateway", "nat-1")])]
	subnets := [fixtures.subnet("app", "a"), fixtures.subnet("other", "b"), fixtures.subnet("third", "c")]
	document := fixtures.denied(
		_document({"route_tables": tables, "subnets": subnets}),
		{"route_tables": "ec2:DescribeRouteTables"},
	)
	_verdict(document) == [{"orders"}, set()]
}

test_unknown_where_the_functions_own_table_was_not_read if {
	tables := [fixtures.table("rtb-other", ["other"], [fixtures.to("nat_gateway", "nat-1")])]
	document := fixtures.denied(_document({"route_tables": tables}), {"route_tables": "ec2:DescribeRouteTables"})
	_verdict(document) == [set(), {"ec2:DescribeRouteTables"}]
}

# behind the endpoint may lie the NAT gateway that the other subnet leads to
test_unknown_where_an_endpoint_on_the_way_was_not_read if {
	operations := {"vpc_endpoints": "ec2:DescribeVpcEndpoints"}
	firewall := fixtures.to("vpc_endpoint", "vpce-1")
	apart := _document({"route_tables": _tables([firewall], [fixtures.to("nat_gateway", "nat-1")])})
	_verdict(fixtures.denied(apart, operations)) == [set(), {"ec2:DescribeVpcEndpoints"}]
	together := _document({"route_tables": _tables([firewall], [firewall])})
	_verdict(fixtures.denied(together, operations)) == [{"orders"}, set()]
}

test_unknown_where_a_hidden_subnet_may_use_the_zone if {
	hidden := {"functions": [fixtures.function("orders", ["app", "hidden"], {})]}
	document := fixtures.denied(_document(hidden), {"subnets": "ec2:DescribeSubnets"})
	_verdict(document) == [set(), {"ec2:DescribeSubnets"}]
	third := object.union(_document(hidden), {
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("other", "b"), fixtures.subnet("third", "c")],
		"route_tables": [fixtures.table("rtb-app", ["app", "other", "third"], [])],
	})
	_verdict(fixtures.denied(third, {"subnets": "ec2:DescribeSubnets"})) == [{"orders"}, set()]
}

test_unknown_where_a_subnet_without_a_zone_may_use_it if {
	document := _document({})
	zoneless := object.union(document, {"subnets": [one |
		some subnet in document.subnets
		one := {true: object.remove(subnet, ["zone_id"]), false: subnet}[subnet.id == "app"]
	]})
	_verdict(zoneless) == [set(), {"ec2:DescribeSubnets"}]
}

test_allow_any_zone_where_the_vpc_offers_no_other_subnet if {
	_verdict(_document({"subnets": [object.remove(fixtures.subnet("app", "a"), ["zone_id"])]})) == [set(), set()]
}

test_unknown_where_other_subnets_may_not_have_been_listed if {
	both := _document({"functions": [fixtures.function("orders", ["app", "other"], {})]})
	_verdict(fixtures.denied(both, {"subnets": "ec2:DescribeSubnets"})) == [set(), {"ec2:DescribeSubnets"}]
}

test_not_applicable_outside_a_vpc if {
	rule.applies == set() with input as _document({"functions": [fixtures.function("orders", [], {})]})
}

_document(parts) := fixtures.estate(object.union(
	{
		"functions": [fixtures.function("orders", ["app"], {})],
		"subnets": [fixtures.subnet("app", "a"), fixtures.subnet("other", "b"), fixtures.subnet("pub", "a")],
		"route_tables": _tables([fixtures.to("nat_gateway", "nat-1")], [fixtures.to("nat_gateway", "nat-1")]),
	},
	parts,
))

_tables(app, other) := [
	fixtures.table("rtb-app", ["app"], app),
	fixtures.table("rtb-other", ["other"], other),
	fixtures.table("rtb-pub", ["pub"], [fixtures.to("internet_gateway", "igw-1")]),
]

_verdict(document) := [denied, waits] if {
	violations := rule.deny with input as document # regal ignore:with-outside-test-context
	unknowns := rule.unknown with input as document # regal ignore:with-outside-test-context
	denied := {violation.function | some violation in violations}
	waits := {wait.name | some one in unknowns; some wait in one.waits}
}
