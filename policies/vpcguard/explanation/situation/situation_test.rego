package vpcguard.explanation.situation_test

import data.vpcguard.explanation.situation
import data.vpcguard.lib.endpoint_fixtures_test as estates
import data.vpcguard.lib.fixtures_test as fixtures

test_each_situation_in_words if {
	situation.of == {
		"bare": "without_subnets",
		"capacity": "managed_instances",
		"free": "not_attached",
		"going": "deleting",
		"orders": "attached",
	} with input as _everyone
	texts := {name: situation.text(name) | some name, _ in situation.of} with input as _everyone
	texts == {
		"bare": "bare is attached to a VPC, but none of its subnets exists.",
		"capacity": concat(" ", [
			"capacity runs on Lambda Managed Instances:",
			"its network is that of the capacity provider.",
		]),
		"free": "free is not attached to a VPC.",
		"going": "going is being deleted.",
		"orders": "orders is attached to a VPC.",
	}
}

test_vpc_ids_are_those_of_the_subnets_seen_else_of_the_function if {
	vpc_ids := situation.vpc_ids with input as _everyone
	vpc_ids == {"bare": "vpc-1", "capacity": "vpc-1", "free": null, "going": "vpc-1", "orders": "vpc-1"}
}

test_states_hold_what_was_read_and_nothing_else if {
	states := situation.states with input as _everyone
	states == {"bare": {}, "capacity": {}, "free": {}, "going": {"state": "Deleting"}, "orders": {
		"state": "Active",
		"last_update_status": "Failed",
		"last_update_status_reason": "no such subnet",
		"last_update_status_reason_code": "InvalidSubnet",
	}}
}

test_groups_are_seen_missing_or_hidden if {
	document := object.union(_everyone, {"security_groups": [fixtures.group("sg-f", [], [])]})
	groups := situation.security_groups with input as document
	groups.orders == [{"security_group_id": "sg-f", "text": "sg-f", "existence": "seen", "waits_for": set()}]
	groups.capacity == []

	without := situation.security_groups with input as _everyone
	without.orders == [{"security_group_id": "sg-f", "text": "sg-f", "existence": "missing", "waits_for": set()}]

	denied := fixtures.denied(_everyone, {"security_groups": "ec2:DescribeSecurityGroups"})
	hidden := situation.security_groups with input as denied
	hidden.orders == [{
		"security_group_id": "sg-f",
		"text": "sg-f",
		"existence": "unknown",
		"waits_for": {{"name": "ec2:DescribeSecurityGroups", "reason": "AccessDenied", "status": "unknown"}},
	}]
}

test_intents_are_shown_with_their_source if {
	document := estates.tagged(estates.document([], {}), {"vpcguard:egress": "aws", "vpcguard:services": "s3,sqs"})
	intents := situation.intents with input as document
	intents == {"orders": {
		"egress": {"value": "aws", "source": "tag"},
		"private_targets": {"value": "undeclared", "source": "undeclared"},
		"services": {"values": {"s3", "sqs"}, "source": "tag"},
		"unrecognized": set(),
		"waits_for": set(),
	}}
}

test_needs_are_those_of_the_role if {
	needs := situation.needs with input as estates.document(["sqs:SendMessage", "support:*"], {})
	needs == {"orders": {
		"services": [{"service": "sqs", "basis": "inferred", "waits_for": set()}],
		"without_endpoints": {"support"},
		"others_wait_for": set(),
	}}
}

test_needs_of_a_function_outside_are_none if {
	needs := situation.needs with input as _everyone
	needs.free == {"services": [], "without_endpoints": set(), "others_wait_for": set()}
}

_everyone := fixtures.whole({
	"functions": [
		fixtures.function("orders", ["a1"], {
			"state": "Active",
			"last_update_status": "Failed",
			"last_update_status_reason": "no such subnet",
			"last_update_status_reason_code": "InvalidSubnet",
			"memory_mb": 128,
		}),
		fixtures.function("bare", ["gone"], {}),
		fixtures.function("capacity", ["a1"], {"managed_instances": true}),
		fixtures.function("going", ["a1"], {"state": "Deleting"}),
		object.remove(fixtures.function("free", [], {}), ["vpc_id"]),
	],
	"subnets": [fixtures.subnet("a1", "a")],
})
