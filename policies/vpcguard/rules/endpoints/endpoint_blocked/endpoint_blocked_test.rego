package vpcguard.rules.endpoints.endpoint_blocked_test

import data.vpcguard.lib.endpoint_fixtures_test as estate
import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.endpoints.endpoint_blocked as rule

test_deny_an_endpoint_whose_groups_do_not_admit_the_function if {
	rule.deny == {{
		"function": "orders",
		"message": "orders cannot use sqs through vpce-1, whose groups do not admit TCP 443 from b1 (eu-west-1b).",
		"advice": "Let sg-e admit TCP 443 from the function's groups.",
		"evidence": {
			"vpc_id": "vpc-1",
			"intent": {
				"egress": {"value": "undeclared", "source": "undeclared"},
				"private_targets": {"value": "undeclared", "source": "undeclared"},
				"services": {"source": "undeclared", "values": set()},
				"unrecognized": set(),
			},
			"services": [{"service": "sqs", "basis": "inferred", "subnet_ids": {"b1"}}],
			"subnets": [{
				"subnet_id": "b1",
				"zone_id": "euw1-az-b",
				"state": "none",
				"cause": "no_default_route",
				"hops": [{"id": "rtb-b", "kind": "route_table", "state": "no_default_route"}],
			}],
			"endpoints": [{
				"endpoint_id": "vpce-1",
				"service": "sqs",
				"cause": "not_admitted",
				"state": "available",
				"security_group_ids": ["sg-e"],
				"subnet_ids": {"b1"},
			}],
			"endpoints_with_own_policy": set(),
		},
		"root_causes": {"vpce-1"},
		"basis": "inferred",
	}} with input as _document([estate.interface("vpce-1", "sqs", {})], {"ipv4_cidrs": ["10.0.1.0/24"]})
}

test_deny_an_endpoint_that_is_not_available if {
	document := _document([estate.interface("vpce-1", "sqs", {"state": "pending"})], _admitting)
	{[one.cause, one.state] |
		some v in rule.deny
		some one in v.evidence.endpoints
	} == {["not_available", "pending"]} with input as document
	{startswith(v.message, "orders cannot use sqs through vpce-1, whose state is pending.") |
		some v in rule.deny
	} == {true} with input as document
}

# clients of IPv4 find no address behind the name
test_deny_an_endpoint_of_ipv6_alone if {
	every more in [{"ip_address_type": "ipv6"}, {"dns_record_ip_type": "ipv6"}] {
		document := _document([estate.interface("vpce-1", "sqs", more)], _admitting)
		{[one.cause, v.message] | some v in rule.deny; some one in v.evidence.endpoints} == {[
			"ipv6_only",
			"orders cannot use sqs through vpce-1, which answers over IPv6 alone.",
		]} with input as document
	}
}

test_unknown_at_an_endpoint_of_ipv6_alone_for_a_function_that_has_it if {
	document := object.union(
		_document([estate.interface("vpce-1", "sqs", {"ip_address_type": "ipv6"})], _admitting),
		{"functions": [fixtures.function("orders", ["a1", "b1"], {"ipv6_allowed_for_dual_stack": true})]},
	)
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"vpce-1"} with input as document
}

test_message_tells_endpoints_in_the_same_case_together if {
	pending := {"state": "pending"}
	found := [estate.interface("vpce-1", "sqs", pending), estate.interface("vpce-2", "sns", pending)]
	actions := {"roles": [estate.role([estate.statement("Allow", {"actions": ["sqs:SendMessage", "sns:Publish"]})])]}
	document := object.union(_document(found, _admitting), actions)
	told := "orders cannot use sns through vpce-2 and sqs through vpce-1, whose state is pending."
	waiting := "Wait until they are available; replace what fails."
	{[v.message, v.advice] | some v in rule.deny} == {[told, waiting]} with input as document
}

test_private_dns_is_turned_off_only_where_the_subnets_lead_out if {
	isolated := _document([estate.interface("vpce-1", "sqs", {"state": "failed"})], _admitting)
	{v.advice | some v in rule.deny} == {"Replace it."} with input as isolated
	leading := estate.behind_nat(isolated)
	{v.advice | some v in rule.deny} == {concat(" ", [
		"Replace it, or turn its private DNS off:",
		"the subnets lead out.",
	])} with input as leading
}

test_unknown_at_an_endpoint_without_a_state if {
	stateless := object.remove(estate.interface("vpce-1", "sqs", {}), ["state"])
	rule.deny == set() with input as _document([stateless], _admitting)
	{one.function | some one in rule.unknown} == {"orders"} with input as _document([stateless], _admitting)

	# whatever its state is
	{v.evidence.endpoints[0].state | some v in rule.deny} == {null} with input as _document([stateless], {})
}

# design 6: a NAT does not help then
test_deny_behind_a_nat if {
	document := estate.behind_nat(_document([estate.interface("vpce-1", "sqs", {})], {}))
	{v.function | some v in rule.deny} == {"orders"} with input as document
}

# With private DNS on for the whole VPC, the name leads past the gateway endpoint:
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DnsOptions.html
test_deny_although_a_gateway_endpoint_is_routed if {
	found := [estate.interface("vpce-1", "s3", {}), estate.gateway("vpce-g", "s3", ["rtb-a", "rtb-b"])]
	document := estate.tagged(_document(found, {}), {"vpcguard:services": "s3"})
	{[v.root_causes, v.basis] | some v in rule.deny} == {[{"vpce-1"}, "declared"]} with input as document
}

test_deny_one_violation_for_several_endpoints if {
	found := [estate.interface("vpce-1", "sqs", {}), estate.interface("vpce-2", "kms", {"state": "failed"})]
	document := estate.tagged(_document(found, {}), {"vpcguard:services": "sqs,kms"})
	{v.root_causes | some v in rule.deny} == {set()} with input as document
}

test_of_several_endpoints_a_group_is_the_cause_that_admits_nobody_to_any if {
	found := [estate.interface("vpce-1", "sqs", {}), estate.interface("vpce-2", "kms", {})]
	document := estate.tagged(_document(found, {}), {"vpcguard:services": "sqs,kms"})
	{v.root_causes | some v in rule.deny} == {{"sg-e"}} with input as document
}

test_allow_an_endpoint_that_admits_the_function if {
	document := _document([estate.interface("vpce-1", "sqs", {})], _admitting)
	rule.applies == {"orders"} with input as document
	rule.deny == set() with input as document
	rule.unknown == set() with input as document
}

test_allow_where_another_endpoint_for_the_name_is_usable if {
	found := [estate.interface("vpce-1", "sqs", {"state": "deleting"}), estate.interface("vpce-2", "sqs", {})]
	rule.deny == set() with input as _document(found, _admitting)
	rule.unknown == set() with input as _document(found, _admitting)
}

test_allow_an_endpoint_that_does_not_catch_the_name if {
	rule.deny == set() with input as _document([estate.interface("vpce-1", "sqs", {"private_dns_enabled": false})], {})
	rule.deny == set() with input as _document(
		[estate.interface("vpce-1", "sqs", {"private_dns_only_for_inbound_resolver": true})],
		{},
	)
	rule.unknown == set() with input as _document([estate.interface("vpce-1", "sqs", {"private_dns_enabled": false})], {})
}

test_allow_an_endpoint_for_another_service if {
	rule.deny == set() with input as _document([estate.interface("vpce-1", "sns", {})], {})
	rule.deny == set() with input as _document([estate.interface("vpce-1", "sqs", {"state": "deleted"})], {})
}

test_unknown_while_the_endpoints_groups_are_unread if {
	document := fixtures.denied(
		object.union(_document([estate.interface("vpce-1", "sqs", {})], {}), {"security_groups": [estate.group("sg-f", {})]}),
		{"security_groups": "ec2:DescribeSecurityGroups"},
	)
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeSecurityGroups"} with input as document
}

test_unknown_while_a_prefix_list_is_unread if {
	document := fixtures.denied(
		_document([estate.interface("vpce-1", "sqs", {})], {"prefix_list_ids": ["pl-1"]}),
		{"prefix_list_entries": "ec2:GetManagedPrefixListEntries"},
	)
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:GetManagedPrefixListEntries"} with input as document
}

# an endpoint out of sight may take the name over
test_unknown_while_the_endpoints_are_unread if {
	document := fixtures.denied(estate.behind_nat(_document([], {})), {"vpc_endpoints": "ec2:DescribeVpcEndpoints"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"ec2:DescribeVpcEndpoints"} with input as document
}

# what was read stands, whatever else was not
test_deny_what_was_seen_while_the_endpoints_are_unread if {
	document := fixtures.denied(
		_document([estate.interface("vpce-1", "sqs", {})], {}),
		{"vpc_endpoints": "ec2:DescribeVpcEndpoints"},
	)
	{v.function | some v in rule.deny} == {"orders"} with input as document
	rule.unknown == set() with input as fixtures.denied(
		_document([estate.interface("vpce-1", "sqs", {})], _admitting),
		{"vpc_endpoints": "ec2:DescribeVpcEndpoints"},
	)
}

# the way out, opaque here, is no matter of this rule
test_unknown_waits_for_what_decides_and_no_more if {
	base := _document([estate.interface("vpce-1", "sqs", {})], {})
	opaque := estate.leaving(base, [estate.route("ipv4", "0.0.0.0/0", "transit_gateway", "tgw-1")])
	document := fixtures.denied(object.union(opaque, {"roles": []}), {"roles": "iam:GetRole"})
	{one.waits[_].name | some one in rule.unknown} == {"iam:GetRole"} with input as document
}

test_unknown_while_the_needs_are_unread if {
	document := fixtures.denied(
		object.union(_document([estate.interface("vpce-1", "sqs", {})], {}), {"roles": []}),
		{"roles": "iam:GetRole"},
	)
	{one.waits[_].name | some one in rule.unknown} == {"iam:GetRole"} with input as document
	sound := fixtures.denied(
		object.union(_document([estate.interface("vpce-1", "sqs", {})], _admitting), {"roles": []}),
		{"roles": "iam:GetRole"},
	)
	rule.unknown == set() with input as sound
}

test_not_applicable_without_a_need if {
	none := estate.tagged(_document([estate.interface("vpce-1", "sqs", {})], {}), {"vpcguard:egress": "none"})
	rule.applies == set() with input as none
	rule.deny == set() with input as none
}

_admitting := {"group_ids": ["sg-f"]}

_document(found, admitted) := estate.document(["sqs:SendMessage"], {
	"vpc_endpoints": found,
	"security_groups": [estate.group("sg-f", {}), estate.endpoint_group(admitted)],
})
