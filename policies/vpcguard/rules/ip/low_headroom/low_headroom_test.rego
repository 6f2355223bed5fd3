package vpcguard.rules.ip.low_headroom_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.ip.low_headroom as rule

test_deny_below_the_floor if {
	violations := rule.deny with input as _document(["a", "a2"], [_subnet("a", "a", {"free_ipv4_addresses": 7})])
	violations == {{
		"function": "orders",
		"severity": "medium",
		"message": "orders runs short of addresses: a (eu-west-1a) has 7 of 251 free.",
		"advice": "Free addresses there, or give the function larger subnets.",
		"root_causes": {"a"},
		"evidence": {
			"worst_subnet_id": "a",
			"zone_id": "euw1-az-a",
			"free_addresses": 7,
			"usable_addresses": 251,
			"alone_in_its_zone": false,
			"short_subnet_ids": {"a"},
			"thresholds": {"ip_floor": 8, "ip_percent": 10},
		},
	}}
}

test_deny_whatever_else_of_the_subnet_was_not_told if {
	every lacking in ["zone_id", "ipv4_cidr"] {
		document := _document(["a"], [object.remove(_subnet("a", "a", {"free_ipv4_addresses": 3}), [lacking])])
		[violation.evidence.free_addresses | some violation in rule.deny] == [3] with input as document
	}
}

test_deny_below_the_percentage if {
	_severities(_document(["a", "a2"], [_subnet("a", "a", {"free_ipv4_addresses": 25})])) == {"medium"}
	_severities(_document(["a", "a2"], [_subnet("a", "a", {"free_ipv4_addresses": 26})])) == set()
}

test_allow_at_the_floor if {
	small := {"ipv4_cidr": "10.0.1.0/28", "free_ipv4_addresses": 8}
	_severities(_document(["a", "a2"], [_subnet("a", "a", small)])) == set()
}

test_severity_high_where_the_worst_is_alone_in_its_zone if {
	low := [_subnet("a", "a", {"free_ipv4_addresses": 7}), _subnet("b", "b", {"free_ipv4_addresses": 5})]
	document := _document(["a", "a2", "b"], low)
	_severities(document) == {"high"}
	[violation.evidence.worst_subnet_id | some violation in rule.deny] == ["b"] with input as document
	other := [_subnet("a", "a", {"free_ipv4_addresses": 4}), _subnet("b", "b", {"free_ipv4_addresses": 5})]
	_severities(_document(["a", "a2", "b"], other)) == {"medium"}
}

test_thresholds_follow_the_configuration if {
	document := object.union(_document(["a"], [_subnet("a", "a", {"free_ipv4_addresses": 40})]), {"config": {
		"version": 1,
		"thresholds": {"ip_percent": 0},
		"overrides": [{"match": {"function": "or*"}, "thresholds": {"ip_floor": 50}}],
	}})
	_severities(document) == {"high"}
}

test_ipv6_only_subnets_are_not_judged if {
	only := object.remove(_subnet("a", "a", {"is_ipv6_only": true, "free_ipv4_addresses": 0}), ["ipv4_cidr"])
	rule.applies == set() with input as _document(["a"], [only])
	_severities(_document(["a"], [only])) == set()
}

test_unknown_where_a_hidden_subnet_decides if {
	document := fixtures.denied(_document(["a", "hidden"], []), {"subnets": "ec2:DescribeSubnets"})
	_severities(document) == set()
	{[one.function, wait.name] | some one in rule.unknown; some wait in one.waits} == {[
		"orders",
		"ec2:DescribeSubnets",
	]} with input as document
	low := _document(["a", "hidden"], [_subnet("a", "a", {"free_ipv4_addresses": 0})])
	_severities(fixtures.denied(low, {"subnets": "ec2:DescribeSubnets"})) == {"high"}
}

test_unknown_where_addresses_were_not_told if {
	every key in ["free_ipv4_addresses", "ipv4_cidr"] {
		document := _document(["a"], [object.remove(_subnet("a", "a", {}), [key])])
		_severities(document) == set()
		{one.function | some one in rule.unknown} == {"orders"} with input as document
	}
}

test_not_applicable_outside_a_vpc if {
	rule.applies == set() with input as _document([], [])
	rule.applies == {"orders"} with input as _document(["a"], [])
}

_document(subnet_ids, subnets) := fixtures.whole({
	"functions": [fixtures.function("orders", subnet_ids, {})],
	"subnets": array.concat(subnets, [one |
		some one in [_subnet("a", "a", {}), _subnet("a2", "a", {}), _subnet("b", "b", {})]
		not one.id in {other.id | some other in subnets}
	]),
})

_subnet(id, zone, more) := object.union(fixtures.subnet(id, zone), more)

_severities(document) := {violation.severity | some violation in violations} if {
	violations := rule.deny with input as document # regal ignore:with-outside-test-context
}
