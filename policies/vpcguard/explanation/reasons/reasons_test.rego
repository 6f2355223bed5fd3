package vpcguard.explanation.reasons_test

import data.vpcguard.explanation.reasons
import data.vpcguard.lib.endpoint_fixtures_test as estates
import data.vpcguard.lib.fixtures_test as fixtures

test_a_function_without_a_network_of_its_own_says_only_that if {
	document := fixtures.whole({"functions": [object.remove(fixtures.function("free", [], {}), ["vpc_id"])]})
	words := "functions in a VPC that have a subnet left and need S3, and whose intent is internet"
	reasons.against("free", words) == ["free is not attached to a VPC."] with input as document
}

test_a_rule_that_asks_for_no_network_is_answered_by_what_it_asks_for if {
	words := "functions with an alias, attached to a VPC or not"
	document := fixtures.whole({"functions": [object.remove(fixtures.function("free", [], {}), ["vpc_id"])]})
	reasons.against("free", words) == ["It has no alias."] with input as document
	reasons.against("bare", words) == ["It has no alias."] with input as _bare
}

test_a_function_without_subnets_is_in_a_vpc if {
	reasons.against("bare", "functions in a VPC that are inactive") == ["Its State is Active."] with input as _bare
	reasons.against("bare", "functions in a VPC that have a subnet left") == [concat(" ", [
		"bare is attached to a VPC,",
		"but none of its subnets exists.",
	])] with input as _bare
}

test_groups_that_nobody_read_may_exist if {
	document := fixtures.denied(_document({}), {"security_groups": "ec2:DescribeSecurityGroups"})
	words := "that have a subnet and a security group left"
	reasons.against("orders", words) == [] with input as document
}

test_each_thing_that_a_rule_asks_for_is_answered if {
	answers := {
		"whose intent is internet": ["Its intent is none."],
		"need an AWS service": ["It needs no AWS service."],
		"have Ipv6AllowedForDualStack on": ["Ipv6AllowedForDualStack is off."],
		"with an alias": ["It has no alias."],
		"a reserved or configured peak concurrency": ["It has neither."],
		"that are inactive": ["Its State is Active."],
		"that have a subnet and a security group left": ["None of its security groups exists."],
		"that have a subnet left with IPv4 addresses": ["Its subnets have none."],
		"functions in a VPC that have a subnet left": [],
	}
	document := _document({"state": "Active", "tags": fixtures.tags({"vpcguard:egress": "none"})})
	every words, sentences in answers {
		reasons.against("orders", words) == sentences with input as document
	}
}

test_what_is_not_so_is_not_said if {
	document := object.union(
		_document({"ipv6_allowed_for_dual_stack": true, "aliases": [{"name": "live", "versions": ["$LATEST"]}]}),
		{"security_groups": [fixtures.group("sg-f", [], [])]},
	)
	words := "whose intent is internet, have Ipv6AllowedForDualStack on, an alias, a security group left"
	reasons.against("orders", words) == [] with input as document
}

test_needs_are_named if {
	words := "need S3 or DynamoDB"
	document := estates.document(["sqs:SendMessage", "kms:Decrypt"], {})
	reasons.against("orders", words) == ["It needs no service but kms and sqs."] with input as document
}

_bare := fixtures.whole({"functions": [fixtures.function("bare", ["gone"], {"state": "Active"})]})

_document(more) := fixtures.whole({
	"functions": [fixtures.function("orders", ["a1"], more)],
	"subnets": [fixtures.subnet("a1", "a")],
})
