package vpcguard.rules.az.single_usable_az_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.az.single_usable_az as rule

test_deny_one_zone_without_addresses if {
	violations := rule.deny with input as _document({"b": 0}, {})
	[violation] := [violation | some violation in violations]
	violation.function == "orders"
	violation.message == concat(" ", [
		"orders can use eu-west-1a alone of its Availability Zones: b (eu-west-1b) has no",
		"free address.",
	])
	violation.advice == "Free addresses in the full subnet, or choose another in its zone."
	violation.evidence.usable_zone_ids == ["euw1-az-a"]
	violation.evidence.unusable_subnet_ids == {"b"}
	violation.evidence.without_addresses == {"b"}
}

test_deny_one_zone_without_the_way_out_of_the_other if {
	violations := rule.deny with input as _document({}, {"nat_gateways": [fixtures.nat_gateway({"id": "nat-a"})]})
	[[violation.message, violation.advice] | some violation in violations] == [[
		"orders can use eu-west-1a alone of its Availability Zones: b (eu-west-1b) has no way out.",
		"Replace nat-b by a NAT gateway that is available, and point the default route to it.",
	]]
}

test_message_where_both_lack if {
	violations := rule.deny with input as _document({"b": 0}, {"nat_gateways": [fixtures.nat_gateway({"id": "nat-a"})]})
	[[violation.message, violation.advice] | some violation in violations] == [[
		concat(" ", [
			"orders can use eu-west-1a alone of its Availability Zones:",
			"b (eu-west-1b) has neither a free address nor a way out.",
		]),
		concat(" ", [
			"Free addresses in the full subnet, or choose another in its zone.",
			"Replace nat-b by a NAT gateway that is available, and point the default route to it.",
		]),
	]]
}

test_allow_two_usable_zones if {
	rule.applies == {"orders"} with input as _document({}, {})
	_verdict(_document({}, {})) == [set(), set()]
}

# the interface that is there needs no new address
test_allow_a_full_subnet_with_the_functions_interface if {
	_verdict(_document({"b": 0}, {"network_interfaces": [_interface(["sg-f"])]})) == [set(), set()]
	_verdict(_document({"b": 0}, {"network_interfaces": [_interface(["sg-other"])]})) == [{"orders"}, set()]
}

test_allow_a_subnet_for_ipv6_alone_which_lacks_no_addresses if {
	of_ipv6 := object.union(object.remove(_subnet("b", 0), ["free_ipv4_addresses"]), {"is_ipv6_only": true})
	document := _document({}, {"subnets": [_subnet("a", 9), of_ipv6, fixtures.subnet("pub", "a")]})
	_verdict(document) == [set(), set()]
}

# zero belongs to the rule that names the reason, one zone to az.single_az
test_allow_no_usable_zone_and_one_zone if {
	_verdict(_document({"a": 0, "b": 0}, {})) == [set(), set()]
	single := [fixtures.function("orders", ["a"], {})]
	_verdict(_document({"a": 0}, {"functions": single})) == [set(), set()]
}

# no subnet spans zones
test_allow_one_subnet_alone_whatever_its_zone if {
	alone := {
		"functions": [fixtures.function("orders", ["a"], {})],
		"subnets": [object.remove(_subnet("a", 0), ["zone_id"])],
	}
	_verdict(_document({}, alone)) == [set(), set()]
}

# nothing leads out, so that nothing is lost
test_allow_two_zones_without_any_way_out_where_undeclared if {
	_verdict(_document({}, {"nat_gateways": []})) == [set(), set()]
}

test_intent_internet_needs_a_way_out_in_two_zones if {
	one := {"nat_gateways": [fixtures.nat_gateway({"id": "nat-a"})]}
	_verdict(_tagged(_document({}, one), "internet")) == [{"orders"}, set()]
	_verdict(_tagged(_document({}, {"nat_gateways": []}), "internet")) == [set(), set()]
}

test_intents_aws_and_none_need_addresses_only if {
	one := {"nat_gateways": [fixtures.nat_gateway({"id": "nat-a"})]}
	every egress in ["aws", "none"] {
		_verdict(_tagged(_document({}, one), egress)) == [set(), set()]
		_verdict(_tagged(_document({"b": 0}, one), egress)) == [{"orders"}, set()]
	}
}

test_unknown_where_the_way_out_of_the_second_zone_is if {
	document := _document({}, {"nat_gateways": [fixtures.nat_gateway({"id": "nat-a"})]})
	denied := fixtures.denied(document, {"nat_gateways": "ec2:DescribeNatGateways"})
	_verdict(denied) == [set(), {"ec2:DescribeNatGateways"}]
	_verdict(_tagged(denied, "internet")) == [set(), {"ec2:DescribeNatGateways"}]
	_verdict(_tagged(denied, "aws")) == [set(), set()]
}

# whichever of the two leads out, the other may too
test_unknown_where_no_way_out_is_known if {
	denied := fixtures.denied(_document({}, {"nat_gateways": []}), {"nat_gateways": "ec2:DescribeNatGateways"})
	_verdict(denied) == [set(), {"ec2:DescribeNatGateways"}]
}

test_unknown_where_interfaces_decide if {
	denied := fixtures.denied(_document({"b": 0}, {}), {"lambda_interfaces": "ec2:DescribeNetworkInterfaces"})
	_verdict(denied) == [set(), {"ec2:DescribeNetworkInterfaces"}]
	both := fixtures.denied(_document({}, {}), {"lambda_interfaces": "ec2:DescribeNetworkInterfaces"})
	_verdict(both) == [set(), set()]
}

test_unknown_where_free_addresses_were_not_told if {
	subnets := [_subnet("a", 9), object.remove(_subnet("b", 9), ["free_ipv4_addresses"]), fixtures.subnet("pub", "a")]
	_verdict(_document({}, {"subnets": subnets})) == [set(), {"ec2:DescribeSubnets"}]
}

test_unknown_where_a_hidden_subnet_may_be_the_second_zone if {
	hidden := {"functions": [fixtures.function("orders", ["a", "b", "hidden"], {})]}
	_verdict(fixtures.denied(_document({"b": 0}, hidden), {"subnets": "ec2:DescribeSubnets"})) == [
		set(),
		{"ec2:DescribeSubnets"},
	]
	_verdict(fixtures.denied(_document({}, hidden), {"subnets": "ec2:DescribeSubnets"})) == [set(), set()]
}

test_unknown_where_unread_tags_decide if {
	document := _document({}, {"nat_gateways": [fixtures.nat_gateway({"id": "nat-a"})]})
	_verdict(fixtures.denied(document, {"function_tags": "tag:GetResources"})) == [set(), {"tag:GetResources"}]
	full := fixtures.denied(_document({"b": 0}, {}), {"function_tags": "tag:GetResources"})
	_verdict(full) == [{"orders"}, set()]
}

test_not_applicable_outside_a_vpc if {
	rule.applies == set() with input as _document({}, {"functions": [fixtures.function("orders", [], {})]})
}

_document(free, parts) := fixtures.estate(object.union(
	{
		"functions": [fixtures.function("orders", ["a", "b"], {})],
		"subnets": [
			_subnet("a", object.get(free, "a", 9)),
			_subnet("b", object.get(free, "b", 9)),
			fixtures.subnet("pub", "a"),
		],
		"route_tables": [
			fixtures.table("rtb-a", ["a"], [fixtures.to("nat_gateway", "nat-a")]),
			fixtures.table("rtb-b", ["b"], [fixtures.to("nat_gateway", "nat-b")]),
			fixtures.table("rtb-pub", ["pub"], [fixtures.to("internet_gateway", "igw-1")]),
		],
		"nat_gateways": [fixtures.nat_gateway({"id": "nat-a"}), fixtures.nat_gateway({"id": "nat-b"})],
	},
	parts,
))

_subnet(id, free) := object.union(fixtures.subnet(id, id), {"free_ipv4_addresses": free})

_interface(group_ids) := {
	"id": "eni-b",
	"vpc_id": "vpc-1",
	"subnet_id": "b",
	"security_group_ids": group_ids,
	"interface_type": "lambda",
	"is_lambda": true,
}

_tagged(document, egress) := object.union(document, {"functions": [object.union(
	document.functions[0],
	{"tags": fixtures.tags({"vpcguard:egress": egress})},
)]})

_verdict(document) := [denied, waits] if {
	violations := rule.deny with input as document # regal ignore:with-outside-test-context
	unknowns := rule.unknown with input as document # regal ignore:with-outside-test-context
	denied := {violation.function | some violation in violations}
	waits := {wait.name | some one in unknowns; some wait in one.waits}
}
