package vpcguard.rules.endpoints.interface_single_az_test

import data.vpcguard.lib.endpoint_fixtures_test as estate
import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.endpoints.interface_single_az as rule

test_deny_a_zone_without_the_endpoint if {
	rule.deny == {{
		"function": "orders",
		"message": "orders: vpce-1 for sqs is not in eu-west-1b, a zone of the function.",
		"advice": "Add a subnet in eu-west-1b to the endpoint.",
		"evidence": {
			"vpc_id": "vpc-1",
			"endpoints": [{
				"service": "sqs",
				"basis": "inferred",
				"endpoint_ids": {"vpce-1"},
				"zone_ids": {"euw1-az-b"},
			}],
			"endpoints_with_own_policy": {"vpce-1"},
		},
		"root_causes": {"vpce-1"},
		"basis": "inferred",
	}} with input as _document([_endpoint(["a1"], {"has_default_policy": false})], {})
}

# a zone in which the service takes no endpoints is no fault of the endpoint
test_unknown_where_a_complete_answer_says_nothing_of_the_service if {
	document := object.union(_document([_endpoint(["a1"], {})], {}), {"endpoint_services": []})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeVpcEndpointServices"} with input as document
}

test_allow_a_zone_that_the_service_does_not_offer if {
	offered := {"endpoint_services": [{"id": "com.amazonaws.eu-west-1.sqs", "zone_ids": ["euw1-az-a", "euw1-az-c"]}]}
	rule.deny == set() with input as _document([_endpoint(["a1"], {})], offered)
	rule.unknown == set() with input as _document([_endpoint(["a1"], {})], offered)
	both := {"endpoint_services": [{"id": "com.amazonaws.eu-west-1.sqs", "zone_ids": ["euw1-az-a", "euw1-az-b"]}]}
	{v.function | some v in rule.deny} == {"orders"} with input as _document([_endpoint(["a1"], {})], both)
}

test_unknown_where_the_zones_of_the_service_were_not_read if {
	services := {"endpoint_services": "ec2:DescribeVpcEndpointServices"}
	none := {"endpoint_services": []}
	denied := fixtures.denied(_document([_endpoint(["a1"], {})], none), services)
	rule.deny == set() with input as denied
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeVpcEndpointServices"} with input as denied
	left_out := fixtures.not_requested(_document([_endpoint(["a1"], {})], none), services)
	rule.deny == set() with input as left_out
	{one.waits[_].status | some one in rule.unknown} == {"not_requested"} with input as left_out
	in_all := fixtures.denied(_document([_endpoint(["a1", "b1"], {})], none), services)
	rule.unknown == set() with input as in_all
}

# the zone counts, not the subnet
test_allow_another_subnet_of_the_zone if {
	document := _document(
		[_endpoint(["a1", "b2"], {})],
		{"subnets": array.concat(_subnets, [estate.subnet("b2", "b", "10.0.3.0/24")])},
	)
	rule.applies == {"orders"} with input as document
	rule.deny == set() with input as document
	rule.unknown == set() with input as document
}

test_endpoints_that_lack_other_zones_are_named_again if {
	services := [{"id": $"com.amazonaws.eu-west-1.{name}", "zone_ids": ["euw1-az-a", "euw1-az-b"]} |
		some name in ["sqs", "sns"]
	]
	other := object.union(
		_endpoint(["b1"], {}),
		{"id": "vpce-2", "service_name": "com.amazonaws.eu-west-1.sns"},
	)
	document := _document([_endpoint(["a1"], {}), other], {
		"endpoint_services": services,
		"roles": [estate.role([estate.statement("Allow", {"actions": ["sqs:SendMessage", "sns:Publish"]})])],
	})
	[[v.message, v.advice] | some v in rule.deny] == [[
		concat(" ", [
			"orders: vpce-1 for sqs is not in eu-west-1b, a zone of the function;",
			"vpce-2 for sns is not in eu-west-1a, a zone of the function.",
		]),
		"Add a subnet in eu-west-1a to vpce-2. Add a subnet in eu-west-1b to vpce-1.",
	]] with input as document
}

# semantics 5: endpoints that do not catch the name are not judged
test_allow_an_endpoint_that_does_not_catch_the_name if {
	rule.deny == set() with input as _document([_endpoint(["a1"], {"private_dns_enabled": false})], {})
	rule.unknown == set() with input as _document([_endpoint(["a1"], {"private_dns_enabled": false})], {})
}

test_allow_an_endpoint_that_cannot_be_used if {
	rule.deny == set() with input as _document([_endpoint(["a1"], {"state": "pending"})], {})
	blocked := {"security_groups": [estate.group("sg-f", {}), estate.endpoint_group({})]}
	rule.deny == set() with input as _document([_endpoint(["a1"], {})], blocked)
	rule.unknown == set() with input as _document([_endpoint(["a1"], {})], blocked)
}

test_allow_an_endpoint_that_nobody_needs if {
	rule.deny == set() with input as _document(
		[object.union(_endpoint(["a1"], {}), {"service_name": "com.amazonaws.eu-west-1.sns"})],
		{},
	)
}

test_unknown_while_the_endpoint_may_not_catch_the_name if {
	document := fixtures.denied(
		_document([_endpoint(["a1"], {})], {"vpcs": []}),
		{"vpc_attributes": "ec2:DescribeVpcAttribute"},
	)
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeVpcAttribute"} with input as document
	spread := fixtures.denied(
		_document([_endpoint(["a1", "b1"], {})], {"vpcs": []}),
		{"vpc_attributes": "ec2:DescribeVpcAttribute"},
	)
	rule.unknown == set() with input as spread
}

test_unknown_while_the_endpoints_groups_are_unread if {
	document := fixtures.denied(
		_document([_endpoint(["a1"], {})], {"security_groups": [estate.group("sg-f", {})]}),
		{"security_groups": "ec2:DescribeSecurityGroups"},
	)
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSecurityGroups"} with input as document
}

test_unknown_while_a_subnet_of_the_endpoint_is_unread if {
	document := fixtures.denied(_document([_endpoint(["a1", "hidden"], {})], {}), {"subnets": "ec2:DescribeSubnets"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSubnets"} with input as document
	zoneless := _document(
		[_endpoint(["a1", "z"], {})],
		{"subnets": array.concat(_subnets, [object.remove(estate.subnet("z", "b", "10.0.3.0/24"), ["zone_id"])])},
	)
	{one.waits[_].reason | some one in rule.unknown} == {"no zone of z"} with input as zoneless
}

test_unknown_when_a_hidden_subnet_decides if {
	hidden := _document([_endpoint(["a1"], {})], {"functions": [fixtures.function("orders", ["a1", "hidden"], {})]})
	document := fixtures.denied(hidden, {"subnets": "ec2:DescribeSubnets"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSubnets"} with input as document
	without := fixtures.denied(object.union(hidden, {"vpc_endpoints": []}), {"subnets": "ec2:DescribeSubnets"})
	rule.unknown == set() with input as without
}

# the endpoint's groups admit networks, and nobody saw whether the function's are among them
test_unknown_when_every_subnet_is_hidden if {
	parts := {"subnets": [], "security_groups": [estate.group("sg-f", {}), estate.endpoint_group({})]}
	document := fixtures.denied(_document([_endpoint(["a1"], {})], parts), {"subnets": "ec2:DescribeSubnets"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSubnets"} with input as document
}

test_unknown_while_the_endpoints_are_unread if {
	document := fixtures.denied(_document([], {}), {"vpc_endpoints": "ec2:DescribeVpcEndpoints"})
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeVpcEndpoints"} with input as document
	seen := fixtures.denied(_document([_endpoint(["a1", "b1"], {})], {}), {"vpc_endpoints": "ec2:DescribeVpcEndpoints"})
	rule.unknown == set() with input as seen
}

test_unknown_while_the_needs_are_unread if {
	document := fixtures.denied(_document([_endpoint(["a1"], {})], {"roles": []}), {"roles": "iam:GetRole"})
	{one.waits[_].name | some one in rule.unknown} == {"iam:GetRole"} with input as document
	spread := fixtures.denied(_document([_endpoint(["a1", "b1"], {})], {"roles": []}), {"roles": "iam:GetRole"})
	rule.unknown == set() with input as spread
	hidden := fixtures.denied(
		_document(
			[_endpoint(["a1", "b1"], {})],
			{"roles": [], "functions": [fixtures.function("orders", ["a1", "hidden"], {})]},
		),
		{"roles": "iam:GetRole", "subnets": "ec2:DescribeSubnets"},
	)
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSubnets"} with input as hidden
	unread := fixtures.denied(
		_document([], {"roles": []}),
		{"roles": "iam:GetRole", "vpc_endpoints": "ec2:DescribeVpcEndpoints"},
	)
	{one.waits[_].name | some one in rule.unknown} == {"iam:GetRole", "ec2:DescribeVpcEndpoints"} with input as unread
}

test_unknown_while_a_need_is_in_doubt if {
	document := fixtures.denied(_document([_endpoint(["a1"], {})], {}), {"roles": "iam:GetPolicyVersion"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"iam:GetPolicyVersion"} with input as document
}

test_not_applicable_without_a_need if {
	none := estate.tagged(_document([_endpoint(["a1"], {})], {}), {"vpcguard:egress": "none"})
	rule.applies == set() with input as none
	rule.deny == set() with input as none
}

_endpoint(subnet_ids, more) := estate.interface("vpce-1", "sqs", object.union({"subnet_ids": subnet_ids}, more))

_subnets := [estate.subnet("a1", "a", "10.0.1.0/24"), estate.subnet("b1", "b", "10.0.2.0/24")]

_document(found, parts) := estate.document(["sqs:SendMessage"], object.union(
	{
		"vpc_endpoints": found,
		"subnets": _subnets,
		"security_groups": [estate.group("sg-f", {}), estate.endpoint_group({"group_ids": ["sg-f"]})],
		"endpoint_services": [{
			"id": "com.amazonaws.eu-west-1.sqs",
			"zone_ids": ["euw1-az-a", "euw1-az-b", "euw1-az-c"],
		}],
	},
	parts,
))
