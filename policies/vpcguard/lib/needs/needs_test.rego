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

# permissions that no call to the service's endpoint exercises, data calls to a resource's own name among them
test_permissions_without_a_call_infer_nothing if {
	actions := {
		"iam:PassRole",
		"sts:TagSession",
		"bedrock:CallWithBearerToken",
		"rds-db:connect",
		"kafka-cluster:*",
		"elasticfilesystem:ClientMount",
		"elasticfilesystem:DescribeMountTargets",
		"es:ESHttp*",
		"aoss:APIAccessAll",
		"vpc-lattice-svcs:Invoke",
		"s3-outposts:GetObject",
		"neptune-db:*",
		"elasticache:Connect",
		"memorydb:Connect",
		"dax:GetItem",
		"dsql:DbConnectAdmin",
		"lambda:InvokeFunctionUrl",
		"ec2:*NetworkInterface*",
		"ec2:DetachNetworkInterface",
	}
	_called([action | some action in actions]) == {}
	_services(["iam:GetRole", "elasticfilesystem:DescribeFileSystems"]) == {"iam", "elasticfilesystem"}
}

# semantics 5: the poller actions of a service that is an event source of the function
test_the_pollers_actions_of_an_event_source_infer_nothing if {
	sqs := ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:Get*", "sqs:Receive*"]
	kinesis := [
		"kinesis:GetRecords",
		"kinesis:GetShardIterator",
		"kinesis:DescribeStream",
		"kinesis:ListShards",
		"kinesis:List*",
		"kinesis:Get*",
	]
	dynamodb := ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams"]
	every service, polled in {"sqs": sqs, "kinesis": kinesis, "dynamodb": dynamodb} {
		_with_function(polled, {"event_sources": [{"service": service}]}) == set()
		_with_function(polled, {"event_sources": [{"service": "mq"}]}) == {_streams(service)}
		_with_function(array.concat(polled, [$"{service}:Other"]), {"event_sources": [{"service": service}]}) == {service}
	}
	_with_function(["dynamodb:DescribeTable"], {"event_sources": [{"service": "dynamodb"}]}) == {"dynamodb"}
}

_streams(service) := object.get({"dynamodb": "dynamodb-streams"}, service, service)

# domain 10.10: sources as the CDK, SAM and AWS's managed policies write them, each only for the kind there is
test_what_tools_grant_for_a_source_infers_nothing if {
	decrypt := "kms:Decrypt"
	broker := ["ec2:DescribeVpcs", "ec2:DescribeSecurityGroups", "secretsmanager:GetSecretValue", decrypt]
	granted := {
		"sqs": [
			"sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueUrl", "sqs:DeleteMessage",
			"sqs:GetQueueAttributes", "sqs:ChangeMessageVisibilityBatch", "sqs:DeleteMessageBatch", decrypt,
		],
		"kinesis": [
			"kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards",
			"kinesis:SubscribeToShard", "kinesis:DescribeStream", "kinesis:ListStreams", decrypt,
		],
		"dynamodb": ["dynamodb:ListStreams", "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
		"kafka": array.concat(broker, [
			"kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers", "kafka-cluster:Connect",
			"glue:GetSchemaVersion",
		]),
		"mq": array.concat(broker, ["mq:DescribeBroker"]),
		"rds": array.concat(broker, ["rds:DescribeDBClusters", "rds:DescribeDBSubnetGroups"]),
	}
	every service, actions in granted {
		_with_function(actions, {"event_sources": [{"service": service}]}) == set()
	}
	_with_function(granted.mq, {"event_sources": [{"service": "sqs"}]}) == {"ec2", "secretsmanager", "mq"}
	_with_function(granted.sqs, {"event_sources": [{"service": "mq"}]}) == {"sqs"}
	_services(granted.sqs) == {"sqs", "kms"}
	_with_function(["kms:Decrypt", "kms:Encrypt"], {"event_sources": [{"service": "sqs"}]}) == {"kms"}
}

# domain 10.10: destinations of event sources and of asynchronous invocation, each only for the kind there is
test_what_lambda_sends_for_the_function_infers_nothing if {
	sent := {
		"sqs": ["sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "kms:Decrypt", "kms:GenerateDataKey*"],
		"sns": ["sns:Publish"],
		"lambda": ["lambda:InvokeFunction"],
		"events": ["events:PutEvents"],
		"s3": ["s3:PutObject", "s3:ListBucket"],
	}
	every service, actions in sent {
		_with_function(actions, {"destination_services": [service]}) == set()
		_with_function(actions, {"event_sources": [{"service": "kinesis", "destination_service": service}]}) == set()
		service in _with_function(actions, {"destination_services": ["other"]})
	}
	_with_function(["sqs:SendMessage", "s3:GetObject"], {"destination_services": ["sqs", "s3"]}) == {"s3"}
}

# semantics 5: where they were not requested, a permission to send to their kind infers nothing and touches no finding
test_destinations_left_out_leave_what_sends_to_their_kind_open if {
	document := fixtures.not_requested(
		estate.document(["sqs:SendMessage", "sns:Publish", "sns:Subscribe", "s3:GetObject"], {}),
		{"event_destinations": "lambda:GetFunctionEventInvokeConfig"},
	)
	found := _found(document)
	{service: {wait.status | some wait in need.waits} | some service, need in found.services} == {
		"sqs": {"not_requested"},
		"sns": set(),
		"s3": set(),
	}
	sources := {"event_sources": "lambda:ListEventSourceMappings"}
	polled := estate.document(["sqs:SendMessage", "sqs:ReceiveMessage"], {})
	both := fixtures.denied(fixtures.not_requested(polled, {"event_destinations": "x"}), sources)
	{wait.name | some wait in _found(both).services.sqs.waits} == {"lambda:ListEventSourceMappings"}
}

test_the_pull_of_an_image_infers_nothing if {
	actions := ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
	_with_function(actions, {"package_type": "Image"}) == set()
	_with_function(actions, {"package_type": "Zip"}) == {"ecr.api", "ecr.dkr"}
	_with_function(["ecr:PutImageTagMutability"], {"package_type": "Image"}) == {"ecr.api"}
}

# semantics 5: Allow statements for calls that other services make on the function's behalf
test_an_allow_for_calls_of_other_services_infers_nothing if {
	every key in ["kms:viaservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:viaawsservice"] {
		_of_role([estate.statement("Allow", {"actions": ["kms:Decrypt"], "condition_keys": [key]})]) == set()
	}
	statement := {"actions": ["kms:Decrypt"], "condition_keys": ["kms:encryptioncontextkeys"]}
	_of_role([estate.statement("Allow", statement)]) == {"kms"}
}

# domain 10.10: the action picks the endpoint where a prefix has several
test_the_action_picks_the_endpoint if {
	called := {
		"bedrock:InvokeModel": "bedrock-runtime",
		"bedrock:InvokeModel*": "bedrock-runtime",
		"bedrock:Converse": "bedrock-runtime",
		"bedrock:Retrieve": "bedrock-agent-runtime",
		"bedrock:InvokeAgent": "bedrock-agent-runtime",
		"bedrock:InvokeFlow": "bedrock-agent-runtime",
		"bedrock:CreateAgent": "bedrock-agent",
		"bedrock:StartIngestionJob": "bedrock-agent",
		"bedrock:ListFoundationModels": "bedrock",
		"bedrock:Invoke*": "bedrock:*",
		"bedrock:*": "bedrock:*",
		"appconfig:GetLatestConfiguration": "appconfigdata",
		"iot:Publish": "iot.data",
		"iot:DescribeEndpoint": "iot.api",
		"sagemaker:InvokeEndpoint": "sagemaker.runtime",
		"sagemaker:CreateModel": "sagemaker.api",
		"personalize:GetRecommendations": "personalize-runtime",
		"lex:RecognizeText": "runtime-v2-lex",
		"timestream:WriteRecords": "timestream.ingest",
		"timestream:Select": "timestream.query",
		"timestream:DescribeEndpoints": "timestream:*",
		"dynamodb:GetItem": "dynamodb",
		"dynamodb:Get*": "dynamodb",
		"dynamodb:GetRecords": "dynamodb-streams",
		"dynamodb:*": "dynamodb",
		"states:StartExecution": "states",
		"states:StartSyncExecution": "sync-states",
		"ecr:DescribeImages": "ecr.api",
		"ecr:BatchGetImage": "ecr.dkr",
		"ecr:*": "ecr",
		"cloudwatch:PutMetricData": "cloudwatch",
		"ses:SendEmail": "ses",
	}
	_called(object.keys(called)) == {action: {service} | some action, service in called}
}

# semantics 5: only services with a known endpoint can yield a violation; others are named in explain
test_services_without_endpoints_are_told_apart if {
	document := estate.document(["support:*", "lex:PostText", "s3:GetObject", "nobody:Knows"], {})
	object.keys(_found(document).services) == {"s3"}
	needs.without_endpoints == {"orders": {"support", "runtime.lex", "nobody"}} with input as document
	only := estate.document(["support:*"], {})
	needs.callers == set() with input as only
	declared := estate.tagged(only, {"vpcguard:services": "globalaccelerator"})
	needs.without_endpoints == {"orders": {"globalaccelerator"}} with input as declared
	needs.without_endpoints == {} with input as estate.document(["s3:*"], {})
}

# semantics 8: the declaration that settles which endpoint it is
test_an_endpoint_can_be_declared if {
	said := "bedrock-runtime com.amazonaws.eu-west-1.bedrock"
	declared := estate.tagged(estate.document(["bedrock:*"], {}), {"vpcguard:services": said})
	object.keys(_found(declared).services) == {"bedrock-runtime", "bedrock"}
	prefix := estate.tagged(estate.document([], {}), {"vpcguard:services": "bedrock"})
	object.keys(_found(prefix).services) == {"bedrock:*"}
}

# AWS's managed policies and SAM's templates, in part: no need that no code of the function could have
test_managed_policies_for_functions_infer_nothing if {
	basic := ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
	policies := {
		"AWSLambdaVPCAccessExecutionRole": [
			"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
			"ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
		],
		"VPCAccessPolicy": ["ec2:DetachNetworkInterface"],
		"AWSXRayDaemonWriteAccess": [
			"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules",
			"xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries",
		],
		"AmazonElasticFileSystemClientReadWriteAccess": [
			"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite", "elasticfilesystem:DescribeMountTargets",
		],
	}
	_called([action | some actions in policies; some action in array.concat(basic, actions)]) == {}
}

# semantics 5: kms:Decrypt where KMSKeyArn is set
test_decrypting_the_environment_infers_nothing if {
	_with_function(["kms:Decrypt"], {"has_kms_key": true}) == set()
	_with_function(["kms:Decrypt"], {"has_kms_key": false}) == {"kms"}
	_with_function(["kms:Encrypt", "kms:Decrypt"], {"has_kms_key": true}) == {"kms"}
}

# an encrypted bucket or secret: the service uses the key with the function's permissions, or the function does itself
test_a_key_beside_a_service_that_encrypts_is_a_need_in_doubt if {
	granted := ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
	every other in ["s3:GetObject", "secretsmanager:GetSecretValue", "dynamodb:Query", "ssm:GetParameter"] {
		found := _allowing(array.concat([other], granted)).services
		[wait.settled_by | some wait in found.kms.waits] == ["own_calls"]
		{service | some service, need in found; need.waits == set()} == object.keys(found) - {"kms"}
	}
	every own in [["kms:Decrypt"], ["s3:GetObject", "kms:Sign"], ["s3:GetObject", "kms:*"], ["kms:Decrypt", "ec2:Run*"]] {
		_allowing(own).services.kms.waits == set()
	}
}

# PowerUserAccess: all but some services, and a few calls of those
test_what_a_not_action_leaves_out_and_is_given_back_infers_nothing if {
	all_but := estate.statement("Allow", {"not_actions": ["iam:*", "organizations:*"]})
	_of_role([all_but, _allow(["iam:ListRoles", "organizations:DescribeOrganization"])]) == set()
	_of_role([all_but, _allow(["iam:ListRoles", "s3:GetObject"])]) == {"s3"}
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

# by action, the services that a function needs whose role allows nothing else, those without endpoints included
_called(actions) := object.union(of, without) if {
	document := object.union(estate.document([], {}), {
		"functions": [fixtures.function(action, ["a1", "b1"], {"role_name": action}) | some action in actions],
		"roles": [object.union(estate.role([_allow([action])]), {"names": [action]}) | some action in actions],
	})

	# regal ignore:with-outside-test-context
	needed := needs.of with input as document
	of := {action: object.keys(services) | some action, services in needed; services != {}}

	# regal ignore:with-outside-test-context
	without := needs.without_endpoints with input as document
}

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
