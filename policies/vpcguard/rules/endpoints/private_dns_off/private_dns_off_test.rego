package vpcguard.rules.endpoints.private_dns_off_test

import data.vpcguard.lib.endpoint_fixtures_test as estate
import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.endpoints.private_dns_off as rule

test_deny_an_endpoint_without_private_dns if {
	rule.deny == {{
		"function": "orders",
		"message": concat(" ", [
			"orders cannot reach sqs from a1 (eu-west-1a) and b1 (eu-west-1b) over vpce-1,",
			"since its private DNS is off.",
		]),
		"advice": _turn_on("vpce-1"),
		"evidence": {
			"vpc_id": "vpc-1",
			"intent": {
				"egress": {"value": "undeclared", "source": "undeclared"},
				"private_targets": {"value": "undeclared", "source": "undeclared"},
				"services": {"source": "undeclared", "values": set()},
				"unrecognized": set(),
			},
			"services": [{"service": "sqs", "basis": "inferred", "subnet_ids": {"a1", "b1"}}],
			"subnets": [_isolated("a1", "a"), _isolated("b1", "b")],
			"endpoints": [{"endpoint_id": "vpce-1", "service": "sqs", "cause": "private_dns_disabled"}],
			"endpoints_with_own_policy": {"vpce-1"},
		},
		"root_causes": {"vpce-1"},
		"basis": "inferred",
	}} with input as _document(
		[estate.interface("vpce-1", "sqs", {"private_dns_enabled": false, "has_default_policy": false})],
		{},
	)
}

test_deny_says_what_is_off if {
	cases := [
		["dns_support_disabled", {}, {"dns_support": false}],
		["dns_hostnames_disabled", {}, {"dns_support": true, "dns_hostnames": false}],
		[
			"private_dns_for_inbound_resolver_only",
			{"private_dns_only_for_inbound_resolver": true},
			{"dns_support": true, "dns_hostnames": true},
		],
	]
	every case in cases {
		document := _document([estate.interface("vpce-1", "sqs", case[1])], {"vpcs": [estate.vpc(case[2])]})
		{v.evidence.endpoints[0].cause | some v in rule.deny} == {case[0]} with input as document
	}
}

_turn_on(which) := concat(" ", [
	$"Turn private DNS of {which} on, once security groups admit TCP 443 there from everything in the VPC that calls",
	"the service.",
])

# what is repaired is the VPC then; names for a gateway endpoint resolve nowhere else either
test_deny_names_the_vpc_whose_attributes_are_off if {
	every found in [
		estate.interface("vpce-1", "s3", {}),
		estate.gateway("vpce-1", "s3", ["rtb-a", "rtb-b"]),
	] {
		document := object.union(
			_document([found], {"vpcs": [estate.vpc({"dns_support": true, "dns_hostnames": false})]}),
			{"roles": [estate.role([estate.statement("Allow", {"actions": ["s3:*"]})])]},
		)
		{[v.root_causes, v.message, v.advice] | some v in rule.deny} == {[
			{"vpc-1"},
			concat(" ", [
				"orders cannot reach s3 from a1 (eu-west-1a) and b1 (eu-west-1b) over vpce-1,",
				"since DNS hostnames of the VPC are off.",
			]),
			"Turn DNS hostnames (enableDnsHostnames) of vpc-1 on.",
		]} with input as document
	}
}

test_message_tells_services_of_the_same_subnets_together if {
	off := {"private_dns_enabled": false}
	found := [estate.interface("vpce-1", "sqs", off), estate.interface("vpce-2", "sns", off)]
	actions := {"roles": [estate.role([estate.statement("Allow", {"actions": ["sqs:SendMessage", "sns:Publish"]})])]}
	{[v.message, v.advice] | some v in rule.deny} == {[
		concat(" ", [
			"orders cannot reach sns and sqs from a1 (eu-west-1a) and b1 (eu-west-1b) over",
			"vpce-1 and vpce-2, since their private DNS is off.",
		]),
		_turn_on("vpce-1 and vpce-2"),
	]} with input as object.union(_document(found, {}), actions)
}

# and of several endpoints what is broken on the way out
test_what_alone_is_to_be_repaired if {
	off := {"private_dns_enabled": false}
	one := [estate.interface("vpce-1", "sqs", off)]
	no_dns := {"vpcs": [estate.vpc({"dns_support": true, "dns_hostnames": false})]}
	{v.root_causes | some v in rule.deny} == {{"vpc-1", "vpce-1"}} with input as _document(one, no_dns)
	closed := object.union(no_dns, {"security_groups": [estate.group("sg-e", {})]})
	caught := [estate.interface("vpce-1", "sqs", {})]
	{v.root_causes | some v in rule.deny} == {{"vpc-1", "vpce-1"}} with input as _document(caught, closed)
	several := estate.behind_nat(_document(array.concat(one, [estate.interface("vpce-2", "sns", off)]), {}))
	document := object.union(estate.tagged(several, {"vpcguard:services": "sqs,sns"}), {"nat_gateways": []})
	{[endswith(v.advice, " Or repair the way out at nat-1."), v.root_causes] | some v in rule.deny} == {[
		true,
		{"nat-1"},
	]} with input as document
}

# what is on is not to be turned on
test_advice_about_inbound_resolvers if {
	found := estate.interface("vpce-1", "sqs", {"private_dns_only_for_inbound_resolver": true})
	document := _document([found, estate.interface("vpce-2", "sns", {"private_dns_enabled": false})], {})
	{v.advice | some v in rule.deny} == {
		"Turn PrivateDnsOnlyForInboundResolverEndpoint of vpce-1 off.",
	} with input as document
}

# a gateway endpoint is free, and the interface endpoint stays what it was made for
test_advice_is_a_gateway_endpoint_where_there_can_be_one if {
	actions := {"roles": [estate.role([estate.statement("Allow", {"actions": ["s3:*"]})])]}
	alone := [estate.interface("vpce-1", "s3", {"private_dns_enabled": false})]
	{v.advice | some v in rule.deny} == {concat(" ", [
		"Create com.amazonaws.eu-west-1.s3 (a gateway endpoint, free)",
		"and associate it with rtb-a and rtb-b.",
	])} with input as object.union(_document(alone, {}), actions)
	both := [
		estate.interface("vpce-1", "s3", {"private_dns_only_for_inbound_resolver": true}),
		estate.gateway("vpce-g", "s3", ["rtb-a"]),
	]
	{v.advice | some v in rule.deny} == {
		"Associate vpce-g with rtb-b.",
	} with input as object.union(_document(both, {}), actions)
}

test_unknown_where_nothing_is_said_of_private_dns_or_others_resolve if {
	untold := object.remove(estate.interface("vpce-1", "sqs", {}), ["private_dns_enabled"])
	own := {"vpcs": [estate.vpc({"dns_support": true, "dns_hostnames": true, "name_servers": ["10.0.0.53"]})]}
	every document in [_document([untold], {}), _document([estate.interface("vpce-1", "sqs", {})], own)] {
		rule.deny == set() with input as document
		{one.function | some one in rule.unknown} == {"orders"} with input as document
	}
}

test_deny_where_the_gateway_endpoint_is_not_routed if {
	found := [estate.interface("vpce-1", "s3", {"private_dns_enabled": false}), estate.gateway("vpce-g", "s3", ["rtb-a"])]
	document := object.union(
		_document(found, {}),
		{"roles": [estate.role([estate.statement("Allow", {"actions": ["s3:*"]})])]},
	)
	{v.evidence.services[0].subnet_ids | some v in rule.deny} == {{"b1"}} with input as document
}

# AWS makes no private name for IoT's data endpoint, and nobody here sees hosted zones
test_unknown_where_names_are_made_by_hand if {
	role := {"roles": [estate.role([estate.statement("Allow", {"actions": ["iot:Publish"]})])]}
	document := object.union(_document([estate.interface("vpce-1", "iot.data", {"private_dns_enabled": false})], {}), role)
	rule.deny == set() with input as document
	{[wait.name, wait.settled_by] | some one in rule.unknown; some wait in one.waits} == {
		["vpce-1", "nobody"],
	} with input as document
}

test_allow_with_a_way_out if {
	document := estate.behind_nat(_document([estate.interface("vpce-1", "sqs", {"private_dns_enabled": false})], {}))
	rule.applies == {"orders"} with input as document
	rule.deny == set() with input as document
	rule.unknown == set() with input as document
}

test_allow_private_dns_that_is_on if {
	rule.deny == set() with input as _document([estate.interface("vpce-1", "sqs", {})], {})
	rule.unknown == set() with input as _document([estate.interface("vpce-1", "sqs", {})], {})
}

test_allow_a_service_without_an_endpoint if {
	rule.deny == set() with input as _document([estate.interface("vpce-1", "sns", {"private_dns_enabled": false})], {})
	rule.unknown == set() with input as _document([], {})
}

# the most specific rule speaks alone: the second endpoint catches the name and is blocked
test_allow_where_a_blocked_endpoint_speaks if {
	found := [
		estate.interface("vpce-1", "sqs", {"private_dns_enabled": false}),
		estate.interface("vpce-2", "sqs", {"state": "failed"}),
	]
	rule.deny == set() with input as _document(found, {})
}

test_unknown_while_the_dns_attributes_are_unread if {
	document := fixtures.denied(
		_document([estate.interface("vpce-1", "sqs", {})], {"vpcs": [estate.vpc({})]}),
		{"vpc_attributes": "ec2:DescribeVpcAttribute"},
	)
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeVpcAttribute"} with input as document
	rule.unknown == set() with input as estate.behind_nat(document)
}

test_unknown_over_an_opaque_way_out if {
	document := estate.leaving(
		_document([estate.interface("vpce-1", "sqs", {"private_dns_enabled": false})], {}),
		[estate.route("ipv4", "0.0.0.0/0", "transit_gateway", "tgw-1")],
	)
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"tgw-1"} with input as document
}

test_unknown_while_the_needs_are_unread if {
	document := fixtures.denied(
		object.union(_document([estate.interface("vpce-1", "sqs", {"private_dns_enabled": false})], {}), {"roles": []}),
		{"roles": "iam:GetRole"},
	)
	{one.waits[_].name | some one in rule.unknown} == {"iam:GetRole"} with input as document
	sound := fixtures.denied(
		object.union(_document([estate.interface("vpce-1", "sqs", {})], {}), {"roles": []}),
		{"roles": "iam:GetRole"},
	)
	rule.unknown == set() with input as sound
}

test_not_applicable_without_a_need if {
	document := estate.document([], {"vpc_endpoints": [estate.interface("vpce-1", "sqs", {"private_dns_enabled": false})]})
	rule.applies == set() with input as document
	rule.deny == set() with input as document
}

_isolated(id, zone) := {
	"subnet_id": id,
	"zone_id": $"euw1-az-{zone}",
	"state": "none",
	"cause": "no_default_route",
	"hops": [{"id": $"rtb-{zone}", "kind": "route_table", "state": "no_default_route"}],
}

_document(found, parts) := estate.document(["sqs:SendMessage"], object.union(
	{
		"vpc_endpoints": found,
		"security_groups": [estate.group("sg-f", {}), estate.endpoint_group({"group_ids": ["sg-f"]})],
	},
	parts,
))
