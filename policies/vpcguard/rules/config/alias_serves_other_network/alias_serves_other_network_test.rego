package vpcguard.rules.config.alias_serves_other_network_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.lib.result
import data.vpcguard.rules.config.alias_serves_other_network as rule

test_deny_an_alias_to_a_version_with_other_subnets if {
	rule.deny == {{
		"function": "orders",
		"message": "orders: alias live (version 1) has other subnets or security groups than $LATEST.",
		"advice": concat(" ", [
			"If the network of $LATEST is right, publish it and point the alias at that version, which brings the code of",
			"$LATEST along; else correct the network of $LATEST.",
		]),
		"evidence": {
			"aliases": {{"alias": "live", "version": "1", "network": {"subnet_ids": {"b1"}, "security_group_ids": {"sg-f"}}}},
			"latest": {"subnet_ids": {"a1"}, "security_group_ids": {"sg-f"}},
		},
	}} with input as _document(["a1"], ["1"])
}

test_deny_a_weighted_version if {
	{v.evidence.aliases[_].version | some v in rule.deny} == {"1"} with input as _document(["a1"], ["2", "1"])
}

test_deny_a_detached_function_whose_alias_is_attached if {
	{v.function | some v in rule.deny} == {"orders"} with input as _document([], ["1"])
}

test_allow_the_same_sets_in_another_order if {
	document := fixtures.whole({"functions": [fixtures.function("orders", ["a1", "b1"], {
		"aliases": [{"name": "live", "versions": ["3"]}],
		"versions": [{"version": "3", "subnet_ids": ["b1", "a1"], "security_group_ids": ["sg-f"]}],
	})]})
	rule.applies == {"orders"} with input as document
	rule.deny == set() with input as document
	rule.unknown == set() with input as document
}

test_allow_an_alias_to_latest if {
	rule.deny == set() with input as _document(["a1"], ["$LATEST"])
	rule.unknown == set() with input as _document(["a1"], ["$LATEST"])
}

test_unknown_while_aliases_are_unread if {
	document := fixtures.denied(_without_aliases, {"function_aliases": "lambda:ListAliases"})
	rule.applies == {"orders"} with input as document
	result.unjudged(rule.unknown) == {"orders"} with input as document
	{one.waits[_].name | some one in rule.unknown} == {"lambda:ListAliases"} with input as document
}

test_unknown_while_the_version_is_unread if {
	document := fixtures.denied(_document(["a1"], ["9"]), {"function_versions": "lambda:ListVersionsByFunction"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"lambda:ListVersionsByFunction"} with input as document
}

# one alias that differs settles it, whatever the others serve
test_deny_whatever_an_unread_version_holds if {
	document := fixtures.denied(_document(["a1"], ["1", "9"]), {"function_versions": "lambda:ListVersionsByFunction"})
	{v.function | some v in rule.deny} == {"orders"} with input as document
	rule.unknown == set() with input as document
}

test_not_applicable if {
	rule.applies == set() with input as _without_aliases
	deleting := fixtures.whole({"functions": [fixtures.function("orders", [], {
		"state": "Deleting",
		"aliases": [{"name": "live", "versions": ["1"]}],
	})]})
	rule.applies == set() with input as deleting
}

_without_aliases := fixtures.whole({"functions": [fixtures.function("orders", ["a1"], {})]})

_document(subnet_ids, served) := fixtures.whole({"functions": [fixtures.function("orders", subnet_ids, {
	"aliases": [{"name": "live", "versions": served}],
	"versions": [
		{"version": "1", "vpc_id": "vpc-1", "subnet_ids": ["b1"], "security_group_ids": ["sg-f"]},
		{"version": "2", "vpc_id": "vpc-1", "subnet_ids": subnet_ids, "security_group_ids": ["sg-f"]},
	],
})]})
