package vpcguard.rules.nat.mixed_egress_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.nat.mixed_egress as rule

test_deny_one_way_out_of_two if {
	violations := rule.deny with input as _document(["app", "pub"], {})
	[violation] := [violation | some violation in violations]
	violation.function == "orders"
	violation.message == concat(" ", [
		"orders reaches the internet from app (eu-west-1a), but not everywhere: from pub (eu-west-1a), 0.0.0.0/0 goes to",
		"igw-1, an internet gateway, which serves public addresses only.",
	])
	violation.advice == "Take the public subnet out of the function's configuration: others of it lead out."
	violation.root_causes == {"rtb-pub"}
	violation.evidence.ipv6_only == set()
	[[one.subnet_id, one.state, one.cause] | some one in violation.evidence.subnets] == [
		["app", "works", null],
		["pub", "none", "public_subnet"],
	]
}

# semantics 3: a way over IPv6 alone counts, and the evidence says so
test_evidence_names_the_ways_over_ipv6_alone if {
	to_gateway := {"family": "ipv6", "destination": "::/0"}
	document := _document([], {
		"functions": [fixtures.function("orders", ["app", "pub"], {"ipv6_allowed_for_dual_stack": true})],
		"subnets": [object.union(fixtures.subnet(id, "a"), {"ipv6_cidrs": ["2001:db8::/64"]}) | some id in ["app", "pub"]],
		"route_tables": fixtures.tables(
			[object.union(fixtures.to("egress_only_internet_gateway", "eigw-1"), to_gateway)],
			[fixtures.to("internet_gateway", "igw-1")],
		),
		"egress_only_internet_gateways": [{"id": "eigw-1", "attachments": [{"vpc_id": "vpc-1", "state": "attached"}]}],
	})
	[violation.evidence.ipv6_only | some violation in rule.deny] == [{"app"}] with input as document
}

# one of each settles it
test_deny_whatever_a_third_holds if {
	document := _document(["app", "pub", "hidden"], {})
	_denied(fixtures.denied(document, {"subnets": "ec2:DescribeSubnets"})) == {"orders"}
}

test_allow_ways_out_everywhere_or_nowhere if {
	_denied(_document(["app"], {})) == set()
	_unknown(_document(["app"], {})) == set()
	_denied(_document(["pub"], {})) == set()
	_unknown(_document(["pub"], {})) == set()
}

test_allow_one_subnet_over_a_transit_gateway if {
	document := _document(["app"], {"route_tables": fixtures.tables([fixtures.to("transit_gateway", "tgw-1")], [])})
	rule.applies == {"orders"} with input as document
	_unknown(document) == set()
}

test_unknown_where_an_opaque_way_decides if {
	tables := fixtures.tables([fixtures.to("transit_gateway", "tgw-1")], [fixtures.to("internet_gateway", "igw-1")])
	_denied(_document(["app", "pub"], {"route_tables": tables})) == set()
	_unknown(_document(["app", "pub"], {"route_tables": tables})) == {["orders", {"tgw-1"}]}
}

test_unknown_where_unread_tags_decide if {
	document := fixtures.denied(_document(["app", "pub"], {}), {"function_tags": "tag:GetResources"})
	_denied(document) == set()
	_unknown(document) == {["orders", {"tag:GetResources"}]}
}

test_not_applicable_to_the_intents_aws_and_none if {
	every egress in ["aws", "none"] {
		tagged := fixtures.function("orders", ["app", "pub"], {"tags": fixtures.tags({"vpcguard:egress": egress})})
		document := _document([], {"functions": [tagged]})
		rule.applies == set() with input as document
		_denied(document) == set()
		_unknown(document) == set()
	}
}

_document(subnet_ids, parts) := fixtures.estate(object.union(
	{"functions": [fixtures.function("orders", subnet_ids, {})]},
	parts,
))

_denied(document) := {violation.function | some violation in violations} if {
	violations := rule.deny with input as document # regal ignore:with-outside-test-context
}

_unknown(document) := {[one.function, names] |
	some one in unknowns
	names := {wait.name | some wait in one.waits}
} if {
	unknowns := rule.unknown with input as document # regal ignore:with-outside-test-context
}
