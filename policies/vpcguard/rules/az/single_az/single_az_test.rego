package vpcguard.rules.az.single_az_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.az.single_az as rule

test_deny_two_subnets_in_one_zone if {
	rule.deny == {{
		"function": "orders",
		"message": "orders runs in one Availability Zone, eu-west-1a: its subnets are a1 and a2.",
		"advice": "Add a subnet of vpc-1 in another zone to its VPC configuration.",
		"evidence": {"zone_ids": {"euw1-az-a"}, "subnet_ids": {"a1", "a2"}, "candidate_subnet_ids": set()},
	}} with input as _document(["a1", "a2"])
}

test_deny_leaves_a_missing_subnet_out if {
	{v.function | some v in rule.deny} == {"orders"} with input as _document(["a1", "gone"])
}

test_message_names_the_subnets_that_it_could_use if {
	document := fixtures.estate({
		"subnets": [
			fixtures.subnet("app", "a"),
			fixtures.subnet("pub", "a"),
			fixtures.subnet("other", "b"),
		],
		"route_tables": [
			fixtures.table("rtb-app", ["app", "other"], [fixtures.to("nat_gateway", "nat-1")]),
			fixtures.table("rtb-pub", ["pub"], [fixtures.to("internet_gateway", "igw-1")]),
		],
	})
	violations := rule.deny with input as document
	[[one.message, one.advice, one.evidence.candidate_subnet_ids] | some one in violations] == [[
		"orders runs in one Availability Zone, eu-west-1a: its only subnet is app.",
		concat(" ", [
			"Add other (eu-west-1b), of the same kind in another zone, to its VPC configuration,",
			"if it is meant for functions.",
		]),
		{"other"},
	]]
}

test_allow_two_zones if {
	rule.applies == {"orders"} with input as _document(["a1", "b1"])
	rule.deny == set() with input as _document(["a1", "b1"])
	rule.unknown == set() with input as _document(["a1", "b1"])
}

# two zones seen settle the matter
test_allow_whatever_a_hidden_subnet_holds if {
	document := fixtures.denied(_document(["a1", "b1", "hidden"]), {"subnets": "ec2:DescribeSubnets"})
	rule.deny == set() with input as document
	rule.unknown == set() with input as document
}

test_unknown_when_the_hidden_subnet_decides if {
	document := fixtures.denied(_document(["a1", "hidden"]), {"subnets": "ec2:DescribeSubnets"})
	rule.deny == set() with input as document
	rule.unknown == {{
		"function": "orders",
		"waits": {{"status": "unknown", "name": "ec2:DescribeSubnets", "reason": "AccessDenied"}},
		"evidence": {},
	}} with input as document
}

test_unknown_when_a_subnet_came_without_its_zone if {
	document := object.union(_document(["a1", "zoneless"]), {"subnets": [fixtures.subnet("a1", "a"), _zoneless]})
	rule.deny == set() with input as document
	{one.function | some one in rule.unknown} == {"orders"} with input as document
}

# no subnet spans zones
test_deny_one_subnet_alone_whatever_its_zone if {
	document := object.union(_document(["zoneless", "gone"]), {"subnets": [_zoneless]})
	{[v.evidence.zone_ids, v.evidence.subnet_ids] | some v in rule.deny} == {[set(), {"zoneless"}]} with input as document
	rule.unknown == set() with input as document
}

_zoneless := object.remove(fixtures.subnet("zoneless", "a"), ["zone_id"])

test_not_applicable_without_a_subnet_left if {
	rule.applies == set() with input as _document([])
	rule.applies == set() with input as _document(["gone"])
	rule.deny == set() with input as _document(["gone"])
}

_document(subnet_ids) := fixtures.whole({
	"functions": [fixtures.function("orders", subnet_ids, {})],
	"subnets": [fixtures.subnet("a1", "a"), fixtures.subnet("a2", "a"), fixtures.subnet("b1", "b")],
})
