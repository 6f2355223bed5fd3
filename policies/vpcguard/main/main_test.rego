package vpcguard.main_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.lib.result

test_no_rule_is_incomplete if {
	metadata := {concat(".", [family, fault]): _metadata |
		some family, fault
		data.vpcguard.rules[family][fault].deny
	}
	count(metadata) > 20
	incomplete := data.vpcguard.incomplete_rules with input as fixtures.whole({})
		with data.vpcguard.rule_metadata as metadata
	incomplete == set()
}

test_a_rule_without_deny_leaves_no_decision if {
	rules := {"nat": {"half_written": object.remove(_half, ["deny"])}}
	not data.vpcguard.decision with input as fixtures.whole({})
		with data.vpcguard.rules as rules
		with data.vpcguard.rule_metadata as _half_written
	incomplete := data.vpcguard.incomplete_rules with input as fixtures.whole({})
		with data.vpcguard.rules as rules
		with data.vpcguard.rule_metadata as _half_written
	incomplete == {"nat.half_written"}
}

test_a_rule_without_its_metadata_leaves_no_decision if {
	every name in object.keys(_metadata) {
		metadata := {"nat.half_written": object.remove(_metadata, [name])}
		not data.vpcguard.decision with input as fixtures.whole({})
			with data.vpcguard.rules as {"nat": {"half_written": _half}}
			with data.vpcguard.rule_metadata as metadata
	}
	not data.vpcguard.decision with input as fixtures.whole({})
}

test_a_rule_that_says_no_more_applies_to_every_attached_function_and_knows_all if {
	document := fixtures.estate({"functions": [
		fixtures.function("orders", ["app"], {}),
		object.remove(fixtures.function("free", [], {}), ["vpc_id"]),
	]})
	decision := data.vpcguard.decision with input as document
		with data.vpcguard.rules as {"nat": {"half_written": {"deny": set()}}}
		with data.vpcguard.rule_metadata as _half_written
	[[rule.applies, rule.unknowns] | some rule in decision.rules] == [[{"orders"}, []]]
}

test_nobody_asks_a_rule_that_is_off if {
	document := fixtures.estate({"config": {"version": 1, "rules": {"nat.half_written": {"enabled": false}}}})
	decision := data.vpcguard.decision with input as document
		with data.vpcguard.rules as {"nat": {"half_written": object.remove(_half, ["deny"])}}
		with data.vpcguard.rule_metadata as _half_written
	[[rule.id, rule.applies, rule.violations] | some rule in decision.rules] == [["nat.half_written", set(), []]]
	[rule.off | some rule in decision.rules] == [{one.name | some one in document.functions}]
}

test_functions_that_are_declared_alike_are_told_together_and_those_of_unread_tags_not_at_all if {
	egress := {"tags": fixtures.tags({"vpcguard:egress": "internet"})}
	functions := [
		fixtures.function("a", ["app"], {}),
		fixtures.function("b", ["app"], {}),
		fixtures.function("c", ["app"], egress),
	]
	document := fixtures.estate({"functions": functions})
	{{name | some name in names} | some names in _declared(document)} == {{"a", "b"}, {"c"}}
	_declared(fixtures.denied(document, {"function_tags": "lambda:ListTags"})) == {}
	severities := {"version": 1, "rules": {"nat.half_written": {"severity": "low"}}}
	_declared(object.union(document, {"config": severities})) == _declared(document)
	thresholds := {"version": 1, "thresholds": {"ip_floor": 1}}
	object.keys(_declared(object.union(document, {"config": thresholds}))) & object.keys(_declared(document)) == set()
}

_declared(document) := declared if {
	declared := data.vpcguard.decision.declared with input as document # regal ignore:with-outside-test-context
		with data.vpcguard.rules as {"nat": {"half_written": _half}} # regal ignore:with-outside-test-context
		with data.vpcguard.rule_metadata as _half_written # regal ignore:with-outside-test-context
}

test_withdrawn_rules_are_named if {
	retired := data.vpcguard.decision.retired with input as fixtures.whole({})
		with data.vpcguard.rules as {"nat": {"half_written": _half}}
		with data.vpcguard.rule_metadata as _half_written
		with data.vpcguard.config.retired as {"az.some_fault": {"since": "2026-11-29"}}
	retired == {"az.some_fault"}
}

test_every_rule_speaks_even_about_nothing if {
	metadata := {"az.single_az": _metadata, "nat.no_internet_egress": _metadata}
	decision := data.vpcguard.decision with input as fixtures.whole({}) with data.vpcguard.rule_metadata as metadata
	[rule.id | some rule in decision.rules] == ["az.single_az", "nat.no_internet_egress"]
	{rule.id |
		some rule in decision.rules
		((count(rule.applies) + count(rule.violations)) + count(rule.unknowns)) + count(rule.silent) > 0
	} == set()
}

test_a_rule_is_shown_with_its_metadata if {
	metadata := {"az.single_az": {
		"title": "Function runs in a single Availability Zone",
		"doubt": "Not known whether it does",
		"severity": "medium",
		"advice": "Add a subnet.",
		"remediation": "none",
		"statement": ["zone_ids", "subnet_ids"],
	}}
	decision := data.vpcguard.decision with input as fixtures.estate({}) with data.vpcguard.rule_metadata as metadata
	decision.rules == [{
		"id": "az.single_az",
		"title": "Function runs in a single Availability Zone",
		"doubt": "Not known whether it does",
		"severity": "medium",
		"advice": "Add a subnet.",
		"remediation": "none",
		"statement": ["zone_ids", "subnet_ids"],
		"applies": {"orders"},
		"silent": set(),
		"off": set(),
		"unknowns": [],
		"violations": [{
			"function": "orders",
			"severity": "medium",
			"stage": "audit",
			"message": "orders runs in one Availability Zone, eu-west-1a: its only subnet is app.",
			"advice": "Add a subnet of vpc-1 in another zone to its VPC configuration.",
			"evidence": {"zone_ids": {"euw1-az-a"}, "subnet_ids": {"app"}, "candidate_subnet_ids": set()},
			"eligible_for_remediation": false,
		}],
	}]
}

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
	composed := _composed(
		object.union(_rule, {"remediation": "none"}), {
			"applies": {"orders"},
			"deny": {result.violation("orders", {"message": "broken", "evidence": {}})},
			"unknown": set(),
		},
		_document({}),
	)
	[violation.eligible_for_remediation | some violation in composed.violations] == [false]
}

test_a_disabled_rule_does_not_apply if {
	composed := _composed(
		_rule, {
			"applies": {"orders"},
			"deny": {result.violation("orders", {"message": "broken", "evidence": {}})},
			"unknown": {result.unknown("orders", {_wait("unknown", "ec2:DescribeSubnets", "")})},
		},
		_document({"nat.some_fault": {"enabled": false}}),
	)
	composed.applies == set()
	composed.violations == []
	composed.unknowns == []
	composed.silent == set()
	composed.off == {"orders"}
}

test_a_rule_that_does_not_apply_is_not_off if {
	composed := _composed(_rule, {"applies": set(), "deny": set(), "unknown": set()}, _document({}))
	[composed.applies, composed.off] == [set(), set()]
}

test_a_function_in_transition_shows_its_state if {
	_states({"state": "Pending", "last_update_status": "InProgress"}) == {
		"id": "x",
		"state": "Pending",
		"last_update_status": "InProgress",
	}
	_states({"state": "Active", "last_update_status": "Failed"}) == {"id": "x", "last_update_status": "Failed"}
	_states({"state": "Inactive", "last_update_status": "Successful"}) == {"id": "x", "state": "Inactive"}
	_states({"state": "Active", "last_update_status": "Successful"}) == {"id": "x"}
	_states({}) == {"id": "x"}
}

test_unknowns_of_one_function_are_joined if {
	_unknowns({
		result.unknown("orders", {_wait("refused", "ec2:DescribeSubnets", "refused: AccessDenied")}),
		result.unknown_with("orders", {_wait("opaque", "tgw-1", "")}, {"id": "x"}),
	}) == [{
		"function": "orders",
		"stage": "audit",
		"waits_for": ["ec2:DescribeSubnets", "tgw-1"],
		"message": "orders cannot be judged because of ec2:DescribeSubnets (refused: AccessDenied); tgw-1.",
		"advice": concat(" ", [
			"Grant ec2:DescribeSubnets to the role that reads the account, and look again.",
			"If the internet is reached through tgw-1, declare that in the configuration (trusted_egress).",
		]),
		"evidence": {"id": "x", "unknown": ["ec2:DescribeSubnets", "tgw-1"]},
		"failed_reads": ["ec2:DescribeSubnets"],
	}]
}

test_a_violation_may_say_what_to_do_here_and_call_the_fault_otherwise if {
	said := {"advice": "Repair x.", "title": "No longer visible"}
	[object.filter(violation, ["advice", "title"]) | some violation in _violations(said, {})] == [said]
	[object.filter(violation, ["advice", "title"]) | some violation in _violations({}, {})] == [{}]
}

test_of_many_that_wait_for_the_same_each_is_unknown if {
	functions := [fixtures.function(name, ["app"], {}) | some name in ["orders", "payments"]]
	document := object.union(_document({}), {"functions": functions})
	composed := _composed(
		_rule, {
			"applies": {"orders", "payments"},
			"deny": set(),
			"unknown": {result.unknown(name, {_wait("unknown", "ec2:DescribeSubnets", "")}) |
				some name in ["orders", "payments"]
			},
		},
		document,
	)
	{one.function | some one in composed.unknowns} == {"orders", "payments"}
	[composed.applies, composed.silent] == [{"orders", "payments"}, set()]
	quiet := _composed(
		_rule, {
			"applies": {"orders", "payments"},
			"deny": {result.violation("orders", {"message": "broken", "evidence": {}})},
			"unknown": {result.unknown(name, {_wait("not_requested", "lambda:ListAliases", "")}) |
				some name in ["orders", "payments"]
			},
		},
		document,
	)
	[quiet.applies, quiet.unknowns, quiet.silent] == [{"orders"}, [], {"payments"}]
}

test_an_opaque_target_is_no_failed_read if {
	[one.failed_reads | some one in _unknowns({result.unknown("orders", {_wait("opaque", "tgw-1", "")})})] == [[]]
	[contested] := _unknowns({result.unknown("orders", {_wait("undecidable", "pl-1", "")})})
	contested.failed_reads == []
}

test_silent_where_only_what_was_left_out_on_purpose_is_awaited if {
	left_out := result.unknown("orders", {_wait("not_requested", "lambda:GetFunctionConfiguration", "")})
	composed := _composed(
		_rule, {
			"applies": {"orders"},
			"deny": set(),
			"unknown": {left_out},
		},
		_document({}),
	)
	[composed.applies, composed.unknowns, composed.silent] == [set(), [], {"orders"}]
	both := {left_out, result.unknown("orders", {_wait("unknown", "ec2:DescribeSubnets", "")})}
	[one.waits_for | some one in _unknowns(both)] == [["ec2:DescribeSubnets"]]
}

test_a_rule_that_says_two_things_of_a_function_is_in_doubt_about_it_alone if {
	functions := [fixtures.function(name, ["app"], {}) | some name in ["orders", "payments"]]
	said := {["orders", "broken"], ["orders", "otherwise"], ["payments", "broken"]}
	composed := _composed(
		_rule, {
			"applies": {"orders", "payments"},
			"deny": {result.violation(name, {"message": text, "evidence": {}}) | some [name, text] in said},
			"unknown": set(),
		},
		object.union(_document({}), {"functions": functions}),
	)
	[violation.function | some violation in composed.violations] == ["payments"]
	[[one.function, one.message, one.advice] | some one in composed.unknowns] == [[
		"orders",
		"orders cannot be judged because of nat.some_fault (says two things at once).",
		"This is a fault of nat.some_fault itself: report it, and switch the rule off until it is mended.",
	]]
}

# what is proven stands, whatever else was not read
test_a_violation_goes_before_an_unknown if {
	composed := _composed(
		_rule, {
			"applies": {"orders"},
			"deny": {result.violation("orders", {"message": "broken", "evidence": {}})},
			"unknown": {result.unknown("orders", {_wait("unknown", "ec2:DescribeSubnets", "")})},
		},
		_document({}),
	)
	[count(composed.violations), composed.unknowns, composed.silent] == [1, [], set()]
}

_half_written := {"nat.half_written": _metadata}

_metadata := {"title": "t", "doubt": "d", "severity": "low", "advice": "a", "remediation": "none", "statement": []}

_half := {"applies": {"orders"}, "deny": set(), "unknown": set()}

_rule := {
	"title": "Something is wrong",
	"doubt": "Not known whether something is wrong",
	"severity": "high",
	"advice": "Repair it.",
	"remediation": "detach_vpc_config",
	"statement": ["id"],
}

_document(rules) := fixtures.estate({"config": {"version": 1, "rules": rules}})

_wait(status, name, reason) := {"status": status, "name": name, "reason": reason}

_composed(metadata, said, document) := composed if {
	[composed] := data.vpcguard.decision.rules with input as document # regal ignore:with-outside-test-context
		with data.vpcguard.rules as {"nat": {"some_fault": said}} # regal ignore:with-outside-test-context
		with data.vpcguard.rule_metadata as {"nat.some_fault": metadata}
}

_violations(details, rules) := _composed(
	_rule, {
		"applies": {"orders"},
		"deny": {result.violation("orders", object.union({"message": "broken", "evidence": {"id": "x"}}, details))},
		"unknown": set(),
	},
	_document(rules),
).violations

_severity(details, rules) := _violations(details, rules)[0].severity

_unknowns(unknown) := _composed(
	_rule, {
		"applies": {"orders"},
		"deny": set(),
		"unknown": unknown,
	},
	_document({}),
).unknowns

_states(function) := composed.violations[0].evidence if {
	document := object.union(_document({}), {"functions": [fixtures.function("orders", ["app"], function)]})
	composed := _composed(
		_rule, {
			"applies": {"orders"},
			"deny": {result.violation("orders", {"message": "broken", "evidence": {"id": "x"}})},
			"unknown": set(),
		},
		document,
	)
}
