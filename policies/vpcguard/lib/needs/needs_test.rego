package vpcguard.lib.needs_test

import data.vpcguard.lib.endpoint_fixtures_test as estate
import data.vpcguard.lib.fixtures_test as fixtures
import data.vpcguard.lib.needs

# semantics 5: inferred needs are the service prefixes of allowed actions, service:* included
test_inferred_from_the_actions_of_the_role if {
	_services(["s3:GetObject", "DynamoDB:Query", "sqs:*", "sns:Pub*"]) == {"s3", "dynamodb", "sqs", "sns"}
	{need.basis | some need in _allowing(["s3:GetObject"]).services} == {"inferred"}
	_allowing(["s3:GetObject"]).others == set()
}

# semantics 5: * and NotAction infer nothing
test_a_star_infers_nothing if {
	_services(["*"]) == set()
	_services(["*:*", "s*:Get*", "nonsense"]) == set()
	_of_role([estate.statement("Allow", {"not_actions": ["iam:*"]})]) == set()
}

# semantics 5: never from logs:Create*/PutLogEvents, the six ENI actions, xray:Put*
test_what_lambda_does_itself_infers_nothing if {
	_services(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:Create*"]) == set()
	_services([
		"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface",
		"ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
	]) == set()
	_services(["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:Put*"]) == set()
	_services(["logs:*"]) == {"logs"}
	_services(["logs:FilterLogEvents", "ec2:DescribeInstances", "xray:GetTraceSummaries"]) == {"logs", "ec2", "xray"}
}

# permissions that no call to the service's endpoint exercises
test_permissions_without_a_call_infer_nothing if {
	_services(["iam:PassRole", "rds-db:connect", "kafka-cluster:*", "elasticfilesystem:ClientMount"]) == set()
	_services(["iam:GetRole", "elasticfilesystem:DescribeFileSystems"]) == {"iam", "elasticfilesystem"}
}

# semantics 5: the poller actions of a service that is an event source of the function
test_the_pollers_actions_of_an_event_source_infer_nothing if {
	sqs := ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
	kinesis := [
		"kinesis:GetRecords",
		"kinesis:GetShardIterator",
		"kinesis:DescribeStream",
		"kinesis:ListShards",
		"kinesis:List*",
	]
	dynamodb := ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams"]
	every service, polled in {"sqs": sqs, "kinesis": kinesis, "dynamodb": dynamodb} {
		_with_function(polled, {"event_sources": [{"service": service}]}) == set()
		_with_function(polled, {"event_sources": [{"service": "mq"}]}) == {service}
		_with_function(array.concat(polled, [$"{service}:Other"]), {"event_sources": [{"service": service}]}) == {service}
	}
	_with_function(["dynamodb:DescribeTable"], {"event_sources": [{"service": "dynamodb"}]}) == {"dynamodb"}
}

# semantics 5: kms:Decrypt where KMSKeyArn is set
test_decrypting_the_environment_infers_nothing if {
	_with_function(["kms:Decrypt"], {"has_kms_key": true}) == set()
	_with_function(["kms:Decrypt"], {"has_kms_key": false}) == {"kms"}
	_with_function(["kms:Encrypt", "kms:Decrypt"], {"has_kms_key": true}) == {"kms"}
}

# semantics 5: the send action of the DeadLetterConfig's service
test_sending_to_the_dead_letter_target_infers_nothing if {
	_with_function(["sqs:SendMessage"], {"dead_letter_service": "sqs"}) == set()
	_with_function(["sns:Publish"], {"dead_letter_service": "sns"}) == set()
	_with_function(["sqs:SendMessage"], {"dead_letter_service": "sns"}) == {"sqs"}
	_with_function(["sqs:SendMessage"], {}) == {"sqs"}
}

# semantics 5: ARNs in the configuration infer nothing
test_arns_in_the_configuration_infer_nothing if {
	_with_function([], {
		"has_kms_key": true,
		"dead_letter_service": "sqs",
		"event_sources": [{"service": "kinesis"}],
	}) == set()
}

# semantics 5: a list of services is complete and replaces inference
test_declared_services_replace_inference if {
	found := _found(estate.tagged(estate.document(["s3:*"], {}), {"vpcguard:services": "dynamodb, kms"}))
	found.services == {
		"dynamodb": {"basis": "declared", "waits": set()},
		"kms": {"basis": "declared", "waits": set()},
	}
	found.others == set()
}

test_services_declared_by_the_configuration if {
	document := object.union(estate.document(["s3:*"], {}), {"config": {"version": 1, "intent": {"services": ["sqs"]}}})
	object.keys(_found(document).services) == {"sqs"}
	empty := object.union(estate.document(["s3:*"], {}), {"config": {"version": 1, "intent": {"services": []}}})
	_found(empty).services == {}
}

# semantics 5: none wins over services
test_none_wins_over_services if {
	document := estate.tagged(estate.document(["s3:*"], {}), {"vpcguard:services": "dynamodb", "vpcguard:egress": "none"})
	found := _found(document)
	found.services == {}
	found.others == set()
	needs.callers == set() with input as document
}

test_a_plain_deny_removes if {
	_denied({"actions": ["s3:*"]}) == set()
	_denied({"actions": ["*"]}) == set()
	_denied({"actions": ["s3:Get*"]}) == set()
	_denied({"not_actions": ["logs:*", "dynamodb:*"]}) == set()
}

test_a_doubtful_deny_does_not_remove if {
	_denied({"actions": ["s3:GetBucketAcl"]}) == {"s3"}
	_denied({"actions": ["s3:GetObjec?"]}) == set()
	_denied({"actions": ["s3:*"], "condition_keys": ["aws:sourcevpc"]}) == {"s3"}
	_denied({"actions": ["s3:*"], "condition_keys": ["lambda:sourcefunctionarn"]}) == {"s3"}
	_denied({"actions": ["s3:*"], "resources": ["arn:aws:s3:::other/*"]}) == {"s3"}
	_denied({"not_actions": ["s3:*"]}) == {"s3"}
	_denied({"not_actions": ["*Object"]}) == {"s3"}
	_of_role([_allow(["s3:*"]), estate.statement("Deny", {"actions": ["s3:?"]})]) == {"s3"}
	_of_role([_allow(["s3:Get*"]), estate.statement("Deny", {"not_actions": ["s3:*Tagging"]})]) == {"s3"}
	_of_role([_allow(["s3:Get*"]), estate.statement("Deny", {"not_actions": ["s3:Put*"]})]) == set()
}

test_a_narrower_resource_or_a_condition_is_a_need_all_the_same if {
	_of_role([estate.statement("Allow", {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::b/*"]})]) == {"s3"}
	_of_role([estate.statement("Allow", {"actions": ["s3:GetObject"], "condition_keys": ["aws:sourcevpc"]})]) == {"s3"}
}

test_the_boundary_must_allow_too if {
	_bounded([_allow(["s3:*"])]) == {"s3"}
	_bounded([_allow(["*"])]) == {"s3", "sqs"}
	_bounded([_allow(["s3:GetObject", "s3:Put*"])]) == {"s3"}
	_bounded([_allow(["sqs:*Message"])]) == {"sqs"}
	_bounded([_allow(["sqs:R*"])]) == set()
	_bounded([estate.statement("Allow", {"not_actions": ["sqs:*"]})]) == {"s3"}
	_bounded([_allow(["*"]), estate.statement("Deny", {"actions": ["sqs:*"]})]) == {"s3"}
	_bounded([]) == set()
}

test_an_unread_role_leaves_every_need_open if {
	unread := fixtures.denied(object.union(estate.document([], {}), {"roles": []}), {"roles": "iam:GetRole"})
	found := _found(unread)
	found.services == {}
	{wait.name | some wait in found.others} == {"iam:GetRole"}
	needs.callers == {"orders"} with input as unread
	partial := fixtures.denied(estate.document(["s3:*"], {}), {"roles": "iam:GetPolicyVersion"})
	{wait.name | some wait in _found(partial).services.s3.waits} == {"iam:GetPolicyVersion"}
}

test_a_function_without_a_role_leaves_every_need_open if {
	document := object.union(
		estate.document([], {}),
		{"functions": [object.remove(fixtures.function("orders", ["a1"], {}), ["role_name"])]},
	)
	{wait.name | some wait in _found(document).others} == {"lambda:ListFunctions"}
}

test_a_role_that_is_gone_needs_nothing if {
	found := _found(object.union(estate.document([], {}), {"roles": []}))
	found.services == {}
	found.others == set()
}

# whether the poller or the function receives, only the event sources say
test_unread_event_sources_leave_the_pollers_actions_open if {
	document := fixtures.denied(
		estate.document(["sqs:ReceiveMessage", "s3:GetObject"], {}),
		{"event_sources": "lambda:ListEventSourceMappings"},
	)
	found := _found(document)
	{wait.name | some wait in found.services.sqs.waits} == {"lambda:ListEventSourceMappings"}
	found.services.s3.waits == set()
	found.others == set()
}

# semantics 1: tags unread: intent and declared services are unknown
test_unread_tags_leave_every_need_open if {
	document := fixtures.denied(estate.document(["s3:*"], {}), {"function_tags": "tag:GetResources"})
	found := _found(document)
	{wait.name | some wait in found.services.s3.waits} == {"tag:GetResources"}
	{wait.name | some wait in found.others} == {"tag:GetResources"}
}

test_unread_tags_matter_less_where_the_configuration_speaks_for_the_function if {
	document := fixtures.denied(estate.document(["s3:*"], {}), {"function_tags": "tag:GetResources"})
	services := _configured(document, {"services": ["sqs"]})
	{service: {wait.name | some wait in need.waits} |
		some service, need in _found(services).services
	} == {"sqs": {"tag:GetResources"}}
	both := _configured(document, {"services": ["sqs"], "egress": "aws"})
	_found(both).services == {"sqs": {"basis": "declared", "waits": set()}}
	egress := _configured(document, {"egress": "aws"})
	{wait.name | some wait in _found(egress).services.s3.waits} == {"tag:GetResources"}
}

test_functions_with_the_same_needs_under_different_roles if {
	other := fixtures.function("billing", ["a1", "b1"], {"role_name": "role-g"})
	role := object.union(estate.role([_allow(["s3:List*"])]), {"names": ["role-g"]})
	document := estate.document(["s3:GetObject"], {})
	joined := object.union(
		document,
		{"functions": array.concat(document.functions, [other]), "roles": array.concat(document.roles, [role])},
	)
	of := needs.of with input as joined
	object.keys(of) == {"orders", "billing"}
	of.orders == of.billing
}

_services(actions) := object.keys(_allowing(actions).services)

_of_role(statements) := object.keys(_found(estate.document([], {"roles": [estate.role(statements)]})).services)

_denied(deny) := _of_role([_allow(["s3:GetObject"]), estate.statement("Deny", deny)])

_bounded(boundary) := object.keys(_found(estate.document([], {"roles": [object.union(
	estate.role([_allow(["s3:Get*", "sqs:SendMessage"])]),
	{"has_boundary": true, "boundary_statements": boundary},
)]})).services)

_with_function(actions, more) := object.keys(_found(estate.document(
	actions,
	{"functions": [fixtures.function("orders", ["a1", "b1"], more)]},
)).services)

_allow(actions) := estate.statement("Allow", {"actions": actions})

_configured(document, intent) := object.union(
	document,
	{"config": {"version": 1, "overrides": [{"match": {"function": "orders"}, "intent": intent}]}},
)

_allowing(actions) := _found(estate.document(actions, {}))

_found(document) := {"services": services, "others": others} if {
	# regal ignore:with-outside-test-context
	services := needs.of.orders with input as document

	# regal ignore:with-outside-test-context
	others := needs.others.orders with input as document
}
