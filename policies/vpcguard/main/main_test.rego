package vpcguard.main_test

import data.vpcguard.lib.fixtures_test as fixtures

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
	rules := {"nat": {"half_written": object.remove(_rule, ["deny"])}}
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
			with data.vpcguard.rules as {"nat": {"half_written": _rule}}
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
		with data.vpcguard.rules as {"nat": {"half_written": object.remove(_rule, ["deny"])}}
		with data.vpcguard.rule_metadata as _half_written
	[[rule.id, rule.applies, rule.violations] | some rule in decision.rules] == [["nat.half_written", set(), []]]
	[rule.off | some rule in decision.rules] == [{one.name | some one in document.functions}]
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
		"severity": "medium",
		"advice": "Add a subnet.",
		"remediation": "none",
		"passes": "Its subnets lie in two zones.",
	}}
	decision := data.vpcguard.decision with input as fixtures.estate({}) with data.vpcguard.rule_metadata as metadata
	decision.rules == [{
		"id": "az.single_az",
		"title": "Function runs in a single Availability Zone",
		"severity": "medium",
		"advice": "Add a subnet.",
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
	}]
}

_half_written := {"nat.half_written": _metadata}

_metadata := {"title": "t", "severity": "low", "advice": "a", "remediation": "none"}

_rule := {"applies": {"orders"}, "deny": set(), "unknown": set()}
