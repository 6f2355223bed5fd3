package vpcguard.rules.placement.vpc_unneeded_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.placement.vpc_unneeded as rule

test_deny_a_function_that_declares_no_private_target if {
	rule.applies == {"orders"} with input as _document({"vpcguard:egress": "aws", "vpcguard:private-targets": "no"})
	{[v.function, v.basis, v.message] | some v in rule.deny} == {[
		"orders",
		"declared",
		"orders is attached to vpc-1, but is declared to need no private target.",
	]} with input as _document({"vpcguard:egress": "aws", "vpcguard:private-targets": "no"})
	count(rule.deny) == 1 with input as _document({"vpcguard:egress": "internet", "vpcguard:private-targets": "no"})
}

test_allow_other_intents if {
	rule.deny == set() with input as _document({"vpcguard:egress": "aws"})
	rule.deny == set() with input as _document({"vpcguard:egress": "aws", "vpcguard:private-targets": "yes"})
	rule.deny == set() with input as _document({"vpcguard:egress": "none", "vpcguard:private-targets": "no"})
	rule.deny == set() with input as _document({"vpcguard:private-targets": "no"})
	rule.unknown == set() with input as _document({"vpcguard:private-targets": "no"})
}

test_unknown_while_the_tags_are_unread if {
	document := fixtures.denied(_document({}), {"function_tags": "tag:GetResources"})
	rule.deny == set() with input as document
	{one.waits[_].name | some one in rule.unknown} == {"tag:GetResources"} with input as document
}

# the configuration for the name settles what the tags would say
test_deny_by_configuration_while_the_tags_are_unread if {
	document := object.union(
		fixtures.denied(_document({}), {"function_tags": "tag:GetResources"}),
		{"config": {"version": 1, "overrides": [{
			"match": {"function": "ord*"},
			"intent": {"egress": "internet", "private_targets": false},
		}]}},
	)
	{v.function | some v in rule.deny} == {"orders"} with input as document
	rule.unknown == set() with input as document
}

test_not_applicable_outside_a_vpc if {
	document := fixtures.whole({"functions": [fixtures.function("orders", [], {"tags": fixtures.tags({
		"vpcguard:egress": "aws",
		"vpcguard:private-targets": "no",
	})})]})
	rule.applies == set() with input as document
	rule.deny == set() with input as document
}

_document(tags) := fixtures.whole({
	"functions": [fixtures.function("orders", ["a1"], {"tags": fixtures.tags(tags)})],
	"subnets": [fixtures.subnet("a1", "a")],
})
