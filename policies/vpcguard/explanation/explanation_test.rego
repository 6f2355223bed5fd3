package vpcguard.explanation_test

import data.vpcguard.explanation
import data.vpcguard.lib.endpoint_fixtures_test as estates
import data.vpcguard.lib.fixtures_test as fixtures

# subnets that do not exist have no endpoints
test_each_function_is_explained_with_all_its_parts if {
	told := explanation.answer.functions with input as estates.document([], {
		"functions": [fixtures.function("orders", ["a1", "gone"], {}), fixtures.function("stray", [], {})],
		"vpc_endpoints": [estates.gateway("vpce-s3", "s3", ["rtb-a"])],
	})
		with data.vpcguard.rule_metadata as {}
	shown := [[one.function, one.situation, count(one.subnets)] | some one in told]
	shown == [["orders", "attached", 2], ["stray", "not_attached", 0]]
	served := {subnet.subnet_id: [one.endpoint_id | some one in subnet.endpoints] | some subnet in told[0].subnets}
	served == {"a1": ["vpce-s3"], "gone": []}
	object.keys(told[1]) == {
		"calls",
		"filters",
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
		"ways",
	}
}

test_nothing_is_explained_where_there_is_no_decision if {
	not explanation.answer with input as fixtures.estate({}) with data.vpcguard.rule_metadata as {"az.single_az": {}}
}
