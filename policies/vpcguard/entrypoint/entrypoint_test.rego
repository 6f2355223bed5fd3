package vpcguard.entrypoint_test

import data.vpcguard.lib.fixtures_test as fixtures

# a rule that lacks a name would make every decision undefined
test_no_rule_is_incomplete if {
	data.vpcguard.incomplete_rules == set() with input as fixtures.whole({})
}

test_a_rule_without_one_of_its_names_leaves_no_decision if {
	every lacking in [{"deny": set()}, {"requires": set(), "applies": set(), "deny": set(), "unknown": set()}] {
		rules := {"nat": {"half_written": lacking}}
		not data.vpcguard.decision with input as fixtures.whole({}) with data.vpcguard.rules as rules
		data.vpcguard.incomplete_rules == {["nat", "half_written"]} with input as fixtures.whole({})
			with data.vpcguard.rules as rules
	}
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
		"applies": ["orders"],
		"silent": [],
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
