package vpcguard.lib.endpoints_test

import data.vpcguard.lib.endpoint_fixtures_test as estate
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.fixtures_test as fixtures

# semantics 5: an endpoint's ServiceName is compared exactly after removing everything up to and including the region
# and a dot
test_a_service_name_is_what_follows_region_and_dot if {
	named := {
		"com.amazonaws.eu-west-1.s3": "s3",
		"com.amazonaws.eu-west-1.ecr.api": "ecr.api",
		"com.amazonaws.eu-west-1.kms-fips": "kms-fips",
		"cn.com.amazonaws.eu-west-1.sqs": "sqs",
		"aws.api.eu-west-1.bedrock-runtime": "bedrock-runtime",
		"com.amazonaws.us-east-1.s3": "com.amazonaws.us-east-1.s3",
		"com.amazonaws.iam": "com.amazonaws.iam",
		"com.amazonaws.eu-west-10.s3": "com.amazonaws.eu-west-10.s3",
	}
	every service_name, name in named {
		document := _document([estate.interface("vpce-1", "", {"service_name": service_name})], {})
		endpoints.names == {"vpce-1": name} with input as document
	}
}

test_a_list_that_somebody_names_after_a_service_is_not_the_services if {
	lists := [{"id": id, "name": name, "cidrs": []} |
		some id, name in {"pl-s3": "com.amazonaws.eu-west-1.s3", "pl-1": "s3", "pl-2": "offices.eu-west-1.s3"}
	]
	endpoints.prefix_list_names == {"pl-s3": "s3"} with input as fixtures.whole({"prefix_lists": lists})
}

test_a_service_name_in_another_partition if {
	document := object.union(
		_document([estate.interface("vpce-1", "", {"service_name": "cn.com.amazonaws.cn-north-1.kinesis-streams"})], {}),
		{"account": {"partition": "aws-cn", "region": "cn-north-1"}},
	)
	endpoints.names == {"vpce-1": "kinesis-streams"} with input as document
	suffixed := object.union(document, {"vpc_endpoints": [estate.interface(
		"vpce-1",
		"",
		{"service_name": "cn.com.amazonaws.cn-north-1.transcribe.cn"},
	)]})
	endpoints.names == {"vpce-1": "transcribe"} with input as suffixed
}

# semantics 4: available, its name caught, its groups admitting the function; or a gateway endpoint routed there
test_serving_an_interface_endpoint if {
	_serving({"state": "available"}, _by_group) == {"a1": {"vpce-i"}, "b1": {"vpce-i"}}
	_serving({"state": "pending"}, _by_group) == _nothing
	_serving({"private_dns_enabled": false}, _by_group) == _nothing
	_serving({"private_dns_only_for_inbound_resolver": true}, _by_group) == _nothing
	_serving({}, {"group_ids": ["sg-other"]}) == _nothing
}

test_serving_a_gateway_endpoint_where_it_is_routed if {
	document := _document([estate.gateway("vpce-g", "s3", ["rtb-a"])], {})
	_by_subnet(endpoints.serving) == {"a1": {"vpce-g"}, "b1": set()} with input as document
	unavailable := _document([object.union(estate.gateway("vpce-g", "s3", ["rtb-a"]), {"state": "deleting"})], {})
	_by_subnet(endpoints.serving) == _nothing with input as unavailable
}

# semantics 3: an active route from a prefix list to vpce-* proves a gateway endpoint
test_serving_a_gateway_endpoint_that_a_route_proves if {
	_by_subnet(endpoints.serving) == {"a1": {"vpce-owner"}, "b1": set()} with input as _shared("active", "AWS")
	_by_subnet(endpoints.serving) == _nothing with input as _shared("blackhole", "AWS")
	_by_subnet(endpoints.serving) == _nothing with input as _shared("active", "111122223333")
}

# a list of somebody's own leads to a firewall, and nobody saw whose it is
test_a_route_of_an_unread_list_may_prove_one if {
	denied := fixtures.denied(object.union(_shared("active", "AWS"), {"prefix_lists": []}), {"prefix_lists": "denied"})
	_by_subnet(endpoints.serving) == _nothing with input as denied
	waits := _by_subnet(endpoints.serving_waits) with input as denied
	{wait.name | some wait in waits.a1} == {"denied"}
	waits.b1 == set()

	# its entries tell nothing of its owner
	entries := object.union(denied, {"prefix_lists": [{"id": "pl-s3", "cidrs": ["52.218.0.0/17"]}]})
	_by_subnet(endpoints.serving) == _nothing with input as entries
}

test_a_firewall_endpoint_serves_nobody if {
	firewall := estate.interface("vpce-f", "vpce-svc-1", {"type": "GatewayLoadBalancer"})
	_by_subnet(endpoints.serving) == _nothing with input as _document([firewall], {})
}

test_serving_waits_for_nothing_where_all_was_read if {
	document := _document([estate.interface("vpce-i", "sqs", {}), estate.gateway("vpce-g", "s3", ["rtb-a"])], {})
	_by_subnet(endpoints.serving_waits) == _nothing with input as document
}

test_serving_waits_for_unread_endpoints if {
	document := fixtures.denied(_document([], {}), {"vpc_endpoints": "ec2:DescribeVpcEndpoints"})
	_names(endpoints.serving_waits) == {
		"a1": {"ec2:DescribeVpcEndpoints"},
		"b1": {"ec2:DescribeVpcEndpoints"},
	} with input as document
}

test_serving_waits_for_an_unread_table if {
	document := fixtures.denied(
		_document([], {"route_tables": [estate.table("rtb-a", ["a1"], [])]}),
		{"route_tables": "ec2:DescribeRouteTables"},
	)
	_names(endpoints.serving_waits) == {"a1": set(), "b1": {"ec2:DescribeRouteTables"}} with input as document
}

test_serving_waits_for_unread_dns_attributes if {
	parts := {"vpcs": [estate.vpc({"dns_support": true})]}
	document := _document([estate.interface("vpce-i", "sqs", {})], parts)
	_by_subnet(endpoints.serving) == _nothing with input as document
	_names(endpoints.serving_waits) == {
		"a1": {"ec2:DescribeVpcAttribute"},
		"b1": {"ec2:DescribeVpcAttribute"},
	} with input as document
	denied := fixtures.denied(document, {"vpc_attributes": "owner"})
	_names(endpoints.serving_waits) == {"a1": {"owner"}, "b1": {"owner"}} with input as denied
}

test_serving_waits_for_unread_groups_of_the_endpoint if {
	document := fixtures.denied(
		_document([estate.interface("vpce-i", "sqs", {})], {"security_groups": [_own]}),
		{"security_groups": "ec2:DescribeSecurityGroups"},
	)
	_names(endpoints.serving_waits) == {
		"a1": {"ec2:DescribeSecurityGroups"},
		"b1": {"ec2:DescribeSecurityGroups"},
	} with input as document
	groupless := _document([estate.interface("vpce-i", "sqs", {"security_group_ids": []})], {})
	_names(endpoints.serving_waits) == {
		"a1": {"ec2:DescribeVpcEndpoints"},
		"b1": {"ec2:DescribeVpcEndpoints"},
	} with input as groupless
}

test_serving_waits_for_nothing_at_an_endpoint_that_catches_no_name if {
	uncaught := estate.interface("vpce-i", "sqs", {"private_dns_enabled": false})
	document := fixtures.denied(
		_document([uncaught], {"security_groups": [_own]}),
		{"security_groups": "ec2:DescribeSecurityGroups"},
	)
	_by_subnet(endpoints.serving_waits) == _nothing with input as document
}

# semantics 5: PrivateDnsOnlyForInboundResolverEndpoint means that the name is not caught
test_catching_says_why_not if {
	cause_of := {
		"private_dns_disabled": {"private_dns_enabled": false},
		"private_dns_for_inbound_resolver_only": {"private_dns_only_for_inbound_resolver": true},
	}
	every cause, more in cause_of {
		answer := endpoints.catching["vpce-i"] with input as _document([estate.interface("vpce-i", "sqs", more)], {})
		answer == {"values": {false}, "cause": cause, "waits": set()}
	}
}

test_catching_needs_both_dns_attributes if {
	cause_of := {
		"dns_support_disabled": {"dns_support": false},
		"dns_hostnames_disabled": {"dns_support": true, "dns_hostnames": false},
	}
	every cause, attributes in cause_of {
		document := _document([estate.interface("vpce-i", "sqs", {})], {"vpcs": [estate.vpc(attributes)]})
		answer := endpoints.catching["vpce-i"] with input as document
		answer == {"values": {false}, "cause": cause, "waits": set()}
	}
}

# semantics 5, "Admitted"
test_admitted_by_a_group_or_by_a_network_that_contains_the_whole_subnet if {
	admitted := [
		[{"group_ids": ["sg-f"]}, {"a1", "b1"}],
		[{"ipv4_cidrs": ["10.0.0.0/16"]}, {"a1", "b1"}],
		[{"ipv4_cidrs": ["10.0.1.0/24"]}, {"a1"}],
		[{"ipv4_cidrs": ["10.0.1.0/25"]}, set()],
		[{"ipv4_cidrs": ["10.0.1.0/25", "10.0.1.128/25"]}, {"a1"}],
		[{"ipv4_cidrs": ["not a network", "10.0.2.0/24"]}, {"b1"}],
		[{"prefix_list_ids": ["pl-1"]}, {"b1"}],
		[{"ipv6_cidrs": ["::/0"]}, set()],
	]
	parts := {"prefix_lists": [{"id": "pl-1", "cidrs": ["10.0.2.0/23", "2001:db8::/32"]}]}
	every case in admitted {
		document := _document([estate.interface("vpce-i", "sqs", {})], object.union(parts, _groups(case[0])))
		some by_endpoint in endpoints.admission with input as document
		by_endpoint["vpce-i"] == {"subnets": case[1], "waits": set()}
	}
}

test_admitted_on_port_443_over_tcp_alone if {
	admitting := [
		[{"protocol": "-1"}, true],
		[{"protocol": "6", "from_port": 0, "to_port": 65535}, true],
		[{"protocol": "tcp", "from_port": 443, "to_port": 443}, true],
		[{"protocol": "tcp", "from_port": 444, "to_port": 500}, false],
		[{"protocol": "tcp", "from_port": 80, "to_port": 442}, false],
		[{"protocol": "udp", "from_port": 443, "to_port": 443}, false],
	]
	every case in admitting {
		groups := [
			_own,
			estate.group("sg-e", {"ingress": [estate.rule(object.union({"ipv4_cidrs": ["0.0.0.0/0"]}, case[0]))]}),
		]
		document := _document([estate.interface("vpce-i", "sqs", {})], {"security_groups": groups})
		some by_endpoint in endpoints.admission with input as document
		by_endpoint["vpce-i"].subnets == {"a1", "b1"} == case[1]
	}
}

test_admission_waits_for_an_unread_prefix_list if {
	document := fixtures.denied(
		_document([estate.interface("vpce-i", "sqs", {})], _groups({"prefix_list_ids": ["pl-1"]})),
		{"prefix_list_entries": "ec2:GetManagedPrefixListEntries"},
	)
	some by_endpoint in endpoints.admission with input as document
	{wait.name | some wait in by_endpoint["vpce-i"].waits} == {"ec2:GetManagedPrefixListEntries"}
}

test_endpoints_by_vpc_and_service_tell_the_kinds_apart if {
	document := _document(
		[
			estate.gateway("vpce-g", "s3", []), estate.interface("vpce-i", "s3", {}),
			estate.interface("vpce-gone", "s3", {"state": "deleted"}),
		],
		{},
	)
	endpoints.gateways == {["vpc-1", "s3"]: {"vpce-g"}} with input as document
	endpoints.interfaces == {["vpc-1", "s3"]: {"vpce-i"}} with input as document
}

test_a_gateway_endpoint_serves_its_own_service if {
	document := _document([estate.gateway("vpce-g", "s3", ["rtb-a"])], {})
	endpoints.gateways_at("a1", "s3") == {"vpce-g"} with input as document
	endpoints.gateways_at("a1", "dynamodb") == set() with input as document
	endpoints.gateways_at("b1", "s3") == set() with input as document
}

test_a_proven_gateway_endpoint_is_known_by_its_list if {
	endpoints.gateways_at("a1", "s3") == {"vpce-owner"} with input as _shared("active", "AWS")
	endpoints.gateways_at("a1", "dynamodb") == set() with input as _shared("active", "AWS")
	endpoints.unnamed_waits("a1") == set() with input as _shared("active", "AWS")
}

test_a_proven_gateway_endpoint_whose_list_is_unread_is_for_some_service if {
	document := object.union(_shared("active", "AWS"), {"prefix_lists": []})
	endpoints.gateways_at("a1", "s3") == set() with input as document
	{wait.name | some wait in endpoints.unnamed_waits("a1")} == {"ec2:DescribeManagedPrefixLists"} with input as document
	denied := fixtures.denied(document, {"prefix_lists": "denied"})
	{wait.name | some wait in endpoints.unnamed_waits("a1")} == {"denied"} with input as denied
}

# semantics 5: endpoint policies are not judged; the evidence notes one that is not the default
test_endpoints_with_a_policy_of_their_own if {
	document := _document(
		[estate.interface("vpce-1", "sqs", {}), estate.interface("vpce-2", "sns", {"has_default_policy": false})],
		{},
	)
	endpoints.with_own_policy({"vpce-1", "vpce-2"}) == {"vpce-2"} with input as document
}

_serving(endpoint, rule) := by_subnet if {
	# regal ignore:with-outside-test-context
	serving := endpoints.serving with input as _document([estate.interface("vpce-i", "sqs", endpoint)], _groups(rule))
	by_subnet := _by_subnet(serving)
}

_nothing := {"a1": set(), "b1": set()}

_by_group := {"group_ids": ["sg-f"]}

_by_subnet(table) := by_subnet if some by_subnet in table

_names(table) := {id: {wait.name | some wait in waits} | some id, waits in _by_subnet(table)}

_groups(rule) := {"security_groups": [_own, estate.endpoint_group(rule)]}

_own := estate.group("sg-f", {})

_document(found, parts) := estate.document([], object.union_n([{"vpc_endpoints": found}, _groups(_by_group), parts]))

# the owner's endpoint is out of sight; its route is not
_shared(state, list_owner) := _document([], {
	"route_tables": [
		estate.table(
			"rtb-a",
			["a1"],
			[object.union(estate.route("prefix_list", "pl-s3", "vpc_endpoint", "vpce-owner"), {"state": state})],
		),
		estate.table("rtb-b", ["b1"], []),
	],
	"prefix_lists": [{"id": "pl-s3", "name": "com.amazonaws.eu-west-1.s3", "owner_id": list_owner, "cidrs": []}],
})

test_which_endpoint_a_client_uses_can_be_declared if {
	[[wait.name, wait.settled_by] | some wait in endpoints.choice_waits("bedrock:*")] == [["bedrock", "services"]]
	endpoints.choice_waits("bedrock-runtime") == set()
	endpoints.choice_waits("sqs") == set()
}
