package vpcguard.rules.config.event_source_unreachable_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.rules.config.event_source_unreachable as rule

test_deny_a_source_that_the_poller_cannot_connect_to if {
	rule.applies == {"orders"} with input as _polling({})
	rule.deny == {{
		"function": "orders",
		"message": concat(" ", [
			"orders: Lambda's poller cannot connect to arn:aws:kafka:eu-west-1:111122223333:cluster/clicks/1 (mapping m-1);",
			"AWS says \"PROBLEM: Connection error\".",
		]),
		"evidence": {"event_sources": [{
			"mapping_id": "m-1",
			"event_source": "arn:aws:kafka:eu-west-1:111122223333:cluster/clicks/1",
			"last_processing_result": "PROBLEM: Connection error.",
		}]},
	}} with input as _polling({})
	rule.unknown == set() with input as _polling({})
}

# the poller works from the source's network, wherever the function runs
test_deny_attached_or_not if {
	attached := fixtures.whole({"functions": [fixtures.function("orders", ["a1"], {"event_sources": [_source({})]})]})
	{v.function | some v in rule.deny} == {"orders"} with input as attached
}

test_every_kind_of_source_that_stands_in_a_vpc if {
	every service in ["kafka", "mq", "rds"] {
		{v.function | some v in rule.deny} == {"orders"} with input as _polling({"service": service})
	}
	rule.applies == set() with input as _polling({"service": "sqs"})
	rule.deny == set() with input as _polling({"service": "sqs"})
}

test_a_cluster_of_ones_own_has_no_arn if {
	own := object.remove(_source({}), ["arn"])
	document := _of([own, object.union(own, {"last_processing_result": "OK"})])
	sources := [v.evidence.event_sources[_].event_source | some v in rule.deny] with input as document
	sources == ["a Kafka cluster of its own"]
}

# semantics 6: any other text is no violation
test_allow_every_other_text if {
	texts := ["OK", "No records processed", "PROBLEM: SASL authentication failed.", "PROBLEM: Function call failed"]
	every text in texts {
		rule.applies == {"orders"} with input as _polling({"last_processing_result": text})
		rule.deny == set() with input as _polling({"last_processing_result": text})
		rule.unknown == set() with input as _polling({"last_processing_result": text})
	}
}

test_not_applicable_to_a_source_at_rest if {
	rule.applies == set() with input as _polling({"state": "Disabled"})
	rule.deny == set() with input as _polling({"state": "Disabled"})
}

test_not_applicable_while_it_is_being_deleted if {
	document := fixtures.whole({"functions": [fixtures.function(
		"orders",
		[],
		{"state": "Deleting", "event_sources": [_source({})]},
	)]})
	rule.applies == set() with input as document
	rule.deny == set() with input as document
}

test_unknown_while_the_sources_are_unread if {
	document := fixtures.denied(_of([]), {"event_sources": "lambda:ListEventSourceMappings"})
	rule.applies == {"orders"} with input as document
	{one.waits[_].name | some one in rule.unknown} == {"lambda:ListEventSourceMappings"} with input as document
	seen := fixtures.denied(_polling({}), {"event_sources": "lambda:ListEventSourceMappings"})
	{v.function | some v in rule.deny} == {"orders"} with input as seen
	rule.unknown == set() with input as seen
}

test_unknown_where_aws_does_not_say_how_polling_goes if {
	untold := object.remove(_source({}), ["last_processing_result"])
	{one.waits[_].reason | some one in rule.unknown} == {"no LastProcessingResult of m-1"} with input as _of([untold])
	rule.unknown == set() with input as _of([object.union(untold, {"state": "Creating"})])
}

# it may be at rest, and what AWS said last be of another time
test_unknown_where_aws_does_not_say_whether_it_polls if {
	unstated := object.remove(_source({}), ["state"])
	every text in ["PROBLEM: Connection error.", "OK"] {
		document := _of([object.union(unstated, {"last_processing_result": text})])
		rule.deny == set() with input as document
		{one.waits[_].reason | some one in rule.unknown} == {"no State of m-1"} with input as document
	}
	rule.deny != set() with input as _of([_source({}), object.union(unstated, {"id": "m-2"})])
}

_polling(more) := _of([_source(more)])

_of(sources) := fixtures.whole({"functions": [fixtures.function("orders", [], {"event_sources": sources})]})

_source(more) := object.union(
	{
		"service": "kafka",
		"arn": "arn:aws:kafka:eu-west-1:111122223333:cluster/clicks/1",
		"id": "m-1",
		"state": "Enabled",
		"last_processing_result": "PROBLEM: Connection error.",
	},
	more,
)
