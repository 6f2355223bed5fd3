package vpcguard.rules.endpoints.execute_api_takes_public_names_test

import data.vpcguard.lib.endpoint_fixtures_test as estate
import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.endpoints.execute_api_takes_public_names as rule

test_deny_where_an_endpoint_takes_the_names if {
	violations := rule.deny with input as _admitting(["sg-f"])
	[[one.message, one.root_causes, one.evidence.endpoint_ids] | some one in violations] == [[
		"Public APIs of API Gateway answer 403 to orders: in vpc-1, vpce-1 takes over the names of all APIs of the region.",
		{"vpce-1"},
		{"vpce-1"},
	]]
}

# calls hang at an endpoint that does not let the function in
test_message_claims_no_answer_of_an_endpoint_that_gives_none if {
	messages := {one.message | some one in rule.deny} with input as _admitting([])
	{startswith(one, "Public APIs of API Gateway do not answer orders: in vpc-1,") | some one in messages} == {true}
}

test_allow_where_no_endpoint_takes_the_names if {
	every more in [
		{"private_dns_enabled": false},
		{"state": "pending"},
		{"service_name": "com.amazonaws.eu-west-1.sqs"},
		{"vpc_id": "vpc-2"},
	] {
		rule.deny == set() with input as _document(more)
		rule.unknown == set() with input as _document(more)
		rule.applies == {"orders"} with input as _document(more)
	}
}

test_unknown_where_it_may_take_them if {
	own := object.union(
		_document({}),
		{"vpcs": [estate.vpc({"dns_support": true, "dns_hostnames": true, "name_servers": ["10.0.0.53"]})]},
	)
	rule.deny == set() with input as own
	{one.waits[_].name | some one in rule.unknown} == {"vpc-1"} with input as own
	stateless := object.union(
		_document({}),
		{"vpc_endpoints": [object.remove(one, ["state"]) | some one in _document({}).vpc_endpoints]},
	)
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeVpcEndpoints"} with input as stateless
	denied := fixtures.denied(estate.document([], {}), {"vpc_endpoints": "ec2:DescribeVpcEndpoints"})
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeVpcEndpoints"} with input as denied
}

test_unknown_where_the_intent_was_not_read if {
	denied := fixtures.denied(_document({}), {"function_tags": "lambda:ListTags"})
	rule.deny == set() with input as denied
	{one.waits[_].name | some one in rule.unknown} == {"lambda:ListTags"} with input as denied
}

# seen by the owner of a shared VPC alone
test_not_applicable_where_endpoints_are_hidden if {
	base := estate.document([], {})
	hidden := _waiting_for(base, "444455556666")
	rule.applies == set() with input as hidden
	rule.unknown == set() with input as hidden
	gone := _waiting_for(base, "vpc-1") # in no answer, and nobody asked which VPCs there are
	{one.waits[_].name | some one in rule.unknown} == {"vpc-1"} with input as gone
}

_waiting_for(document, name) := object.union(document, {"coverage": array.concat(
	[one | some one in document.coverage; one.kind != "vpc_endpoints"],
	[{"kind": "vpc_endpoints", "status": "unknown", "waits_for": [name], "is_failed_read": false}],
)})

test_not_applicable_where_the_internet_is_not_meant if {
	document := estate.tagged(_document({}), {"vpcguard:egress": "aws"})
	rule.applies == set() with input as document
	rule.deny == set() with input as document
}

_document(more) := estate.document([], {"vpc_endpoints": [estate.interface("vpce-1", "execute-api", more)]})

_admitting(group_ids) := object.union(
	_document({}),
	{"security_groups": [estate.group("sg-f", {}), estate.endpoint_group({"group_ids": group_ids})]},
)
