package vpcguard.rules.az.missing_az_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.az.missing_az as rule

test_deny_a_zone_with_a_subnet_of_the_same_kind if {
	violations := rule.deny with input as _document({})
	violations == {{
		"function": "orders",
		"message": "orders leaves out eu-west-1b, where other is of the same kind as its subnets.",
		"advice": "Add this subnet to the function's VPC configuration, if it is meant for functions.",
		"evidence": {
			"zone_ids": {"euw1-az-b"},
			"candidate_subnet_ids": {"other"},
			"subnet_ids": {"app", "twin"},
		},
	}}
}

test_message_of_two_candidates if {
	subnets := array.concat(_subnets, [fixtures.subnet("third", "b")])
	tables := [fixtures.table("rtb-app", ["app", "twin", "other", "third"], [])]
	one_zone := _document({"subnets": subnets, "route_tables": tables})
	[[violation.message, violation.advice] | some violation in rule.deny] == [[
		concat(" ", [
			"orders leaves out eu-west-1b, where other and third are of the same kind",
			"as its subnets.",
		]),
		"Add one of these subnets to the function's VPC configuration, if they are meant for functions.",
	]] with input as one_zone
	[[violation.message, violation.advice] | some violation in rule.deny] == [[
		concat(" ", [
			"orders leaves out eu-west-1b and eu-west-1d, where other (eu-west-1b) and third (eu-west-1d) are of the same kind",
			"as its subnets.",
		]),
		"Add one of these subnets in each zone to the function's VPC configuration, if they are meant for functions.",
	]] with input as object.union(one_zone, {
		"subnets": array.concat(_subnets, [fixtures.subnet("third", "d")]),
		"availability_zones": [fixtures.zone(one) | some one in ["a", "b", "c", "d"]],
	})
}

test_allow_where_every_zone_is_used if {
	every_zone := _document({"functions": [fixtures.function("orders", ["app", "twin", "other"], {})]})
	rule.applies == {"orders"} with input as every_zone
	_verdict(every_zone) == [set(), set()]
}

# what a function in one zone could use, az.single_az says
test_not_applicable_in_one_zone if {
	alone := _document({"functions": [fixtures.function("orders", ["app"], {})]})
	rule.applies == set() with input as alone
	_verdict(alone) == [set(), set()]
}

test_unknown_where_a_hidden_subnet_may_use_the_zone if {
	hidden := _document({"functions": [fixtures.function("orders", ["app", "twin", "hidden"], {})]})
	unread := {"subnets": "ec2:DescribeSubnets"}
	_verdict(fixtures.denied(hidden, unread)) == [set(), {"ec2:DescribeSubnets"}]
	fourth := object.union(hidden, {
		"subnets": array.concat(_subnets, [fixtures.subnet("fourth", "d")]),
		"availability_zones": [fixtures.zone(one) | some one in ["a", "b", "c", "d"]],
		"route_tables": [fixtures.table("rtb-app", ["app", "twin", "other", "fourth"], [])],
	})
	_verdict(fixtures.denied(fourth, unread)) == [{"orders"}, set()]
}

# it may be in one zone alone
test_unknown_where_one_zone_was_seen_and_another_subnet_is_hidden if {
	hidden := _document({"functions": [fixtures.function("orders", ["app", "hidden"], {})]})
	denied := fixtures.denied(hidden, {"subnets": "ec2:DescribeSubnets"})
	rule.applies == {"orders"} with input as denied
	_verdict(denied) == [set(), {"ec2:DescribeSubnets"}]
}

test_unknown_where_a_subnet_without_a_zone_may_use_it if {
	zoneless := _document({"subnets": [one |
		some subnet in _subnets
		one := {true: object.remove(subnet, ["zone_id"]), false: subnet}[subnet.id == "app"]
	]})
	_verdict(zoneless) == [set(), {"ec2:DescribeSubnets"}]
}

test_unknown_where_the_zones_were_not_read if {
	operations := {"availability_zones": "ec2:DescribeAvailabilityZones"}
	unread := fixtures.denied(_document({"availability_zones": []}), operations)
	_verdict(unread) == [set(), {"ec2:DescribeAvailabilityZones"}]
}

_document(parts) := fixtures.estate(object.union(
	{
		"functions": [fixtures.function("orders", ["app", "twin"], {})],
		"subnets": _subnets,
		"route_tables": [
			fixtures.table("rtb-app", ["app", "twin", "other"], [fixtures.to("nat_gateway", "nat-1")]),
			fixtures.table("rtb-pub", ["pub"], [fixtures.to("internet_gateway", "igw-1")]),
		],
	},
	parts,
))

_subnets := [
	fixtures.subnet("app", "a"),
	fixtures.subnet("twin", "c"),
	fixtures.subnet("other", "b"),
	fixtures.subnet("pub", "a"),
]

_verdict(document) := [denied, waits] if {
	violations := rule.deny with input as document # regal ignore:with-outside-test-context
	unknowns := rule.unknown with input as document # regal ignore:with-outside-test-context
	denied := {violation.function | some violation in violations}
	waits := {wait.name | some one in unknowns; some wait in one.waits}
}
