package vpcguard.rules.ip.eni_quota_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.ip.eni_quota as rule

# 7 interfaces and the two pairs of the function are 9 of 10
test_deny_above_the_threshold if {
	rule.deny == {{
		"function": "orders",
		"message": concat(" ", [
			"orders: with this function's, Lambda's network interfaces in vpc-1 come to 9,",
			"of a quota of 10.",
		]),
		"root_causes": {"vpc-1"},
		"evidence": {"vpc_id": "vpc-1", "interfaces": 7, "missing_pairs": 2, "quota": 10, "quota_basis": "applied"},
		"severity": "medium",
	}} with input as _document(7, 10)
}

test_deny_high_near_the_end if {
	{v.severity | some v in rule.deny} == {"high"} with input as _document(8, 10)
}

test_deny_the_threshold_comes_from_the_configuration if {
	document := object.union(_document(1, 10), {"config": {"version": 1, "thresholds": {"eni_quota_percent": 20}}})
	{v.function | some v in rule.deny} == {"orders"} with input as document
}

test_deny_counts_a_present_pair_once if {
	own := object.union(_interface(0), {"subnet_id": "a1", "security_group_ids": ["sg-f"]})
	others := [_interface(i) | some i in numbers.range(1, 7)]
	document := object.union(_document(0, 10), {"network_interfaces": array.concat([own], others)})
	{[v.evidence.interfaces, v.evidence.missing_pairs] | some v in rule.deny} == {[8, 1]} with input as document
}

# interfaces that nobody saw can only add to those seen
test_deny_what_was_seen_is_enough if {
	document := fixtures.denied(_document(7, 10), {"lambda_interfaces": "ec2:DescribeNetworkInterfaces"})
	{v.function | some v in rule.deny} == {"orders"} with input as document
	rule.unknown == set() with input as document
}

test_deny_says_that_a_shared_vpc_holds_more if {
	shared := {"id": "vpc-1", "owner_id": "444455556666", "ipv4_cidrs": [], "ipv6_cidrs": []}
	some violation in rule.deny with input as object.union(_document(7, 10), {"vpcs": [shared]})
	violation.evidence.note == "The VPC is shared: interfaces of its other accounts are not counted."
}

test_allow_at_the_threshold if {
	rule.applies == {"orders"} with input as _document(6, 10)
	rule.deny == set() with input as _document(6, 10)
	rule.unknown == set() with input as _document(6, 10)
}

test_unknown_without_the_quota if {
	quotaless := object.union(_document(7, 10), {"quotas": []})
	document := fixtures.denied(quotaless, {"quotas": "servicequotas:GetServiceQuota"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"servicequotas:GetServiceQuota"} with input as document
}

test_unknown_while_interfaces_are_unread if {
	document := fixtures.denied(_document(0, 10), {"lambda_interfaces": "ec2:DescribeNetworkInterfaces"})
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeNetworkInterfaces"} with input as document
}

# one hidden subnet more would pass the threshold
test_unknown_when_a_hidden_subnet_decides if {
	hidden := object.union(_document(6, 10), {"functions": [fixtures.function("orders", ["a1", "b1", "hidden"], {})]})
	document := fixtures.denied(hidden, {"subnets": "ec2:DescribeSubnets"})
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSubnets"} with input as document
	rule.unknown == set() with input as object.union(document, {"quotas": [_quota(100)]})
}

test_unknown_where_the_quota_is_two_at_once if {
	torn := object.union(_document(9, 10), {"quotas": [_quota(10), _quota(250)]})
	rule.deny == set() with input as torn
	{wait.status | some one in rule.unknown; some wait in one.waits} == {"contradictory"} with input as torn
	rule.deny != set() with input as _document(9, 10)
}

test_not_applicable_outside_a_vpc if {
	document := fixtures.whole({"functions": [fixtures.function("orders", [], {})], "quotas": [_quota(1)]})
	rule.applies == set() with input as document
}

_quota(value) := {"service": "lambda", "code": "L-9FEE3D26", "value": value, "basis": "applied"}

_interface(i) := {
	"id": $"eni-{i}",
	"vpc_id": "vpc-1",
	"subnet_id": "a1",
	"security_group_ids": [$"sg-{i}"],
	"interface_type": "lambda",
	"is_lambda": true,
}

_document(interfaces, quota) := fixtures.whole({
	"functions": [fixtures.function("orders", ["a1", "b1"], {})],
	"subnets": [fixtures.subnet("a1", "a"), fixtures.subnet("b1", "b")],
	"vpcs": [{"id": "vpc-1", "owner_id": "111122223333", "ipv4_cidrs": [], "ipv6_cidrs": []}],
	"security_groups": [{"id": "sg-f", "vpc_id": "vpc-1", "ingress": [], "egress": []}],
	"network_interfaces": [_interface(i) | some i in numbers.range(0, 99); i < interfaces],
	"quotas": [_quota(quota)],
})
