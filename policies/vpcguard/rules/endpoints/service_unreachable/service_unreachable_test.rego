package vpcguard.rules.endpoints.service_unreachable_test

import data.vpcguard.lib.endpoint_fixtures_test as estate
import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.endpoints.service_unreachable as rule

test_deny_a_service_without_endpoint_and_way_out if {
	rule.deny == {{
		"function": "orders",
		"message": concat(" ", [
			"orders cannot reach sqs from a1 (eu-west-1a) and b1 (eu-west-1b):",
			"there is neither an endpoint nor a way to the internet.",
		]),
		"advice": "Create the VPC endpoint com.amazonaws.eu-west-1.sqs, or give the subnets a route to a NAT gateway.",
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
		},
		"root_causes": {"vpc-1"},
		"basis": "inferred",
	}} with input as _document([], {})
}

test_deny_one_violation_for_several_services if {
	document := estate.tagged(_document([], {}), {"vpcguard:services": "kms,s3"})
	{[{one.service | some one in v.evidence.services}, v.basis] |
		some v in rule.deny
	} == {[{"kms", "s3"}, "declared"]} with input as document
	advice := concat(" ", [
		"Create the VPC endpoints com.amazonaws.eu-west-1.kms",
		"and com.amazonaws.eu-west-1.s3 (a gateway endpoint, free),",
		"or give the subnets a route to a NAT gateway.",
	])
	{endswith(v.advice, advice) | some v in rule.deny} == {true} with input as document
	{startswith(v.message, "orders cannot reach kms and s3 from a1 (eu-west-1a) and b1 (eu-west-1b): ") |
		some v in rule.deny
	} == {true} with input as document
}

# semantics 8: advice names the endpoints to create, as they are called here
test_deny_names_the_endpoints_to_create if {
	advised := {
		"cloudwatch": "the VPC endpoint com.amazonaws.eu-west-1.monitoring,",
		"ecr": "the VPC endpoints com.amazonaws.eu-west-1.ecr.api and com.amazonaws.eu-west-1.ecr.dkr,",
		"execute-api": "the VPC endpoint com.amazonaws.eu-west-1.execute-api (for private APIs alone),",
		"appsync-api": "the VPC endpoint com.amazonaws.eu-west-1.appsync-api (for private APIs alone),",
		"iam": "the VPC endpoint com.amazonaws.iam,",
		"timestream.query": "the VPC endpoint com.amazonaws.eu-west-1.timestream.query-cell<number>,",
		"qbusiness": "the VPC endpoint aws.api.eu-west-1.qbusiness,",
		"codecommit": concat(" ", [
			"the VPC endpoint for codecommit",
			"(those of com.amazonaws.eu-west-1.codecommit and com.amazonaws.eu-west-1.git-codecommit that it calls),",
		]),
	}
	every service, advice in advised {
		{true | some v in rule.deny; contains(v.advice, advice)} == {true} with input as _declaring(service)
	}
	china := json.patch(_declaring("sqs"), [{"op": "replace", "path": "/account/region", "value": "cn-north-1"}])
	{true | some v in rule.deny; contains(v.advice, "cn.com.amazonaws.cn-north-1.sqs,")} == {true} with input as china
}

# semantics 8: advice is harmless and doable here
test_deny_advises_what_is_possible_here if {
	broken := object.union(estate.behind_nat(_document([], {})), {"nat_gateways": []})
	{[v.advice, v.root_causes] | some v in rule.deny} == {[
		"Create the VPC endpoint com.amazonaws.eu-west-1.sqs. Or repair the way out at nat-1.",
		{"nat-1"},
	]} with input as broken
	there := estate.document(["s3:GetObject"], {"vpc_endpoints": [estate.gateway("vpce-g", "s3", ["rtb-a"])]})
	{[v.advice, v.root_causes] | some v in rule.deny} == {["Associate vpce-g with rtb-b.", {"rtb-b"}]} with input as there
	nowhere := estate.document(["s3:GetObject"], {"vpc_endpoints": [estate.gateway("vpce-g", "s3", [])]})
	{v.root_causes | some v in rule.deny} == {{"vpce-g"}} with input as nowhere
	{v.root_causes | some v in rule.deny} == {set()} with input as estate.tagged(nowhere, {"vpcguard:services": "s3,sqs"})
}

# nobody built these a way out
test_a_way_out_that_was_never_meant_is_no_cause if {
	every kind in ["internet_gateway", "vpc_peering_connection"] {
		document := estate.leaving(_document([], {}), [estate.route("ipv4", "0.0.0.0/0", kind, "igw-1")])
		{v.root_causes | some v in rule.deny} == {{"vpc-1"}} with input as document
	}
}

# a queue that triggers the function, with the role that the CDK or SAM writes for it: Lambda polls
test_not_applicable_to_what_lambda_does_for_the_function if {
	actions := ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"]
	source := {"event_sources": [{"service": "sqs"}]}
	document := estate.document(actions, {"functions": [fixtures.function("orders", ["a1", "b1"], source)]})
	rule.applies == set() with input as document
	rule.deny == set() with input as document
}

# domain 10.10: a service that is in no known list of endpoints never makes a violation
test_not_applicable_to_services_without_endpoints if {
	document := estate.document(["es:ESHttpGet", "support:DescribeCases"], {})
	rule.applies == set() with input as document
	rule.deny == set() with input as document
}

# domain 10.10: the action picks the endpoint
test_the_action_picks_the_endpoint if {
	runtime := {"vpc_endpoints": [estate.interface("vpce-1", "bedrock-runtime", {})], "security_groups": _groups}
	rule.deny == set() with input as estate.document(["bedrock:InvokeModel"], runtime)
	rule.unknown == set() with input as estate.document(["bedrock:InvokeModel"], runtime)
	lister := estate.document(["bedrock:ListFoundationModels"], runtime)
	{contains(concat(" ", [v.message, v.advice]), "bedrock-runtime") | some v in rule.deny} == {false} with input as lister
}

# the cell of an account is no part of what is needed
test_allow_the_endpoint_of_a_cell if {
	found := [estate.interface("vpce-1", "timestream.ingest-cell2", {})]
	document := estate.document(["timestream:WriteRecords"], {"vpc_endpoints": found, "security_groups": _groups})
	rule.deny == set() with input as document
	rule.applies == {"orders"} with input as document
}

# semantics 5: destinations that were not requested touch no finding
test_unknown_waits_for_destinations_that_were_left_out if {
	document := fixtures.not_requested(
		_document([], {}),
		{"event_destinations": "lambda:GetFunctionEventInvokeConfig"},
	)
	rule.deny == set() with input as document
	{one.waits[_].status | some one in rule.unknown} == {"not_requested"} with input as document
}

test_deny_from_the_subnet_that_lacks_the_gateway_route if {
	document := estate.document(["s3:GetObject"], {"vpc_endpoints": [estate.gateway("vpce-g", "s3", ["rtb-a"])]})
	{v.evidence.services[0].subnet_ids | some v in rule.deny} == {{"b1"}} with input as document
}

test_deny_behind_a_broken_nat if {
	document := object.union(estate.behind_nat(_document([], {})), {"nat_gateways": []})
	{[one.state, one.cause] |
		some v in rule.deny
		some one in v.evidence.subnets
	} == {["none", "nat_unavailable"]} with input as document
}

# semantics 5: ecr is ecr.api and ecr.dkr, cloudwatch is monitoring, kinesis is kinesis-streams, firehose is
# kinesis-firehose
test_deny_unless_all_names_of_a_service_have_an_endpoint if {
	names_of := {
		"cloudwatch": ["monitoring"],
		"kinesis": ["kinesis-streams"],
		"firehose": ["kinesis-firehose"],
		"ecr": ["ecr.api", "ecr.dkr"],
	}
	every service, names in names_of {
		every name in names {
			others := [estate.interface($"vpce-{other}", other, {}) | some other in names; other != name]
			{v.function | some v in rule.deny} == {"orders"} with input as _needing(service, others)
		}
		rule.deny == set() with input as _needing(service, [estate.interface($"vpce-{name}", name, {}) | some name in names])
	}
}

# semantics 5: -fips names serve FIPS clients only
test_deny_with_an_endpoint_for_fips_clients if {
	{v.function | some v in rule.deny} == {"orders"} with input as _document(
		[estate.interface("vpce-1", "sqs-fips", {})],
		{},
	)
}

# semantics 5: gateway and interface endpoints of one service are told apart by VpcEndpointType
test_deny_with_an_interface_endpoint_for_nothing_but_its_type if {
	document := _document([object.union(estate.interface("vpce-1", "sqs", {}), {"type": "Resource"})], {})
	{v.function | some v in rule.deny} == {"orders"} with input as document
}

# dual-stack names of services may be reached over it
test_unknown_where_ipv6_has_a_way_out if {
	dual := [object.union(estate.subnet(id, "a", "10.0.1.0/24"), {"ipv6_cidrs": ["2001:db8::/64"]}) |
		some id in ["a1", "b1"]
	]
	routes := [estate.route("ipv6", "::/0", "egress_only_internet_gateway", "eigw-1")]
	document := _document([], {
		"functions": [fixtures.function("orders", ["a1", "b1"], {"ipv6_allowed_for_dual_stack": true})],
		"subnets": dual,
		"route_tables": [estate.table("rtb-a", ["a1"], routes), estate.table("rtb-b", ["b1"], routes)],
		"egress_only_internet_gateways": [{"id": "eigw-1", "attachments": [{"vpc_id": "vpc-1", "state": "attached"}]}],
	})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"a1", "b1"} with input as document
	unread := object.union(document, {"egress_only_internet_gateways": []})
	denied := fixtures.denied(unread, {"egress_only_internet_gateways": "ec2:DescribeEgressOnlyInternetGateways"})
	rule.deny == set() with input as denied
	{one.function | some one in rule.unknown} == {"orders"} with input as denied
	{v.function | some v in rule.deny} == {"orders"} with input as unread
}

# the endpoint is for the service of another region
test_deny_with_an_endpoint_for_another_region if {
	every more in [
		{"service_region": "us-east-1"},
		{"service_region": "us-east-1", "service_name": "com.amazonaws.us-east-1.sqs"},
	] {
		document := _document([estate.interface("vpce-1", "sqs", more)], {})
		{v.function | some v in rule.deny} == {"orders"} with input as document
	}
}

# its name carries no region
test_allow_an_endpoint_for_a_global_service if {
	found := estate.interface("vpce-1", "", {"service_region": "us-east-1", "service_name": "com.amazonaws.iam"})
	document := estate.document(["iam:GetRole"], {
		"vpc_endpoints": [found],
		"security_groups": [estate.group("sg-f", {}), estate.endpoint_group({"group_ids": ["sg-f"]})],
	})
	rule.deny == set() with input as document
}

test_allow_behind_a_nat if {
	document := estate.behind_nat(_document([], {}))
	rule.applies == {"orders"} with input as document
	rule.deny == set() with input as document
	rule.unknown == set() with input as document
}

test_allow_a_usable_endpoint if {
	document := _document([estate.interface("vpce-1", "sqs", {})], {})
	rule.deny == set() with input as document
	rule.unknown == set() with input as document
}

# semantics 5: a service is reachable if any usable endpoint of either kind serves the subnet
test_allow_either_kind_of_endpoint if {
	gateway := estate.gateway("vpce-g", "s3", ["rtb-a", "rtb-b"])
	rule.deny == set() with input as _needing("s3", [gateway])
	rule.deny == set() with input as _needing("s3", [estate.interface("vpce-i", "s3", {})])
	rule.deny == set() with input as _needing(
		"s3",
		[gateway, estate.interface("vpce-i", "s3", {"private_dns_only_for_inbound_resolver": true})],
	)
}

# semantics 5: the most specific rule speaks alone
test_allow_where_a_more_specific_rule_speaks if {
	rule.deny == set() with input as _document([estate.interface("vpce-1", "sqs", {"state": "pending"})], {})
	rule.deny == set() with input as _document([estate.interface("vpce-1", "sqs", {"private_dns_enabled": false})], {})
	two := [estate.interface("vpce-1", "ecr.api", {"state": "pending"})]
	rule.deny == set() with input as _needing("ecr", two)
}

# semantics 3: an active route from a prefix list to vpce-* proves a gateway endpoint
test_allow_a_gateway_endpoint_that_a_route_proves if {
	rule.deny == set() with input as _shared
	rule.unknown == set() with input as _shared
}

test_unknown_in_a_shared_vpc_whose_owner_is_out_of_reach if {
	document := object.union(
		_shared,
		{"route_tables": [estate.table("rtb-a", ["a1"], []), estate.table("rtb-b", ["b1"], [])]},
	)
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"444455556666"} with input as document
}

test_unknown_while_the_tables_are_unread if {
	document := fixtures.denied(
		object.union(_needing("s3", [estate.gateway("vpce-g", "s3", ["rtb-x"])]), {"route_tables": []}),
		{"route_tables": "ec2:DescribeRouteTables"},
	)
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeRouteTables"} with input as document
}

test_unknown_over_an_opaque_way_out if {
	document := estate.leaving(_document([], {}), [estate.route("ipv4", "0.0.0.0/0", "transit_gateway", "tgw-1")])
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"tgw-1"} with input as document
	trusted := object.union(document, {"config": {"version": 1, "trusted_egress": [{"transit_gateway": "tgw-1"}]}})
	rule.unknown == set() with input as trusted
}

# semantics 5: an isolated subnet with a route for private networks to a transit gateway, peering or core network
test_unknown_where_central_endpoints_may_be if {
	every kind in ["transit_gateway", "vpc_peering_connection", "core_network"] {
		document := _central("ipv4", "10.0.0.0/8", kind)
		rule.deny == set() with input as document
		{one.waits[_].name | some one in rule.unknown} == {"center"} with input as document
	}
	{one.waits[_].name |
		some one in rule.unknown
	} == {"center"} with input as _central("prefix_list", "pl-1", "transit_gateway")
	unread := fixtures.denied(
		_central("prefix_list", "pl-2", "transit_gateway"),
		{"prefix_list_entries": "ec2:GetManagedPrefixListEntries"},
	)
	rule.deny == set() with input as unread
}

test_deny_where_no_route_leads_to_central_endpoints if {
	every document in [
		_central("ipv4", "52.0.0.0/8", "transit_gateway"),
		_central("ipv4", "10.0.0.0/8", "virtual_private_gateway"),
		_central("prefix_list", "pl-2", "transit_gateway"),
		object.union(_document([], {}), {"route_tables": [
			estate.table(
				"rtb-a",
				["a1"],
				[object.union(estate.route("ipv4", "10.0.0.0/8", "transit_gateway", "center"), {"state": "blackhole"})],
			),
			estate.table("rtb-b", ["b1"], []),
		]}),
	] {
		{v.function | some v in rule.deny} == {"orders"} with input as document
	}
}

# a route that names no target may be the one to central endpoints, whatever the configuration says of those
test_unknown_while_nobody_says_where_a_route_leads if {
	untold := object.union(estate.route("ipv4", "10.0.0.0/8", "unknown", ""), {"state": "unknown"})
	tables := [estate.table("rtb-a", ["a1"], [untold]), estate.table("rtb-b", ["b1"], [untold])]
	document := object.union(_document([], {}), {"route_tables": tables})
	listed := object.union(document, {"config": {"version": 1, "central_endpoints": ["sqs"]}})
	every one in [document, listed] {
		rule.deny == set() with input as one
		{wait.name | some wait in [x | some x in rule.unknown][0].waits} == {"a1", "b1"} with input as one
	}
}

# semantics 5: unless the configuration says which central endpoints exist
test_the_configuration_says_which_central_endpoints_exist if {
	document := _central("ipv4", "10.0.0.0/8", "transit_gateway")
	listed := object.union(document, {"config": {"version": 1, "central_endpoints": ["sqs"]}})
	rule.deny == set() with input as listed
	rule.unknown == set() with input as listed
	none := object.union(document, {"config": {"version": 1, "central_endpoints": []}})
	{v.function | some v in rule.deny} == {"orders"} with input as none
	without_route := object.union(_document([], {}), {"config": {"version": 1, "central_endpoints": ["sqs"]}})
	{v.function | some v in rule.deny} == {"orders"} with input as without_route
}

# a black hole is a broken default route, never isolation
test_deny_a_broken_way_out_beside_a_route_to_other_networks if {
	broken := object.union(estate.to_nat, {"state": "blackhole"})
	document := estate.leaving(_document([], {}), [broken, estate.route("ipv4", "10.0.0.0/8", "transit_gateway", "tgw-1")])
	{v.function | some v in rule.deny} == {"orders"} with input as document
}

test_unknown_while_the_needs_are_unread if {
	document := fixtures.denied(object.union(_document([], {}), {"roles": []}), {"roles": "iam:GetRole"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"iam:GetRole"} with input as document
	rule.unknown == set() with input as estate.behind_nat(document)
}

test_unknown_while_a_need_is_in_doubt if {
	document := fixtures.denied(_document([], {}), {"roles": "iam:GetPolicyVersion"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"iam:GetPolicyVersion"} with input as document
}

# whether it calls sqs or its poller does, sqs is within reach
test_unknown_waits_for_nothing_about_a_service_within_reach if {
	known := _document(
		[estate.interface("vpce-1", "sqs", {})],
		{"roles": [estate.role([estate.statement("Allow", {"actions": ["sqs:ReceiveMessage", "kms:Sign"]})])]},
	)
	document := fixtures.denied(
		estate.leaving(known, [estate.route("ipv4", "0.0.0.0/0", "transit_gateway", "tgw-1")]),
		{"event_sources": "lambda:ListEventSourceMappings"},
	)
	{one.waits[_].name | some one in rule.unknown} == {"tgw-1"} with input as document
}

test_unknown_when_a_hidden_subnet_decides if {
	hidden := estate.behind_nat(_document([], {"functions": [fixtures.function("orders", ["a1", "hidden"], {})]}))
	document := fixtures.denied(hidden, {"subnets": "ec2:DescribeSubnets"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSubnets"} with input as document
}

test_unknown_which_endpoint_of_a_service_is_used if {
	document := _needing("bedrock", [estate.interface("vpce-1", "bedrock-runtime", {})])
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"bedrock"} with input as document
	{v.function | some v in rule.deny} == {"orders"} with input as _needing("bedrock", [])
	rule.unknown == set() with input as estate.behind_nat(_needing("bedrock", []))
}

test_not_applicable_without_a_need if {
	rule.applies == set() with input as estate.document(["*"], {})
	none := estate.tagged(_document([], {}), {"vpcguard:services": "sqs", "vpcguard:egress": "none"})
	rule.applies == set() with input as none
	rule.deny == set() with input as none
	gone := _document([], {"functions": [fixtures.function("orders", ["gone"], {})]})
	rule.applies == set() with input as gone
}

_isolated(id, zone) := {
	"subnet_id": id,
	"zone_id": $"euw1-az-{zone}",
	"state": "none",
	"cause": "no_default_route",
	"hops": [{"id": $"rtb-{zone}", "kind": "route_table", "state": "no_default_route"}],
}

_central(family, destination, kind) := _document([], {
	"route_tables": [
		estate.table("rtb-a", ["a1"], [estate.route(family, destination, kind, "center")]),
		estate.table("rtb-b", ["b1"], [estate.route(family, destination, kind, "center")]),
	],
	"prefix_lists": [
		{"id": "pl-1", "cidrs": ["192.0.2.0/24", "172.16.4.0/24"]},
		{"id": "pl-2", "cidrs": ["192.0.2.0/24"]},
	],
})

_shared := object.union(document, {"coverage": array.concat(
	[entry | some entry in document.coverage; entry.kind != "vpc_endpoints"],
	[{"kind": "vpc_endpoints", "status": "unknown", "waits_for": ["444455556666"], "is_failed_read": false}],
)}) if {
	routes := [estate.route("prefix_list", "pl-s3", "vpc_endpoint", "vpce-owner")]
	document := estate.document(["s3:GetObject"], {
		"route_tables": [estate.table("rtb-a", ["a1"], routes), estate.table("rtb-b", ["b1"], routes)],
		"prefix_lists": [{"id": "pl-s3", "name": "com.amazonaws.eu-west-1.s3", "owner_id": "AWS", "cidrs": []}],
	})
}

_declaring(services) := estate.tagged(_document([], {}), {"vpcguard:services": services})

_groups := [estate.group("sg-f", {}), estate.endpoint_group({"group_ids": ["sg-f"]})]

_needing(service, found) := object.union(
	_document(found, {}),
	{"roles": [estate.role([estate.statement("Allow", {"actions": [$"{service}:*"]})])]},
)

_document(found, parts) := estate.document(["sqs:SendMessage"], object.union(
	{
		"vpc_endpoints": found,
		"security_groups": _groups,
	},
	parts,
))
