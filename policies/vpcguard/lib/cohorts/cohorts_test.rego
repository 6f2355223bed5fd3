package vpcguard.lib.cohorts_test

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.fixtures_test as fixtures

test_functions_that_share_everything_form_a_cohort_in_any_order if {
	_groups([
		fixtures.function("one", ["a", "b"], {"security_group_ids": ["g", "h"]}),
		fixtures.function("two", ["b", "a"], {"security_group_ids": ["h", "g"]}),
	]) == {{"one", "two"}}
}

test_what_tells_functions_apart if {
	every more in [
		{"subnet_ids": ["a"]},
		{"security_group_ids": ["g"]},
		{"ipv6_allowed_for_dual_stack": true},
		{"vpc_id": "vpc-2"},
		{"tags": fixtures.tags({"vpcguard:egress": "aws"})},
	] {
		other := object.union(fixtures.function("two", ["a", "b"], {}), more)
		_groups([fixtures.function("one", ["a", "b"], {}), other]) == {{"one"}, {"two"}}
	}
}

test_configuration_tells_functions_apart if {
	document := object.union(
		_document([fixtures.function("one", ["a"], {}), fixtures.function("two", ["a"], {})]),
		{"config": {"version": 1, "overrides": [{"match": {"function": "one"}, "thresholds": {"ip_floor": 1}}]}},
	)
	{cohort.functions | some cohort in cohorts.by_key} == {{"one"}, {"two"}} with input as document
}

test_zones_are_those_of_the_subnets_that_were_seen_and_told_theirs if {
	zoneless := object.remove(fixtures.subnet("a", "a"), ["zone_id"])
	document := object.union(_document([fixtures.function("one", ["a", "b", "gone"], {})]), {
		"subnets": [zoneless, fixtures.subnet("b", "b")],
	})
	cohorts.zones == {"one": {fixtures.subnet("b", "b").zone_id}} with input as document
}

test_a_cohort_knows_what_was_seen_what_is_missing_and_what_is_hidden if {
	function := fixtures.function("one", ["a", "gone", "hidden"], {"security_group_ids": ["sg-f", "sg-gone"]})
	document := object.union(_document([function]), {
		"security_groups": [fixtures.group("sg-f", [], [])],
		"coverage": [
			{"kind": "subnets", "subject": "vpc-1", "status": "known", "waits_for": []},
			{"kind": "subnets", "subject": "hidden", "status": "unknown", "waits_for": ["ec2:DescribeSubnets"]},
			{"kind": "security_groups", "status": "unknown", "waits_for": ["ec2:DescribeSecurityGroups"]},
			{"kind": "function_tags", "status": "known", "waits_for": []},
		],
	})
	[cohort] := [cohort | some cohort in cohorts.by_key] with input as document
	[cohort.subnets, cohort.missing_subnets, object.keys(cohort.hidden_subnets)] == [{"a"}, {"gone"}, {"hidden"}]
	[cohort.groups, cohort.missing_groups, object.keys(cohort.hidden_groups)] == [{"sg-f"}, set(), {"sg-gone"}]
	[cohort.named_subnets, cohort.named_groups] == [{"a", "gone", "hidden"}, {"sg-f", "sg-gone"}]
	[cohort.vpc_id, cohort.is_dual_stack_allowed] == ["vpc-1", false]
}

test_the_vpc_is_that_of_a_subnet_else_what_the_function_says if {
	wrong := fixtures.function("one", ["a"], {"vpc_id": "vpc-9"})
	{cohort.vpc_id | some cohort in cohorts.by_key} == {"vpc-1"} with input as _document([wrong])
	unseen := fixtures.function("one", ["gone"], {"vpc_id": "vpc-9"})
	{cohort.vpc_id | some cohort in cohorts.by_key} == {"vpc-9"} with input as _document([unseen])
	silent := object.remove(fixtures.function("one", ["gone"], {}), ["vpc_id"])
	{cohort.vpc_id | some cohort in cohorts.by_key} == {""} with input as _document([silent])
}

test_cohorts_with_a_subnet_left if {
	document := _document([fixtures.function("one", ["a"], {}), fixtures.function("two", ["gone"], {})])
	cohorts.functions_with_subnets == {"one"} with input as document
	denied := fixtures.denied(document, {"subnets": "ec2:DescribeSubnets"})
	cohorts.functions_with_subnets == {"one", "two"} with input as denied
}

# whatever else was read: no interface can be made in a VPC that the account does not see any more
test_a_vpc_that_a_complete_answer_lacks_holds_nothing if {
	document := object.union(_document([fixtures.function("one", ["gone"], {})]), {"vpcs": []})
	denied := fixtures.denied(document, {"subnets": "444455556666", "security_groups": "444455556666"})
	[[one.is_vpc_visible, one.missing_subnets, one.missing_groups] | some one in cohorts.by_key] == [[
		false,
		{"gone"},
		{"sg-f"},
	]] with input as denied
	cohorts.functions_with_subnets == set() with input as denied
	unread := fixtures.denied(denied, {"vpcs": "ec2:DescribeVpcs"})
	[[one.is_vpc_visible, one.missing_subnets, one.missing_groups] | some one in cohorts.by_key] == [[
		true,
		set(),
		set(),
	]] with input as unread
	[one.is_vpc_visible | some one in cohorts.by_key] == [true] with input as object.union(
		denied,
		{"functions": [fixtures.function("one", ["gone", "a"], {})]},
	)
}

_groups(functions) := groups if {
	by_key := cohorts.by_key with input as _document(functions) # regal ignore:with-outside-test-context
	groups := {cohort.functions | some cohort in by_key}
}

_document(functions) := fixtures.whole({
	"functions": functions,
	"vpcs": [{"id": "vpc-1", "ipv4_cidrs": [], "ipv6_cidrs": []}],
	"subnets": [fixtures.subnet("a", "a"), fixtures.subnet("b", "b")],
})
