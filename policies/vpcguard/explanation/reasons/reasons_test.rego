package vpcguard.explanation.reasons_test

import data.vpcguard.explanation.reasons
import data.vpcguard.lib.endpoint_fixtures_test as estates
import data.vpcguard.lib.fixtures_test as fixtures

test_a_function_without_a_network_of_its_own_says_only_that if {
	free := object.remove(fixtures.function("free", [], {}), ["vpc_id"])
	conditions := ["attached", "subnets", "intent", "needs"]
	reasons.against("free", conditions) == ["free is not attached to a VPC."] with input as _whole([free])
	deleting := fixtures.function("orders", ["a1"], {"state": "Deleting"})
	reasons.against("orders", []) == ["orders is being deleted."] with input as _whole([deleting])
	managed := fixtures.function("orders", ["a1"], {"managed_instances": true})
	[said] := reasons.against("orders", ["aliases"]) with input as _whole([managed])
	startswith(said, "orders runs on Lambda Managed Instances: ")
}

test_a_rule_that_asks_for_no_network_is_answered_by_what_it_asks_for if {
	document := fixtures.whole({"functions": [object.remove(fixtures.function("free", [], {}), ["vpc_id"])]})
	reasons.against("free", ["aliases"]) == ["It has no alias."] with input as document
	reasons.against("bare", ["aliases"]) == ["It has no alias."] with input as _bare
}

test_a_function_without_subnets_is_in_a_vpc if {
	reasons.against("bare", ["attached", "inactive"]) == ["Its State is Active."] with input as _bare
	reasons.against("bare", ["attached", "subnets"]) == [concat(" ", [
		"bare is attached to a VPC,",
		"but none of its subnets exists.",
	])] with input as _bare
}

test_groups_that_nobody_read_may_exist if {
	document := fixtures.denied(_document({}), {"security_groups": "ec2:DescribeSecurityGroups"})
	reasons.against("orders", ["attached", "subnets", "security_groups"]) == [] with input as document
}

test_endpoints_that_the_owner_alone_sees if {
	base := _document({})
	hidden := object.union(base, {"coverage": array.concat(
		[one | some one in base.coverage; one.kind != "vpc_endpoints"],
		[{"kind": "vpc_endpoints", "status": "unknown", "waits_for": ["444455556666"], "is_failed_read": false}],
	)})
	said := ["The endpoints of its VPC are seen by the owner alone."]
	reasons.against("orders", ["visible_endpoints"]) == said with input as hidden
}

test_each_thing_that_a_rule_asks_for_is_answered if {
	answers := {
		"intent": ["Its intent is none."],
		"needs": ["It needs no AWS service."],
		"dual_stack": ["Ipv6AllowedForDualStack is off."],
		"aliases": ["It has no alias."],
		"peak_concurrency": ["It has neither."],
		"inspection": ["The configuration names none."],
		"inactive": ["Its State is Active."],
		"security_groups": ["None of its security groups exists."],
		"file_systems": ["It mounts no file system."],
		"event_sources": ["It has no such source."],
		"ipv4_addresses": ["Its subnets have none."],
		"zones": ["Its subnets are in one zone alone."],
		"visible_endpoints": [],
		"attached": [],
		"subnets": [],
	}
	document := _document({"state": "Active", "tags": fixtures.tags({"vpcguard:egress": "none"})})
	every condition, sentences in answers {
		reasons.against("orders", [condition]) == sentences with input as document
	}
}

test_several_are_said_in_the_order_of_the_rule if {
	document := _document({"state": "Active"})
	sentences := reasons.against("orders", ["attached", "aliases", "inactive"]) with input as document
	sentences == ["It has no alias.", "Its State is Active."]
}

test_what_is_not_so_is_not_said if {
	document := object.union(
		_document({"ipv6_allowed_for_dual_stack": true, "aliases": [{"name": "live", "versions": ["$LATEST"]}]}),
		{"security_groups": [fixtures.group("sg-f", [], [])]},
	)
	reasons.against("orders", ["intent", "dual_stack", "aliases", "security_groups"]) == [] with input as document
}

test_a_state_that_nobody_read_is_not_told if {
	reasons.against("orders", ["inactive"]) == ["Its State is not told."] with input as _document({})
}

test_needs_are_named if {
	document := estates.document(["sqs:SendMessage", "kms:Decrypt"], {})
	reasons.against("orders", ["needs"]) == ["It needs no service but kms and sqs."] with input as document
	other := estates.document(["support:*"], {})
	told := "It needs no service but support (no endpoint known)."
	reasons.against("orders", ["needs"]) == [told] with input as other
}

_bare := fixtures.whole({"functions": [fixtures.function("bare", ["gone"], {"state": "Active"})]})

_document(more) := fixtures.whole({
	"functions": [fixtures.function("orders", ["a1"], more)],
	"subnets": [fixtures.subnet("a1", "a")],
})

_whole(functions) := fixtures.whole({"functions": functions, "subnets": [fixtures.subnet("a1", "a")]})
