# METADATA
# title: Lambda cannot connect to an event source of the function
# description: |
#   The poller of a Kafka, Amazon MQ or DocumentDB source works from the subnets and security groups of the source,
#   wherever the function runs. Where those do not let it reach the source, or Lambda, STS and Secrets Manager, no
#   record arrives and no invocation fails: the function just stands still.
# related_resources:
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/with-kafka-troubleshoot.html
#   - ref: https://docs.aws.amazon.com/lambda/latest/dg/with-msk-cluster-network.html
#   - ref: https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
# custom:
#   doubt: Not known whether Lambda can connect to an event source of the function
#   severity: high
#   advice: >-
#     In the VPC of the event source, give its subnets a NAT gateway or interface endpoints for Lambda and STS (and for
#     Secrets Manager where credentials are kept there), and let its security group admit itself on the ports of the
#     brokers.
#   remediation: none
#   applies_to: >-
#     functions with an enabled event source of Kafka, Amazon MQ or DocumentDB, attached or not, and those whose event
#     sources were not read
#   applies_if: [event_sources]
#   passes: AWS reports no fault of the network at the event sources that stand in a VPC.
#   judged: >-
#     LastProcessingResult of every mapping to a source of Kafka, Amazon MQ or DocumentDB that is not disabled. The
#     texts that speak of the network are policy data (policies/vpcguard/config/event_sources); any other text, refused
#     credentials say, is no violation. The source's own network is not judged.
#   configuration: []
#   reads: []
#   statement: [event_sources.mapping_id]
package vpcguard.rules.config.event_source_unreachable

import data.vpcguard.lib.facts
import data.vpcguard.lib.result

applies := object.keys(_polled) | object.keys(_unread)

deny contains result.violation(name, {
	"message": $"{name}: {said}.",
	"evidence": {"event_sources": found},
}) if {
	some name, found in _cut_off
	said := concat("; ", {_said(text, found) | some text in {one.last_processing_result | some one in found}})
}

unknown contains result.unknown(name, waits) if {
	some name in applies
	not _cut_off[name]
	waits := object.get(_unread, name, set()) | object.get(_untold, name, set())
	waits != set()
}

# by function name, the places of its sources that stand in a VPC and are polled
_polled := {name: places |
	some name, one in facts.judged
	places := {i |
		some i, source in one.event_sources
		source.service in data.vpcguard.config.event_sources.in_vpc
		not _is_at_rest(source)
	}
	places != set()
}

_is_at_rest(source) if lower(source.state) in data.vpcguard.config.event_sources.at_rest

_cut_off := {name: found |
	some name, places in _polled
	found := [{"mapping_id": _id(name, i), "event_source": _source(name, i), "last_processing_result": text} |
		some i in places
		facts.judged[name].event_sources[i].state # else what AWS said last may be of before it was put to rest
		text := facts.judged[name].event_sources[i].last_processing_result
		_speaks_of_the_network(lower(text))
	]
	found != []
}

_speaks_of_the_network(text) if {
	some part in data.vpcguard.config.event_sources.network_faults
	contains(text, part)
}

_id(name, i) := object.get(facts.judged[name].event_sources[i], "id", "")

# a Kafka cluster of one's own has no ARN
_source(name, i) := object.get(facts.judged[name].event_sources[i], "arn", "a Kafka cluster of its own")

# sources of which AWS says the same are told together
_said(text, found) := sprintf("Lambda's poller cannot connect to %s; AWS says %q", [
	result.list(sources),
	trim_suffix(text, "."),
]) if {
	sources := {$"{one.event_source} (mapping {one.mapping_id})" |
		some one in found
		one.last_processing_result == text
	}
}

_unread := facts.doubtful("event_sources", object.keys(facts.judged))

_untold := {name: waits |
	some name, places in _polled
	waits := {{"status": "opaque", "name": "lambda:ListEventSourceMappings", "reason": reason} |
		some i in places
		lacking := _lacking(facts.judged[name].event_sources[i])
		reason := $"no {lacking} of {_id(name, i)}"
	}
	waits != set()
}

_lacking(source) := "State" if {
	not source.state
} else := "LastProcessingResult" if {
	lower(source.state) == "enabled"
	not source.last_processing_result
}
