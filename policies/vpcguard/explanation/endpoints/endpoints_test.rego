package vpcguard.explanation.endpoints_test

import data.vpcguard.explanation.endpoints
import data.vpcguard.lib.endpoint_fixtures_test as estates
import data.vpcguard.lib.fixtures_test as fixtures

test_an_endpoint_that_admits_the_function_serves_it if {
	at := endpoints.at.orders with input as _holding(estates.interface("vpce-sqs", "sqs", {}))
	at.a1 == {
		"endpoints": [{
			"endpoint_id": "vpce-sqs",
			"text": "vpce-sqs",
			"type": "Interface",
			"service": "sqs",
			"state": "available",
			"serves": "yes",
			"reason": "it catches the service's name and admits the function",
			"waits_for": set(),
		}],
		"endpoints_wait_for": set(),
		"services": [{"service": "sqs", "outcome": "reachable", "text": "can be reached", "waits_for": set()}],
	}
}

test_why_an_interface_endpoint_does_not_serve[reason] if {
	some reason, endpoint in {
		"it is pending": estates.interface("vpce-sqs", "sqs", {"state": "pending"}),
		"its private DNS is off": estates.interface("vpce-sqs", "sqs", {"private_dns_enabled": false}),
		"its private DNS is for inbound resolvers only": estates.interface("vpce-sqs", "sqs", _inbound),
		"its security groups (sg-f) admit no TCP 443 from the function there": estates.interface("vpce-sqs", "sqs", _own),
		"its kind serves no AWS service by name": fixtures.firewall("gwlbe-1", "a1"),
	}
	found := endpoints.at.orders.a1.endpoints with input as _holding(endpoint)
	[[one.serves, one.reason] | some one in found] == [["no", reason]]
}

test_the_vpcs_dns_keeps_an_endpoint_from_serving if {
	document := object.union(
		_holding(estates.interface("vpce-sqs", "sqs", {})),
		{"vpcs": [estates.vpc({"dns_support": true, "dns_hostnames": false})]},
	)
	reason := endpoints.at.orders.a1.endpoints[0].reason with input as document
	reason == "DNS hostnames of the VPC are off"
}

test_the_vpcs_dns_keeps_a_gateway_endpoint_from_serving if {
	document := estates.document(["s3:GetObject"], {
		"vpc_endpoints": [estates.gateway("vpce-s3", "s3", ["rtb-a"])],
		"vpcs": [estates.vpc({"dns_support": true, "dns_hostnames": false})],
	})
	at := endpoints.at.orders with input as document
	at.a1.endpoints[0].reason == "DNS hostnames of the VPC are off"
	at.b1.endpoints[0].reason == "no route of rtb-b leads to it"
}

test_an_endpoint_may_serve_where_nothing_is_said_of_its_state if {
	stateless := object.remove(estates.interface("vpce-sqs", "sqs", {}), ["state"])
	at := endpoints.at.orders with input as _holding(stateless)
	[[one.state, one.serves] | some one in at.a1.endpoints] == [[null, "unknown"]]
}

test_what_is_out_of_reach_is_said_by_service if {
	at := endpoints.at.orders with input as estates.document(["sqs:SendMessage"], {})
	at.a1.services == [{
		"service": "sqs",
		"outcome": "service_unreachable",
		"text": "out of reach, with neither an endpoint nor a way to the internet",
		"waits_for": set(),
	}]
}

test_an_endpoint_may_serve_where_the_vpcs_dns_was_not_read if {
	document := object.union(
		fixtures.denied(
			_holding(estates.interface("vpce-sqs", "sqs", {})),
			{"vpc_attributes": "ec2:DescribeVpcAttribute"},
		),
		{"vpcs": [estates.vpc({})]},
	)
	found := endpoints.at.orders.a1.endpoints[0] with input as document
	[found.serves, found.reason] == ["unknown", "it waits for ec2:DescribeVpcAttribute (AccessDenied)"]
	at := endpoints.at.orders with input as document
	[service.outcome | some service in at.a1.services] == ["unknown"]
}

test_an_endpoint_may_serve_where_its_groups_were_not_read if {
	document := fixtures.denied(
		_holding(estates.interface("vpce-sqs", "sqs", {"security_group_ids": ["sg-hidden"]})),
		{"security_groups": "ec2:DescribeSecurityGroups"},
	)
	found := endpoints.at.orders.a1.endpoints[0] with input as document
	[found.serves, {wait.name | some wait in found.waits_for}] == ["unknown", {"ec2:DescribeSecurityGroups"}]
}

test_a_gateway_endpoint_serves_through_the_subnets_table if {
	document := _holding(estates.gateway("vpce-s3", "s3", ["rtb-a"]))
	at := endpoints.at.orders with input as document
	[one.reason | some one in at.a1.endpoints] == ["rtb-a leads to it"]
	[one.reason | some one in at.b1.endpoints] == ["no route of rtb-b leads to it"]
	[one.serves | some one in at.b1.endpoints] == ["no"]
}

test_a_gateway_endpoint_may_serve_where_no_table_was_read if {
	document := object.union(
		fixtures.denied(
			_holding(estates.gateway("vpce-s3", "s3", ["rtb-a"])),
			{"route_tables": "ec2:DescribeRouteTables"},
		),
		{"route_tables": []},
	)
	found := endpoints.at.orders.a1.endpoints[0] with input as document
	[found.serves, found.reason] == ["unknown", "it waits for ec2:DescribeRouteTables (AccessDenied)"]
}

test_a_route_tells_of_an_endpoint_that_nobody_saw if {
	document := object.union(
		fixtures.denied(estates.document([], {}), {"vpc_endpoints": "ec2:DescribeVpcEndpoints"}),
		{
			"route_tables": [estates.table("rtb-a", ["a1"], [
				estates.route("prefix_list", "pl-s3", "vpc_endpoint", "vpce-owner"),
			])],
			"prefix_lists": [{"id": "pl-s3", "name": "com.amazonaws.eu-west-1.s3", "owner_id": "AWS", "cidrs": []}],
		},
	)
	at := endpoints.at.orders with input as document
	at.a1.endpoints == [{
		"endpoint_id": "vpce-owner",
		"text": "vpce-owner",
		"type": null,
		"service": null,
		"state": null,
		"serves": "yes",
		"reason": "rtb-a leads to it",
		"waits_for": set(),
	}]
	{wait.name | some wait in at.a1.endpoints_wait_for} == {"ec2:DescribeVpcEndpoints"}
}

test_a_deleted_endpoint_is_not_shown if {
	document := _holding(estates.interface("vpce-sqs", "sqs", {"state": "deleted"}))
	at := endpoints.at.orders with input as document
	at.a1.endpoints == []
}

_holding(endpoint) := object.union(base, {
	"vpc_endpoints": [endpoint],
	"security_groups": array.concat(base.security_groups, [estates.endpoint_group({"group_ids": ["sg-f"]})]),
}) if {
	base := estates.document(["sqs:SendMessage"], {})
}

_inbound := {"private_dns_only_for_inbound_resolver": true}

_own := {"security_group_ids": ["sg-f"]}

test_calls_are_told_by_service_and_subnets_alike_together if {
	document := object.union(
		_holding(estates.interface("vpce-sqs", "sqs", {})),
		{"roles": [estates.role([estates.statement("Allow", {"actions": ["sqs:SendMessage", "sns:Publish"]})])]},
	)
	calls := endpoints.calls.orders with input as document
	calls == [
		{
			"service": "sns",
			"basis": "inferred",
			"outcome": "service_unreachable",
			"mark": "broken",
			"text": "out of reach, with neither an endpoint nor a way to the internet",
			"subnet_ids": {"a1", "b1"},
		},
		{
			"service": "sqs",
			"basis": "inferred",
			"outcome": "reachable",
			"mark": "passed",
			"text": "goes through vpce-sqs",
			"subnet_ids": {"a1", "b1"},
		},
	]
}

test_why_no_endpoint_serves_a_call_is_said if {
	off := estates.interface("vpce-sqs", "sqs", {"private_dns_enabled": false})
	calls := endpoints.calls.orders with input as _holding(off)
	[call.text | some call in calls] == [concat(" ", [
		"out of reach, as its name does not lead to the endpoint",
		"(vpce-sqs: its private DNS is off)",
	])]
}

test_a_call_that_groups_keep_in_is_broken_whatever_stands_behind_them if {
	document := _holding(estates.interface("vpce-sqs", "sqs", {}))
	calls := endpoints.calls.orders with input as document
		with data.vpcguard.explanation.filters.kept_in as {"orders": {"sqs"}}
	[[call.mark, call.text] | some call in calls] == [[
		"broken",
		"goes through vpce-sqs; its security groups let no TCP 443 out to it",
	]]
}

test_a_call_goes_by_the_way_to_the_internet if {
	calls := endpoints.calls.orders with input as estates.behind_nat(estates.document(["sqs:SendMessage"], {}))
	[[call.mark, call.text] | some call in calls] == [["passed", "goes the way to the internet"]]
}

test_a_call_that_central_endpoints_serve_can_be_made if {
	routes := [estates.route("ipv4", "10.0.0.0/8", "transit_gateway", "tgw-1")]
	document := estates.document(["sqs:SendMessage"], {
		"route_tables": [estates.table("rtb-a", ["a1", "b1"], routes)],
		"transit_gateway_attachments": [fixtures.attachment("tgw-1", ["a1", "b1"])],
		"config": {"version": 1, "central_endpoints": ["sqs"]},
	})
	calls := endpoints.calls.orders with input as document
	[[call.mark, call.text] | some call in calls] == [["passed", "goes to a central endpoint"]]
}

test_a_call_in_doubt_says_because_of_what if {
	document := fixtures.denied(estates.document(["sqs:SendMessage"], {}), {"vpc_endpoints": "ec2:DescribeVpcEndpoints"})
	calls := endpoints.calls.orders with input as document
	[[call.mark, call.text] | some call in calls] == [[
		"in_doubt",
		"in doubt, because of ec2:DescribeVpcEndpoints (AccessDenied)",
	]]
}
