package vpcguard.api_test

import data.vpcguard.api
import data.vpcguard.lib.fixtures_test as fixtures

_tags := fixtures.tags({"team": "payments"})

_estate := fixtures.estate({"functions": [fixtures.function("orders", ["app"], {"tags": _tags})]})

_role := {
	"names": ["role-f"],
	"statements": [],
	"has_boundary": false,
	"boundary_statements": [],
}

test_facts_are_there_by_id if {
	object.keys(api.functions) == {"orders"} with input as _estate
	object.keys(api.attached) == {"orders"} with input as _estate
	every id, subnet in api.subnets { subnet.id == id } with input as _estate
	every id, vpc in api.vpcs { vpc.id == id } with input as _estate
	every id, table in api.route_tables { table.id == id } with input as _estate
	every id, nat in api.nat_gateways { nat.id == id } with input as _estate
	every id, group in api.security_groups { group.id == id } with input as _estate
	every id, endpoint in api.vpc_endpoints { endpoint.id == id } with input as _estate
}

test_tags_are_read_by_key if {
	api.tags("orders") == {"team": "payments"} with input as _estate
}

test_a_role_is_undefined_where_it_was_not_read if {
	api.role("orders").names == ["role-f"] with input as object.union(_estate, {"roles": [_role]})
	not api.role("orders") with input as object.union(_estate, {"roles": []})
}

test_the_way_out_of_a_subnet if {
	some id in _estate.functions[0].subnet_ids
	path := api.egress("orders", id) with input as _estate
	object.keys(path) == {"state", "cause", "hops", "waits"}
}

test_endpoints_that_serve if {
	some id in _estate.functions[0].subnet_ids
	is_set(api.endpoints_serving("orders", id)) with input as _estate
}

test_parameters_come_from_the_configuration_and_its_overrides if {
	config := {
		"version": 1,
		"rules": {"org.few_groups": {"parameters": {"most": 3, "why": "policy 7"}}},
		"overrides": [{"match": {"function": "ord*"}, "rules": {"org.few_groups": {"parameters": {"most": 5}}}}],
	}
	given := api.parameters("org.few_groups", "orders") with input as object.union(_estate, {"config": config})
	given == {"most": 5, "why": "policy 7"}
	api.parameters("org.few_groups", "orders") == {} with input as _estate
}

test_what_is_not_known_becomes_a_doubt if {
	denied := fixtures.denied(_estate, {"nat_gateways": "ec2:DescribeNatGateways"})
	waits := api.waits("nat_gateways", "vpc-1") with input as denied
	api.unknown("orders", waits) == {"function": "orders", "waits": waits, "evidence": {}}
	waits != set()
}

test_a_violation_is_what_the_shipped_rules_make if {
	api.violation("orders", {"message": "orders has no team"}) == {"function": "orders", "message": "orders has no team"}
}
