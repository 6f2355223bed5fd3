package vpcguard.explanation.verdicts_test

import data.vpcguard.explanation.verdicts
import data.vpcguard.lib.fixtures_test as fixtures

test_every_rule_of_the_decision_speaks_once if {
	document := fixtures.estate({})
	ids := {rule.id | some rule in data.vpcguard.decision.rules} with input as document
	told := [rule.id | some rule in verdicts.of.orders] with input as document
	{id | some id in told} == ids
	count(told) == count(ids)
}

test_every_rule_has_a_reason_to_pass_and_a_reason_not_to_apply if {
	lacking := {id |
		some id, words in _words
		some key in ["applies_to", "passes"]
		object.get(words, key, "") == ""
	}
	lacking == set()
}

test_a_violation_brings_its_message_and_evidence if {
	verdict := _named(verdicts.of.orders, "az.single_az") with input as fixtures.estate({})
	verdict == {
		"id": "az.single_az",
		"title": "Function runs in a single Availability Zone",
		"severity": "medium",
		"stage": "audit",
		"verdict": "violation",
		"reason": concat(" ", [
			"orders has all its subnets in one Availability Zone: app (eu-west-1a).",
			"Add a subnet in another zone to its VPC configuration.",
		]),
		"evidence": {"zone_ids": {"euw1-az-a"}, "subnet_ids": {"app"}},
		"eligible_for_remediation": false,
	}
}

test_a_violation_has_the_severity_it_was_given if {
	rules := {"az.single_az": {"severity": "low", "stage": "warn"}}
	document := fixtures.estate({"config": {"version": 1, "rules": rules}})
	verdict := _named(verdicts.of.orders, "az.single_az") with input as document
	[verdict.severity, verdict.stage] == ["low", "warn"]
}

test_an_unknown_says_what_it_waits_for if {
	document := fixtures.denied(fixtures.estate({}), {"vpcs": "ec2:DescribeVpcs"})
	verdict := _named(verdicts.of.orders, "config.dedicated_tenancy") with input as object.union(document, {"vpcs": []})
	verdict.verdict == "unknown"
	verdict.waits_for == ["ec2:DescribeVpcs"]
	verdict.is_failed_read
	startswith(verdict.reason, "orders cannot be judged: it waits for ec2:DescribeVpcs (AccessDenied).")
}

test_a_pass_has_the_rules_own_reason if {
	verdict := _named(verdicts.of.orders, "config.dedicated_tenancy") with input as fixtures.estate({})
	verdict == {
		"id": "config.dedicated_tenancy",
		"title": "Function is attached to a VPC with dedicated instance tenancy",
		"severity": "critical",
		"stage": "audit",
		"verdict": "pass",
		"reason": "The tenancy of its VPC is not dedicated.",
	}
}

test_what_was_left_out_on_purpose_makes_a_rule_silent if {
	document := fixtures.not_requested(fixtures.estate({}), {"function_states": "lambda:GetFunctionConfiguration"})
	verdict := _named(verdicts.of.orders, "config.update_failed") with input as document
	[verdict.verdict, verdict.reason] == ["silent", "It rests on lambda:GetFunctionConfiguration, left out on purpose."]
}

test_a_rule_that_does_not_apply_says_to_whom_it_does if {
	verdict := _named(verdicts.of.orders, "config.dual_stack_mismatch") with input as fixtures.estate({})
	verdict.verdict == "not_applicable"
	verdict.reason == concat(" ", [
		"It applies to functions in a VPC that have a subnet left",
		"and have Ipv6AllowedForDualStack on.",
	])
}

test_a_rule_is_off_as_shipped if {
	verdict := _named(verdicts.of.orders, "placement.vpc_required") with input as fixtures.estate({})
	[verdict.verdict, verdict.reason] == ["off", "It is shipped off, and the configuration does not turn it on."]
}

test_a_rule_is_off_by_configuration if {
	document := fixtures.estate({"config": {"version": 1, "rules": {"az.single_az": {"enabled": false}}}})
	verdict := _named(verdicts.of.orders, "az.single_az") with input as document
	[verdict.verdict, verdict.reason] == ["off", "The configuration turns it off."]
}

_named(told, id) := verdict if {
	some verdict in told
	verdict.id == id
}

_words := {metadata.id: metadata |
	some family, fault
	metadata := data.vpcguard.rules[family][fault].metadata
}
