package vpcguard.explanation.verdicts_test

import data.vpcguard.explanation.verdicts
import data.vpcguard.lib.fixtures_test as fixtures

# each of these asks for the whole decision, which takes a while: one question a document

test_every_rule_speaks_once_and_says_why if {
	told := verdicts.of.orders with input as fixtures.estate({})
		with data.vpcguard.rule_metadata as _metadata
		with data.vpcguard.rule_texts as _texts
	{verdict.id | some verdict in told} == object.keys(_metadata)
	count(told) == count(_metadata)
	_named(told, "az.single_az") == {
		"id": "az.single_az",
		"title": "Function runs in a single Availability Zone",
		"severity": "medium",
		"stage": "audit",
		"verdict": "violation",
		"reason": "orders runs in one Availability Zone, eu-west-1a: its only subnet is app.",
		"advice": "Add a subnet of vpc-1 in another zone to its VPC configuration.",
		"evidence": {"zone_ids": {"euw1-az-a"}, "subnet_ids": {"app"}, "candidate_subnet_ids": set()},
		"eligible_for_remediation": false,
	}
	_named(told, "config.dedicated_tenancy") == {
		"id": "config.dedicated_tenancy",
		"title": "Function is attached to a VPC with dedicated instance tenancy",
		"severity": "critical",
		"stage": "audit",
		"verdict": "pass",
		"reason": "The tenancy of its VPC is not dedicated.",
	}
	_short(told, "config.dual_stack_mismatch") == ["not_applicable", concat(" ", [
		"It applies to functions in a VPC that have a subnet left",
		"and have Ipv6AllowedForDualStack on. Ipv6AllowedForDualStack is off.",
	])]
	_short(told, "placement.vpc_required") == ["off", "It is shipped off, and the configuration does not turn it on."]
}

test_what_a_rule_notes_about_a_function_that_passes_is_told if {
	told := verdicts.of.orders with input as fixtures.estate({})
		with data.vpcguard.rule_metadata as _metadata
		with data.vpcguard.rule_texts as _texts
		# regal ignore:unresolved-reference
with 		data.vpcguard.rules.config.dedicated_tenancy.notes as {"orders": "It is shared."}
	_short(told, "config.dedicated_tenancy") == ["pass", "The tenancy of its VPC is not dedicated."]
	_named(told, "config.dedicated_tenancy").note == "It is shared."
}

test_the_configuration_turns_off_and_changes_severity_and_stage if {
	told := verdicts.of.orders with input as fixtures.estate({"config": {"version": 1, "rules": {
		"az.single_az": {"severity": "low", "stage": "warn"},
		"config.dedicated_tenancy": {"enabled": false},
	}}})
		with data.vpcguard.rule_metadata as _metadata
		with data.vpcguard.rule_texts as _texts
	[_named(told, "az.single_az").severity, _named(told, "az.single_az").stage] == ["low", "warn"]
	_short(told, "config.dedicated_tenancy") == ["off", "The configuration turns it off."]
}

test_what_was_not_seen_is_unknown_and_what_was_left_out_is_silent if {
	told := verdicts.of.orders with input as fixtures.not_requested(
		fixtures.denied(fixtures.estate({"vpcs": []}), {"vpcs": "ec2:DescribeVpcs"}),
		{"function_states": "lambda:GetFunctionConfiguration"},
	)
		with data.vpcguard.rule_metadata as _metadata
		with data.vpcguard.rule_texts as _texts
	_named(told, "config.dedicated_tenancy").verdict == "unknown"
	_named(told, "config.dedicated_tenancy").waits_for == ["ec2:DescribeVpcs"]
	_named(told, "config.dedicated_tenancy").failed_reads == ["ec2:DescribeVpcs"]
	object.filter(_named(told, "config.dedicated_tenancy"), ["title", "reason", "advice"]) == {
		"title": "Not known whether",
		"reason": "orders cannot be judged because of ec2:DescribeVpcs (AccessDenied).",
		"advice": "Look again: there was no answer to ec2:DescribeVpcs.",
	}
	_short(told, "config.update_failed") == ["silent", "It rests on lambda:GetFunctionConfiguration, left out on purpose."]
}

test_each_function_has_its_own_verdicts if {
	functions := [
		fixtures.function("orders", ["app"], {}),
		fixtures.function("payments", ["app", "hidden"], {}),
		object.remove(fixtures.function("free", [], {}), ["vpc_id"]),
	]
	document := fixtures.denied(fixtures.estate({"functions": functions}), {"subnets": "ec2:DescribeSubnets"})
	told := verdicts.of with input as document
		with data.vpcguard.rule_metadata as _metadata
		with data.vpcguard.rule_texts as _texts
	{name: _named(told[name], "az.single_az").verdict | some name, _ in told} == {
		"orders": "violation",
		"payments": "unknown",
		"free": "not_applicable",
	}
	startswith(_named(told.payments, "az.single_az").reason, "payments cannot be judged because of ")
}

_named(told, id) := verdict if {
	some verdict in told
	verdict.id == id
}

_short(told, id) := [_named(told, id).verdict, _named(told, id).reason]

_metadata := {id: object.remove(one, _explained) | some id, one in _rules}

_texts := {id: object.filter(one, _explained) | some id, one in _rules}

_explained := {"applies_to", "applies_if", "passes"}

_rules := {
	"az.single_az": {
		"title": "Function runs in a single Availability Zone",
		"doubt": "Not known whether",
		"severity": "medium",
		"advice": "Add a subnet.",
		"remediation": "none",
		"statement": [],
		"applies_to": "functions in a VPC that have a subnet left",
		"applies_if": ["attached", "subnets"],
		"passes": "Its subnets lie in two or more Availability Zones.",
	},
	"config.dedicated_tenancy": {
		"title": "Function is attached to a VPC with dedicated instance tenancy",
		"doubt": "Not known whether",
		"severity": "critical",
		"advice": "Move it.",
		"remediation": "detach_vpc_config",
		"statement": [],
		"applies_to": "functions in a VPC that have a subnet left",
		"applies_if": ["attached", "subnets"],
		"passes": "The tenancy of its VPC is not dedicated.",
	},
	"config.dual_stack_mismatch": {
		"title": "Function allows IPv6 in a subnet that has none",
		"doubt": "Not known whether",
		"severity": "medium",
		"advice": "Associate an IPv6 network.",
		"remediation": "none",
		"statement": [],
		"applies_to": "functions in a VPC that have a subnet left and have Ipv6AllowedForDualStack on",
		"applies_if": ["attached", "subnets", "dual_stack"],
		"passes": "Each of its subnets has both.",
	},
	"config.update_failed": {
		"title": "The last update failed because of the network",
		"doubt": "Not known whether",
		"severity": "critical",
		"advice": "Repair it.",
		"remediation": "none",
		"statement": [],
		"applies_to": "functions in a VPC",
		"applies_if": ["attached"],
		"passes": "AWS reports no failure.",
	},
	"placement.vpc_required": {
		"title": "Function runs outside a VPC",
		"doubt": "Not known whether",
		"severity": "medium",
		"advice": "Attach it.",
		"remediation": "none",
		"statement": [],
		"applies_to": "functions that are not being deleted",
		"applies_if": [],
		"passes": "It is attached to a VPC.",
	},
}
