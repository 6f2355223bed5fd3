package vpcguard.lib.intent_test

import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.lib.intent

test_undeclared if {
	_intent({}, {}) == {
		"egress": {"values": {"undeclared"}, "source": "undeclared"},
		"private_targets": {"values": {"undeclared"}, "source": "undeclared"},
		"services": {"values": set(), "source": "undeclared"},
		"waits": set(),
		"unrecognized": set(),
	}
}

test_tags if {
	_intent({"vpcguard:egress": "aws", "vpcguard:services": "s3,sqs", "vpcguard:private-targets": "yes"}, {}) == {
		"egress": {"values": {"aws"}, "source": "tag"},
		"private_targets": {"values": {"yes"}, "source": "tag"},
		"services": {"values": {"s3", "sqs"}, "source": "tag"},
		"waits": set(),
		"unrecognized": set(),
	}
}

test_tags_are_trimmed_and_case_does_not_count if {
	found := _intent({"vpcguard:egress": " Internet ", "vpcguard:services": "S3 , SQS", "owner": "x"}, {})
	found.egress.values == {"internet"}
	found.services.values == {"s3", "sqs"}
}

# semantics 5: commas, semicolons and blanks separate; each item trimmed, lower case
test_services_in_every_spelling if {
	every said in ["s3,sqs", "s3;sqs", "s3 sqs", " S3 ;, SQS,", "s3\tsqs", "s3 com.amazonaws.eu-west-1.SQS"] {
		_intent({"vpcguard:services": said}, {}).services == {"values": {"s3", "sqs"}, "source": "tag"}
	}
}

# semantics 8: an endpoint's name is the declaration that settles a doubt
test_names_of_endpoints_are_services_too if {
	said := concat(" ", [
		"bedrock-runtime monitoring ecr.api com.amazonaws.eu-west-1.bedrock cn.com.amazonaws.eu-west-1.lambda",
		"bedrock com.amazonaws.iam timestream.ingest-cell2 cloudfront",
	])
	found := _intent({"vpcguard:services": said}, {})
	found.unrecognized == set()
	found.services.values == {
		"bedrock-runtime",
		"monitoring",
		"ecr.api",
		"bedrock",
		"lambda",
		"bedrock:*",
		"com.amazonaws.iam",
		"timestream.ingest",
		"cloudfront",
	}
	_intent({}, {"overrides": [{
		"match": {"function": "*"},
		"intent": {"services": ["bedrock", "com.amazonaws.eu-west-1.s3", "nobody-knows"]},
	}]}).services.values == {"bedrock:*", "s3", "nobody-knows"}
}

# semantics 5: items that are no service prefix are named in the evidence and left out; nothing left is undeclared
test_what_is_no_service_is_named_and_left_out if {
	found := _intent({"vpcguard:services": "dynamo, s3:GetObject; com.amazonaws.us-east-1.sqs"}, {})
	found.services == {"values": set(), "source": "undeclared"}
	found.unrecognized == {"dynamo", "s3:getobject", "com.amazonaws.us-east-1.sqs"}
	_intent({"vpcguard:services": " ; "}, {}).services == {"values": set(), "source": "undeclared"}
}

test_an_unknown_value_counts_as_undeclared_and_is_named if {
	found := _intent({"vpcguard:egress": "inetrnet", "vpcguard:private-targets": "no", "vpcguard:services": "s3,s_q"}, {})
	found.egress == {"values": {"undeclared"}, "source": "tag"}
	found.services.values == {"s3"}
	found.unrecognized == {"inetrnet", "s_q"}
	_intent({"vpcguard:private-targets": "perhaps"}, {}).private_targets.values == {"undeclared"}
}

test_configuration_of_the_function_precedes_its_tags if {
	overrides := {"overrides": [{
		"match": {"function": "ord*"},
		"intent": {"egress": "none", "services": ["s3"], "private_targets": true},
	}]}
	_intent({"vpcguard:egress": "aws", "vpcguard:services": "sqs", "vpcguard:private-targets": "no"}, overrides) == {
		"egress": {"values": {"none"}, "source": "configuration"},
		"private_targets": {"values": {"yes"}, "source": "configuration"},
		"services": {"values": {"s3"}, "source": "configuration"},
		"waits": set(),
		"unrecognized": set(),
	}
}

test_tags_precede_configuration_of_account_and_document if {
	account := {"overrides": [{"match": {"account_id": "*"}, "intent": {"egress": "internet", "private_targets": false}}]}
	found := _intent({"vpcguard:egress": "aws"}, account)
	found.egress == {"values": {"aws"}, "source": "tag"}
	found.private_targets == {"values": {"no"}, "source": "configuration"}
	_intent({}, {"intent": {"egress": "internet"}}).egress == {"values": {"internet"}, "source": "configuration"}
	_intent({}, object.union({"intent": {"egress": "none"}}, account)).egress.values == {"internet"}
}

test_unread_tags_leave_every_intent_possible if {
	document := fixtures.denied(_document({}, {}), {"function_tags": "tag:GetResources"})
	found := _of(document)
	found.egress == {"values": {"internet", "aws", "none", "undeclared"}, "source": "unread"}
	found.private_targets == {"values": {"yes", "no", "undeclared"}, "source": "unread"}
	found.services == {"values": set(), "source": "unread"}
	{wait.name | some wait in found.waits} == {"tag:GetResources"}
}

test_unread_tags_do_not_matter_where_configuration_precedes_them if {
	configured := {"overrides": [{"match": {"function": "*"}, "intent": {"egress": "aws"}}]}
	document := fixtures.denied(_document({}, configured), {"function_tags": "tag:GetResources"})
	_of(document).egress == {"values": {"aws"}, "source": "configuration"}
}

test_a_tag_that_was_seen_counts_although_others_were_not_read if {
	document := fixtures.denied(_document({"vpcguard:egress": "aws"}, {}), {"function_tags": "tag:GetResources"})
	_of(document).egress == {"values": {"aws"}, "source": "tag"}
}

test_evidence_shows_value_and_source if {
	key := intent.key_of.orders with input as _document({"vpcguard:egress": "aws", "vpcguard:services": "s3"}, {})
	intent.evidence(key) == {
		"egress": {"value": "aws", "source": "tag"},
		"private_targets": {"value": "undeclared", "source": "undeclared"},
		"services": {"values": {"s3"}, "source": "tag"},
		"unrecognized": set(),
	} with input as _document({"vpcguard:egress": "aws", "vpcguard:services": "s3"}, {})
	denied := fixtures.denied(_document({}, {}), {"function_tags": "tag:GetResources"})
	unread := intent.key_of.orders with input as denied
	intent.evidence(unread).egress == {"value": "unknown", "source": "unread"} with input as denied
}

test_doubts_are_what_unknown_verdicts_wait_for_and_unread_tags_that_decide if {
	wish := {"waits": {"tags"}}
	violation := {"answer": "violation", "waits": set()}
	intent.doubts(wish, {"internet": violation}) == set()
	passing := {"answer": "pass", "waits": set()}
	intent.doubts(wish, {"internet": violation, "none": passing}) == {"tags"}
	intent.doubts(wish, {"internet": passing, "none": passing}) == set()
	unknown := {"answer": "unknown", "waits": {"nat"}}
	intent.doubts(wish, {"internet": unknown, "none": passing}) == {"tags", "nat"}
	intent.doubts(wish, {"internet": unknown, "undeclared": unknown}) == {"nat"}
}

_intent(tags, configuration) := _of(_document(tags, configuration))

_of(document) := found if {
	by_key := intent.by_key with input as document # regal ignore:with-outside-test-context
	some found in by_key
}

_document(tags, configuration) := fixtures.whole({
	"functions": [fixtures.function("orders", ["app"], {"tags": fixtures.tags(tags)})],
	"config": object.union({"version": 1}, configuration),
})
