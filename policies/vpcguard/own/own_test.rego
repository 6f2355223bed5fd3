package vpcguard.own_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.own

_metadata := {
	"title": "Function has no team",
	"doubt": "Not known whether the function has a team",
	"severity": "low",
	"advice": "Tag it.",
	"remediation": "none",
	"statement": [],
}

_estate := fixtures.estate({"functions": [
	fixtures.function("orders", ["app"], {}),
	fixtures.function("refunds", ["app"], {}),
]})

test_a_violation_names_its_function_and_has_evidence if {
	rules := own.rules with input as _estate
		with data.vpcguard.own_rules as {"org.no_team": _metadata}
		with data.custom.vpcguard.rules as {"org": {"no_team": {"deny": {{"function": "orders", "message": "has none"}}}}}
	[[one.function, one.message, one.severity, one.evidence] | some one in rules["org.no_team"].violations] == [[
		"orders",
		"orders has none",
		"low",
		{},
	]]
	rules["org.no_team"].applies == {"orders", "refunds"}
}

test_a_message_that_names_the_function_stays_as_it_is if {
	deny := {{"function": "orders", "message": "orders has none", "evidence": {"team": null}, "severity": "high"}}
	rules := own.rules with input as _estate
		with data.vpcguard.own_rules as {"org.no_team": _metadata}
		with data.custom.vpcguard.rules as {"org": {"no_team": {"deny": deny}}}
	[[one.message, one.severity, one.evidence] | some one in rules["org.no_team"].violations] == [[
		"orders has none",
		"high",
		{"team": null},
	]]
}

test_a_rule_says_whom_it_applies_to_and_what_it_does_not_know if {
	wait := {"status": "unknown", "name": "ec2:DescribeSubnets", "reason": "AccessDenied"}
	said := {"deny": set(), "applies": ["orders"], "unknown": {{"function": "orders", "waits": {wait}, "evidence": {}}}}
	rules := own.rules with input as _estate
		with data.vpcguard.own_rules as {"org.no_team": _metadata}
		with data.custom.vpcguard.rules as {"org": {"no_team": said}}
	rules["org.no_team"].applies == {"orders"}
	[one.waits_for | some one in rules["org.no_team"].unknowns] == [["ec2:DescribeSubnets"]]
}

test_what_is_no_violation_leaves_the_rule_without_an_answer if {
	every deny in [
		{{"message": "has none"}},
		{{"function": "orders"}},
		{{"function": "orders", "message": 7}},
		{{"function": "nobody", "message": "has none"}},
		{{"function": "orders", "message": "has none", "evidence": ["a"]}},
		{{"function": "orders", "message": "has none", "root_causes": "vpc-1"}},
		{{"function": "orders", "message": "has none", "root_causes": [7]}},
	] {
		rules := own.rules with input as _estate
			with data.vpcguard.own_rules as {"org.no_team": _metadata}
			with data.custom.vpcguard.rules as {"org": {"no_team": {"deny": deny}}}
		rules == {}
	}
	rules := own.rules with input as _estate with data.vpcguard.own_rules as {"org.no_team": _metadata}
	rules == {}
}

# a doubt that cannot be read must not pass
test_what_is_no_doubt_leaves_the_rule_without_an_answer if {
	every unknown in [
		{{"waits": {{"name": "a read"}}}},
		{{"function": "orders"}},
		{{"function": "orders", "waits": set()}},
		{{"function": "nobody", "waits": {{"name": "a read"}}}},
	] {
		rules := own.rules with input as _estate
			with data.vpcguard.own_rules as {"org.no_team": _metadata}
			with data.custom.vpcguard.rules as {"org": {"no_team": {"deny": set(), "unknown": unknown}}}
		rules == {}
	}
}

test_nobody_asks_a_rule_that_is_off if {
	off := object.union(_estate, {"config": {"version": 1, "rules": {"org.no_team": {"enabled": false}}}})
	rules := own.rules with input as off with data.vpcguard.own_rules as {"org.no_team": _metadata}
	rules["org.no_team"].off == {"orders", "refunds"}
}

test_of_a_rule_that_failed_nothing_is_known if {
	free := object.remove(fixtures.function("free", [], {}), ["vpc_id"])
	document := object.union(_estate, {"functions": array.concat(_estate.functions, [free])})
	failed := own.failed with input as object.union(document, {"failed_rules": {"org.no_team": "takes longer than 2 s"}})
		with data.vpcguard.own_rules as {"org.no_team": _metadata}
	{[one.function, one.waits_for] | some one in failed["org.no_team"].unknowns} == {
		["orders", ["org.no_team"]],
		["refunds", ["org.no_team"]],
		["free", ["org.no_team"]],
	}
	{one.advice | some one in failed["org.no_team"].unknowns} == {_mended}
	rules := own.rules with input as object.union(_estate, {"failed_rules": {"org.no_team": "takes longer than 2 s"}})
		with data.vpcguard.own_rules as {"org.no_team": _metadata}
		with data.custom.vpcguard.rules as {"org": {"no_team": {"deny": set()}}}
	rules == {}
}

test_who_wrote_a_rule_that_contradicts_itself_is_told_to_mend_it if {
	deny := {{"function": "orders", "message": text} | some text in ["has none", "has two"]}
	rules := own.rules with input as _estate
		with data.vpcguard.own_rules as {"org.no_team": _metadata}
		with data.custom.vpcguard.rules as {"org": {"no_team": {"deny": deny}}}
	[[one.function, one.advice] | some one in rules["org.no_team"].unknowns] == [["orders", _mended]]
}

_mended := "Mend org.no_team, a rule of your own, or switch it off until then (rules.org.no_team.enabled: false)."

test_each_verdict_is_explained if {
	wait := {"status": "not_requested", "name": "ec2:DescribeSubnets", "reason": "left out"}
	said := {
		"a": {"deny": {{"function": "orders", "message": "has none"}}},
		"b": {"deny": set(), "applies": {"orders"}},
		"c": {"deny": set(), "applies": set()},
		"d": {"deny": set(), "unknown": {{"function": "orders", "waits": {wait}, "evidence": {}}}},
	}
	explained := own.explained with input as _estate
		with data.vpcguard.own_rules as {"org.a": _metadata, "org.b": _metadata, "org.c": _metadata, "org.d": _metadata}
		with data.custom.vpcguard.rules as {"org": said}
	[[one.id, one.verdict, one.reason] | some one in explained.orders] == [
		["org.a", "violation", "orders has none"],
		["org.b", "pass", "It finds nothing."],
		["org.c", "not_applicable", "It does not apply."],
		["org.d", "silent", "It rests on ec2:DescribeSubnets, left out on purpose."],
	]
}
