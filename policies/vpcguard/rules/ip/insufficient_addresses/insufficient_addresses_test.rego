package vpcguard.rules.ip.insufficient_addresses_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.ip.insufficient_addresses as rule

test_deny_a_full_subnet_without_the_interface if {
	rule.deny == {{
		"function": "orders",
		"message": concat(" ", [
			"orders needs a new network interface where fewer addresses are free than the 2 wanted:",
			"a1 (eu-west-1a) has 1.",
		]),
		"advice": concat(" ", [
			"Free addresses there, choose larger subnets, or use a set of security groups for which Lambda has an interface",
			"there already.",
		]),
		"root_causes": {"a1"},
		"evidence": {
			"short_subnet_ids": {"a1"},
			"free_addresses": {"a1": 1},
			"needed": 2,
			"security_group_ids": {"sg-f"},
		},
	}} with input as _document(1, [])
}

test_deny_an_interface_of_other_groups_does_not_help if {
	{v.function | some v in rule.deny} == {"orders"} with input as _document(0, [_interface("a1", ["sg-f", "sg-other"])])
}

test_deny_an_interface_of_another_account_does_not_help if {
	foreign := object.union(_interface("a1", ["sg-f"]), {"owner_id": "444455556666"})
	{v.function | some v in rule.deny} == {"orders"} with input as _document(0, [foreign])
}

test_deny_an_interface_that_is_not_lambdas_does_not_help if {
	other := object.union(_interface("a1", ["sg-f"]), {"is_lambda": false})
	{v.function | some v in rule.deny} == {"orders"} with input as _document(0, [other])
}

test_deny_margin_comes_from_the_configuration if {
	document := object.union(_document(4, []), {"config": {"version": 1, "thresholds": {"ip_margin": 4}}})
	{v.evidence.needed | some v in rule.deny} == {5} with input as document
}

test_allow_enough_addresses if {
	rule.applies == {"orders"} with input as _document(2, [])
	rule.deny == set() with input as _document(2, [])
	rule.unknown == set() with input as _document(2, [])
}

test_allow_a_full_subnet_that_holds_the_interface if {
	rule.deny == set() with input as _document(0, [_interface("a1", ["sg-f"])])
	rule.unknown == set() with input as _document(0, [_interface("a1", ["sg-f"])])
}

test_not_applicable_where_all_subnets_are_for_ipv6_alone if {
	document := _document(0, [])
	of_ipv6 := object.union(document.subnets[0], {"is_ipv6_only": true})
	rule.applies == set() with input as object.union(document, {"subnets": [of_ipv6]})
	rule.deny == set() with input as object.union(document, {"subnets": [of_ipv6]})
	rule.unknown == set() with input as object.union(document, {"subnets": [of_ipv6]})
}

test_unknown_a_full_subnet_while_interfaces_are_unread if {
	document := fixtures.denied(_document(0, []), {"lambda_interfaces": "ec2:DescribeNetworkInterfaces"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeNetworkInterfaces"} with input as document
}

# with addresses enough, it does not matter who holds an interface
test_allow_enough_addresses_while_interfaces_are_unread if {
	document := fixtures.denied(_document(2, []), {"lambda_interfaces": "ec2:DescribeNetworkInterfaces"})
	rule.unknown == set() with input as document
}

test_unknown_without_the_address_count if {
	uncounted := object.remove(fixtures.subnet("a1", "a"), ["free_ipv4_addresses"])
	document := object.union(_document(0, []), {"subnets": [uncounted]})
	rule.deny == set() with input as document
	{one.waits[_].reason | some one in rule.unknown} == {"no address count of a1"} with input as document
}

test_unknown_while_a_subnet_is_hidden if {
	hidden := object.union(_document(9, []), {"functions": [fixtures.function("orders", ["a1", "hidden"], {})]})
	document := fixtures.denied(hidden, {"subnets": "ec2:DescribeSubnets"})
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSubnets"} with input as document
}

test_not_applicable_without_a_subnet_left if {
	rule.applies == set() with input as object.union(_document(0, []), {"subnets": []})
}

_interface(subnet_id, group_ids) := {
	"id": "eni-1",
	"vpc_id": "vpc-1",
	"subnet_id": subnet_id,
	"security_group_ids": group_ids,
	"interface_type": "lambda",
	"is_lambda": true,
	"owner_id": "111122223333",
}

_document(free, interfaces) := fixtures.whole({
	"functions": [fixtures.function("orders", ["a1"], {})],
	"subnets": [object.union(fixtures.subnet("a1", "a"), {"free_ipv4_addresses": free})],
	"security_groups": [{"id": "sg-f", "vpc_id": "vpc-1", "ingress": [], "egress": []}],
	"network_interfaces": interfaces,
})
