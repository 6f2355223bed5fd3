package vpcguard.rules.config.dedicated_tenancy_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.lib.result
import data.vpcguard.rules.config.dedicated_tenancy as rule

test_deny_dedicated_tenancy if {
	rule.deny == {{
		"function": "orders",
		"message": "orders is attached to vpc-1, whose instance tenancy is dedicated: Lambda makes no interfaces there.",
		"root_causes": {"vpc-1"},
		"evidence": {"vpc_id": "vpc-1", "tenancy": "dedicated"},
	}} with input as _document("dedicated")
}

test_allow_default_tenancy if {
	rule.applies == {"orders"} with input as _document("default")
	rule.deny == set() with input as _document("default")
	rule.unknown == set() with input as _document("default")
}

# a VPC that is gone has no tenancy: the missing subnets say so
test_allow_a_vpc_that_does_not_exist if {
	rule.unknown == set() with input as object.union(_document("default"), {"vpcs": []})
}

test_unknown_while_the_vpc_is_unread if {
	document := fixtures.denied(object.union(_document("default"), {"vpcs": []}), {"vpcs": "ec2:DescribeVpcs"})
	result.unjudged(rule.unknown) == {"orders"} with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeVpcs"} with input as document
}

test_unknown_where_the_tenancy_was_not_told if {
	document := _document("default")
	untold := object.union(document, {"vpcs": [object.remove(one, ["tenancy"]) | some one in document.vpcs]})
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeVpcs"} with input as untold
}

test_unknown_where_nothing_names_the_vpc if {
	nameless := fixtures.function("orders", ["hidden"], {"vpc_id": ""})
	document := fixtures.denied(
		fixtures.whole({"functions": [object.remove(nameless, ["vpc_id"])]}),
		{"subnets": "ec2:DescribeSubnets"},
	)
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSubnets"} with input as document
}

test_not_applicable_without_a_subnet_left if {
	document := object.union(_document("dedicated"), {"subnets": []})
	rule.applies == set() with input as document
	rule.deny == set() with input as document
}

_document(tenancy) := fixtures.whole({
	"functions": [fixtures.function("orders", ["a1"], {})],
	"subnets": [fixtures.subnet("a1", "a")],
	"vpcs": [{
		"id": "vpc-1",
		"owner_id": "111122223333",
		"tenancy": tenancy,
		"ipv4_cidrs": ["10.0.0.0/16"],
		"ipv6_cidrs": [],
	}],
})
