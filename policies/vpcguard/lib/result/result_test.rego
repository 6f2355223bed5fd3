package vpcguard.lib.result_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.lib.result

test_a_violation_takes_severity_and_stage_from_the_rule_and_the_configuration if {
	_violations({}, {"nat.some_fault": {"stage": "warn"}}) == [{
		"function": "orders",
		"severity": "high",
		"stage": "warn",
		"message": "broken",
		"evidence": {"id": "x"},
		"eligible_for_remediation": true,
	}]
	_severity({"severity": "critical"}, {}) == "critical"
	_severity({"severity": "critical"}, {"nat.some_fault": {"severity": "low"}}) == "low"
}

test_what_was_inferred_is_never_worse_than_medium if {
	_severity({"basis": "inferred"}, {}) == "medium"
	_severity({"basis": "inferred", "severity": "critical"}, {}) == "medium"
	_severity({"basis": "inferred", "severity": "low"}, {}) == "low"
	_severity({"basis": "inferred"}, {"nat.some_fault": {"severity": "critical"}}) == "medium"
	_severity({"basis": "declared"}, {}) == "high"
}

test_one_root_cause_is_shown_several_are_none if {
	[violation.root_cause | some violation in _violations({"root_causes": {"nat-1"}}, {})] == ["nat-1"]
	[violation | some violation in _violations({"root_causes": {"nat-1", "nat-2"}}, {}); violation.root_cause] == []
	[violation | some violation in _violations({"root_causes": set()}, {}); violation.root_cause] == []
}

test_eligible_where_the_rule_can_and_the_violation_may_be_remediated if {
	[violation.eligible_for_remediation | some violation in _violations({"is_eligible": false}, {})] == [false]
	composed := result.composed(object.union(_rule, {"remediation": "none"}), {
		"applies": {"orders"},
		"deny": {result.violation("orders", {"message": "broken", "evidence": {}})},
		"unknown": set(),
	}) with input as _document({})
	[violation.eligible_for_remediation | some violation in composed.violations] == [false]
}

test_a_disabled_rule_does_not_apply if {
	composed := _composed({"nat.some_fault": {"enabled": false}})
	composed.applies == set()
	composed.violations == []
	composed.unknowns == []
	composed.silent == set()
	composed.off == {"orders"}
}

test_a_rule_that_does_not_apply_is_not_off if {
	composed := result.composed(_rule, {"applies": set(), "deny": set(), "unknown": set()}) with input as _document({})
	[composed.applies, composed.off] == [set(), set()]
}

test_a_function_in_transition_shows_its_state if {
	function := {"state": "Pending", "last_update_status": "InProgress"}
	document := object.union(_document({}), {"functions": [fixtures.function("orders", ["app"], function)]})
	composed := result.composed(_rule, {
		"applies": {"orders"},
		"deny": {result.violation("orders", {"message": "broken", "evidence": {"id": "x"}})},
		"unknown": set(),
	}) with input as document
	[violation.evidence | some violation in composed.violations] == [{
		"id": "x",
		"state": "Pending",
		"last_update_status": "InProgress",
	}]
}

test_unknowns_of_one_function_are_joined if {
	_unknowns({
		result.unknown("orders", {_wait("unknown", "ec2:DescribeSubnets", "AccessDenied")}),
		result.unknown_with("orders", {_wait("opaque", "tgw-1", "")}, {"id": "x"}),
	}) == [{
		"function": "orders",
		"stage": "audit",
		"waits_for": ["ec2:DescribeSubnets", "tgw-1"],
		"message": concat(" ", [
			"orders cannot be judged: it waits for ec2:DescribeSubnets (AccessDenied) and tgw-1.",
			"If this way works, declare it in the configuration (trusted_egress).",
			"Let the audit role read this and look again.",
		]),
		"evidence": {"id": "x", "unknown": ["ec2:DescribeSubnets", "tgw-1"]},
		"is_failed_read": true,
	}]
}

test_of_many_that_wait_for_the_same_each_is_unknown if {
	functions := [fixtures.function(name, ["app"], {}) | some name in ["orders", "payments"]]
	document := object.union(_document({}), {"functions": functions})
	composed := result.composed(_rule, {
		"applies": {"orders", "payments"},
		"deny": set(),
		"unknown": {result.unknown_all({"orders", "payments"}, {_wait("unknown", "ec2:DescribeSubnets", "")})},
	}) with input as document
	{one.function | some one in composed.unknowns} == {"orders", "payments"}
	quiet := result.composed(_rule, {
		"applies": {"orders", "payments"},
		"deny": {result.violation("orders", {"message": "broken", "evidence": {}})},
		"unknown": {result.unknown_all({"orders", "payments"}, {_wait("not_requested", "lambda:ListAliases", "")})},
	}) with input as document
	[quiet.applies, quiet.unknowns, quiet.silent] == [{"orders"}, [], {"payments"}]
}

# trusting a way does not help where only the owner of the VPC can see it
test_what_only_the_owner_sees_asks_for_the_owners_account if {
	waits := {_wait("opaque", "444455556666", ""), _wait("opaque", "nat-1", "NAT gateway")}
	[one.message | some one in _unknowns({result.unknown("orders", waits)})] == [concat(" ", [
		"orders cannot be judged: it waits for 444455556666 and nat-1 (NAT gateway).",
		"Let the audit role be assumed in the account that owns the VPC.",
	])]
}

test_the_advice_is_what_would_settle_it if {
	every case in [
		["tgw-1", "transit gateway", "trusted_egress"],
		["arn:aws:networkmanager::1:core-network/core-network-1", "core network", "trusted_egress"],
		["tgw-1", "may lead to central endpoints: set central_endpoints", "(central_endpoints)"],
		["lgw-1", "local gateway", "of an organization unit"],
		["vpce-1", "vpc endpoint", "of an organization unit"],
		["vpc-1", "vpc-1 is in no answer", "still exists"],
		["pl-1", "a list without a name", "by hand"],
		["444455556666", "", "in the account that owns the VPC"],
	] {
		[one] := _unknowns({result.unknown("orders", {_wait("opaque", case[0], case[1])})})
		contains(one.message, case[2])
	}
}

test_an_opaque_target_is_no_failed_read if {
	[one.is_failed_read | some one in _unknowns({result.unknown("orders", {_wait("opaque", "tgw-1", "")})})] == [false]
	contested := {result.unknown("orders", {_wait("undecidable", "pl-1", "")})}
	[one.is_failed_read | some one in _unknowns(contested)] == [false]
}

test_silent_where_only_what_was_left_out_on_purpose_is_awaited if {
	left_out := result.unknown("orders", {_wait("not_requested", "lambda:GetFunctionConfiguration", "")})
	composed := result.composed(_rule, {
		"applies": {"orders"},
		"deny": set(),
		"unknown": {left_out},
	}) with input as _document({})
	[composed.applies, composed.unknowns, composed.silent] == [set(), [], {"orders"}]
	both := {left_out, result.unknown("orders", {_wait("unknown", "ec2:DescribeSubnets", "")})}
	[one.waits_for | some one in _unknowns(both)] == [["ec2:DescribeSubnets"]]
}

# what is proven stands, whatever else was not read
test_a_violation_goes_before_an_unknown if {
	composed := result.composed(_rule, {
		"applies": {"orders"},
		"deny": {result.violation("orders", {"message": "broken", "evidence": {}})},
		"unknown": {result.unknown("orders", {_wait("unknown", "ec2:DescribeSubnets", "")})},
	}) with input as _document({})
	[count(composed.violations), composed.unknowns, composed.silent] == [1, [], set()]
}

_rule := {
	"id": "nat.some_fault",
	"title": "Something is wrong",
	"severity": "high",
	"advice": "Repair it.",
	"remediation": "detach_vpc_config",
}

_document(rules) := fixtures.estate({"config": {"version": 1, "rules": rules}})

_wait(status, name, reason) := {"status": status, "name": name, "reason": reason}

_violations(details, rules) := composed.violations if {
	composed := result.composed(_rule, {
		"applies": {"orders"},
		"deny": {result.violation("orders", object.union({"message": "broken", "evidence": {"id": "x"}}, details))},
		"unknown": set(),
	}) with input as _document(rules) # regal ignore:with-outside-test-context
}

_severity(details, rules) := _violations(details, rules)[0].severity

_unknowns(unknown) := composed.unknowns if {
	composed := result.composed(_rule, {
		"applies": {"orders"},
		"deny": set(),
		"unknown": unknown,
	}) with input as _document({}) # regal ignore:with-outside-test-context
}

_composed(rules) := composed if {
	composed := result.composed(_rule, {
		"applies": {"orders"},
		"deny": {result.violation("orders", {"message": "broken", "evidence": {}})},
		"unknown": {result.unknown("orders", {_wait("unknown", "ec2:DescribeSubnets", "")})},
	}) with input as _document(rules) # regal ignore:with-outside-test-context
}
