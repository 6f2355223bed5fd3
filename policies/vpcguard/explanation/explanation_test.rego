package vpcguard.explanation_test

import data.vpcguard.explanation
import data.vpcguard.lib.endpoint_fixtures_test as estates
import data.vpcguard.lib.fixtures_test as fixtures

test_each_function_is_explained_by_itself if {
	functions := [fixtures.function("orders", ["a1"], {}), fixtures.function("stray", [], {})]
	told := explanation.answer.functions with input as estates.document([], {"functions": functions})
	[one.function | some one in told] == ["orders", "stray"]
	[one.situation | some one in told] == ["attached", "not_attached"]
	[count(one.subnets) | some one in told] == [1, 0]
}

test_subnets_come_with_their_endpoints_and_missing_ones_with_none if {
	functions := [fixtures.function("orders", ["a1", "gone"], {})]
	told := explanation.answer.functions with input as estates.document([], {
		"functions": functions,
		"vpc_endpoints": [estates.gateway("vpce-s3", "s3", ["rtb-a"])],
	})
	served := {subnet.subnet_id: [one.endpoint_id | some one in subnet.endpoints] | some subnet in told[0].subnets}
	served == {"a1": ["vpce-s3"], "gone": []}
}

test_all_parts_are_there if {
	told := explanation.answer.functions with input as estates.document([], {})
	object.keys(told[0]) == {
		"function",
		"intent",
		"needs",
		"rules",
		"security_groups",
		"situation",
		"states",
		"subnets",
		"text",
		"vpc_id",
	}
}
