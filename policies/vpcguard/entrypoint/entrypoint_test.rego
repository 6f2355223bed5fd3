package vpcguard.entrypoint_test

import data.vpcguard.lib.fixtures_test as fixtures

# a rule that lacks a name would make every decision undefined
test_no_rule_is_incomplete if {
	data.vpcguard.incomplete_rules == set() with input as fixtures.whole({})
}

test_a_rule_without_one_of_its_names_leaves_no_decision if {
	every name in ["metadata", "applies", "deny", "unknown"] {
		rules := {"nat": {"half_written": object.remove(_rule, [name])}}
		not data.vpcguard.decision with input as fixtures.whole({}) with data.vpcguard.rules as rules
		incomplete := data.vpcguard.incomplete_rules with input as fixtures.whole({}) with data.vpcguard.rules as rules
		incomplete == {["nat", "half_written"]}
	}
}

test_nobody_asks_a_rule_that_is_off if {
	rules := {"nat": {"half_written": object.remove(_rule, ["deny"])}}
	document := fixtures.estate({"config": {"version": 1, "rules": {"nat.half_written": {"enabled": false}}}})
	decision := data.vpcguard.decision with input as document with data.vpcguard.rules as rules
	[[rule.id, rule.applies, rule.violations] | some rule in decision.rules] == [["nat.half_written", set(), []]]
	[rule.off | some rule in decision.rules] == [{one.name | some one in document.functions}]
}

test_every_rule_speaks_even_about_nothing if {
	decision := data.vpcguard.decision with input as fixtures.whole({})
	{"az.single_az", "nat.no_internet_egress"} - {rule.id | some rule in decision.rules} == set()
	{rule.id |
		some rule in decision.rules
		((count(rule.applies) + count(rule.violations)) + count(rule.unknowns)) + count(rule.silent) > 0
	} == set()
}

test_a_rule_is_shown_with_its_metadata if {
	decision := data.vpcguard.decision with input as fixtures.estate({})
	[rule] := [rule | some rule in decision.rules; rule.id == "az.single_az"]
	rule == {
		"id": "az.single_az",
		"title": "Function runs in a single Availability Zone",
		"severity": "medium",
		"advice": "Add a subnet in a second Availability Zone to the function's VPC configuration.",
		"remediation": "none",
		"applies": {"orders"},
		"silent": set(),
		"off": set(),
		"unknowns": [],
		"violations": [{
			"function": "orders",
			"severity": "medium",
			"stage": "audit",
			"message": concat(" ", [
				"orders has all its subnets in one Availability Zone: app (eu-west-1a).",
				"Add a subnet in another zone to its VPC configuration.",
			]),
			"evidence": {"zone_ids": {"euw1-az-a"}, "subnet_ids": {"app"}},
			"eligible_for_remediation": false,
		}],
	}
}

_rule := {
	"metadata": {
		"id": "nat.half_written",
		"title": "t",
		"severity": "low",
		"advice": "a",
		"remediation": "none",
	},
	"applies": {"orders"},
	"deny": set(),
	"unknown": set(),
}
