package vpcguard.rules.endpoints.gateway_route_missing_test

import data.vpcguard.lib.endpoint_fixtures_test as estate
import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.endpoints.gateway_route_missing as rule

test_deny_s3_through_a_nat_without_an_endpoint if {
	rule.deny == {{
		"function": "orders",
		"message": concat(" ", [
			"orders reaches s3 through a NAT from a1 (eu-west-1a) and b1 (eu-west-1b):",
			"the VPC has no gateway endpoint for it.",
		]),
		"advice": "Create the endpoint com.amazonaws.eu-west-1.s3 (gateway, free) and associate it with rtb-a and rtb-b.",
		"evidence": {
			"vpc_id": "vpc-1",
			"intent": _undeclared,
			"services": [{"service": "s3", "basis": "inferred", "subnet_ids": {"a1", "b1"}}],
			"subnets": [_way("a1", "a"), _way("b1", "b")],
			"gaps": [{
				"service": "s3",
				"cause": "no_endpoint",
				"endpoints": set(),
				"subnet_ids": {"a1", "b1"},
				"route_table_ids": {"rtb-a", "rtb-b"},
			}],
			"endpoints_with_own_policy": set(),
			"prices": {},
		},
		"root_causes": {"vpc-1"},
		"basis": "inferred",
	}} with input as _document([])
}

test_deny_dynamodb_where_the_endpoint_is_not_associated if {
	document := estate.behind_nat(estate.document(
		["dynamodb:Query"],
		{"vpc_endpoints": [estate.gateway("vpce-g", "dynamodb", ["rtb-a"])]},
	))
	{[v.evidence.gaps, v.root_causes] | some v in rule.deny} == {[
		[{
			"service": "dynamodb",
			"cause": "not_associated",
			"endpoints": {"vpce-g"},
			"subnet_ids": {"b1"},
			"route_table_ids": {"rtb-b"},
		}],
		{"rtb-b"},
	]} with input as document
	{[endswith(v.message, ": vpce-g is not associated with the route table there."), v.advice] | some v in rule.deny} == {[
		true,
		"Associate vpce-g with rtb-b.",
	]} with input as document
}

test_of_several_tables_the_endpoint_is_the_cause_where_there_is_one_alone if {
	unassociated := estate.gateway("vpce-g", "s3", [])
	{v.root_causes | some v in rule.deny} == {{"vpce-g"}} with input as _document([unassociated])
	failed := object.union(unassociated, {"id": "vpce-f", "state": "failed"})
	{v.root_causes | some v in rule.deny} == {{"vpce-g"}} with input as _document([unassociated, failed])
	{v.root_causes | some v in rule.deny} == {{"vpce-f"}} with input as _document([failed])
	both := ["dynamodb:Query", "s3:GetObject"]
	one_of_two := estate.behind_nat(estate.document(both, {"vpc_endpoints": [unassociated]}))
	{v.root_causes | some v in rule.deny} == {set()} with input as one_of_two
}

test_message_names_services_again_where_their_endpoints_differ if {
	document := estate.behind_nat(estate.document(
		["dynamodb:Query", "s3:GetObject"],
		{"vpc_endpoints": [object.union(estate.gateway("vpce-g", "s3", ["rtb-a", "rtb-b"]), {"state": "failed"})]},
	))
	{endswith(v.message, ": the VPC has no gateway endpoint for dynamodb and vpce-g is not available.") |
		some v in rule.deny
	} == {true} with input as document
}

test_deny_where_the_endpoint_is_not_available if {
	endpoint := object.union(
		estate.gateway("vpce-g", "s3", ["rtb-a", "rtb-b"]),
		{"state": "failed", "has_default_policy": false},
	)
	{[v.evidence.gaps[0].cause, v.evidence.endpoints_with_own_policy] |
		some v in rule.deny
	} == {["not_available", {"vpce-g"}]} with input as _document([endpoint])
	{[
		endswith(v.message, ": vpce-g is not available."),
		startswith(v.advice, "Create the endpoint com.amazonaws.eu-west-1.s3 (gateway, free)"),
	] |
		some v in rule.deny
	} == {[true, true]} with input as _document([endpoint])
}

test_deny_names_the_saving_from_the_price_data if {
	prices := {"eu-west-1": {"date": "2026-11-01", "nat_gateway_gb": 0.048}}
	document := object.union(_document([]), {"config": {"version": 1, "prices": prices}})
	{endswith(v.advice, " This saves the NAT gateway's charge of 0.048 a gigabyte (price of 2026-11-01).") |
		some v in rule.deny
	} == {true} with input as document
	{v.evidence.prices | some v in rule.deny} == {prices["eu-west-1"]} with input as document
	elsewhere := object.union(_document([]), {"config": {"version": 1, "prices": {"us-east-1": prices["eu-west-1"]}}})
	{contains(v.advice, "saves") | some v in rule.deny} == {false} with input as elsewhere
}

test_deny_one_violation_for_both_services if {
	document := estate.behind_nat(estate.tagged(estate.document([], {}), {"vpcguard:services": "s3,dynamodb"}))
	{[{gap.service | some gap in v.evidence.gaps}, v.basis] |
		some v in rule.deny
	} == {[{"s3", "dynamodb"}, "declared"]} with input as document
}

test_deny_behind_a_nat_instance if {
	document := object.union(
		estate.leaving(
			estate.document(["s3:*"], {}),
			[estate.route("ipv4", "0.0.0.0/0", "network_interface", "eni-nat")],
		),
		{
			"network_interfaces": [{
				"id": "eni-nat",
				"vpc_id": "vpc-1",
				"subnet_id": "p1",
				"security_group_ids": ["sg-nat"],
				"interface_type": "interface",
				"is_lambda": false,
				"source_dest_check": false,
				"instance_id": "i-1",
				"public_ip": "198.51.100.7",
			}],
			"instances": [{"id": "i-1", "vpc_id": "vpc-1", "state": "running", "subnet_ids": ["p1"]}],
			"security_groups": [fixtures.group("sg-nat", [], ["10.0.0.0/8"])],
		},
	)
	{v.function | some v in rule.deny} == {"orders"} with input as document
}

test_allow_an_associated_endpoint if {
	document := _document([estate.gateway("vpce-g", "s3", ["rtb-a", "rtb-b"])])
	rule.applies == {"orders"} with input as document
	rule.deny == set() with input as document
	rule.unknown == set() with input as document
}

# semantics 5: does not fire where a usable interface endpoint catches the name
test_allow_a_usable_interface_endpoint_that_catches_the_name if {
	document := object.union(_document([estate.interface("vpce-i", "s3", {})]), {"security_groups": _groups})
	rule.deny == set() with input as document
	uncaught := object.union(
		_document([estate.interface("vpce-i", "s3", {"private_dns_enabled": false})]),
		{"security_groups": _groups},
	)
	{v.evidence.gaps[0].cause | some v in rule.deny} == {"no_endpoint"} with input as uncaught
}

# one fault speaks alone: with private DNS on, the blocked endpoint is what stops the calls
test_allow_where_a_blocked_endpoint_speaks if {
	document := object.union(
		_document([estate.interface("vpce-i", "s3", {"state": "pending"})]),
		{"security_groups": _groups},
	)
	rule.deny == set() with input as document
}

# without a NAT path there is nothing to save
test_allow_without_a_nat_path if {
	rule.deny == set() with input as estate.document(["s3:*"], {})
	rule.unknown == set() with input as estate.document(["s3:*"], {})
	central := estate.leaving(
		estate.document(["s3:*"], {}),
		[estate.route("ipv4", "0.0.0.0/0", "transit_gateway", "tgw-1")],
	)
	rule.deny == set() with input as central
	rule.unknown == set() with input as central
}

test_unknown_while_the_endpoints_are_unread if {
	document := fixtures.denied(_document([]), {"vpc_endpoints": "ec2:DescribeVpcEndpoints"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeVpcEndpoints"} with input as document
}

test_unknown_while_the_way_is_unread if {
	document := fixtures.denied(
		object.union(_document([]), {"route_tables": []}),
		{"route_tables": "ec2:DescribeRouteTables"},
	)
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeRouteTables"} with input as document
}

test_unknown_while_the_needs_are_unread if {
	document := fixtures.denied(object.union(_document([]), {"roles": []}), {"roles": "iam:GetRole"})
	rule.applies == {"orders"} with input as document
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"iam:GetRole"} with input as document
	served := object.union(
		document,
		{"vpc_endpoints": [
			estate.gateway("vpce-1", "s3", ["rtb-a", "rtb-b"]),
			estate.gateway("vpce-2", "dynamodb", ["rtb-a", "rtb-b"]),
		]},
	)
	rule.unknown == set() with input as served
}

test_unknown_when_a_hidden_subnet_decides if {
	hidden := object.union(
		_document([estate.gateway("vpce-g", "s3", ["rtb-a"])]),
		{"functions": [fixtures.function("orders", ["a1", "hidden"], {})]},
	)
	document := fixtures.denied(hidden, {"subnets": "ec2:DescribeSubnets"})
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSubnets"} with input as document
}

# what is left out on purpose is silence, and so waits alone
test_unknown_where_the_tables_are_left_out_on_purpose if {
	document := fixtures.not_requested(
		object.union(_document([]), {"route_tables": []}),
		{"route_tables": "ec2:DescribeRouteTables"},
	)
	{one.waits[_].status | some one in rule.unknown} == {"not_requested"} with input as document
}

test_not_applicable_without_a_need_for_either if {
	document := estate.behind_nat(estate.document(["sqs:SendMessage"], {}))
	rule.applies == set() with input as document
	rule.deny == set() with input as document
	none := estate.tagged(_document([]), {"vpcguard:egress": "none"})
	rule.applies == set() with input as none
	rule.deny == set() with input as none
}

_undeclared := {
	"egress": {"value": "undeclared", "source": "undeclared"},
	"private_targets": {"value": "undeclared", "source": "undeclared"},
	"services": {"source": "undeclared", "values": set()},
	"unrecognized": set(),
}

_way(id, zone) := {
	"subnet_id": id,
	"zone_id": $"euw1-az-{zone}",
	"state": "works",
	"cause": null,
	"hops": [
		{"id": $"rtb-{zone}", "kind": "route_table", "state": "active"},
		{"id": "nat-1", "kind": "nat_gateway", "state": "available"},
		{"id": "rtb-p", "kind": "route_table", "state": "active"},
		{"id": "igw-1", "kind": "internet_gateway", "state": "attached"},
	],
}

_groups := [estate.group("sg-f", {}), estate.endpoint_group({"group_ids": ["sg-f"]})]

_document(found) := estate.behind_nat(estate.document(["s3:GetObject"], {"vpc_endpoints": found}))
