# METADATA
# title: Intent
# description: |
#   What a function is meant to reach: configuration for its name, else its tags, else configuration of account or
#   unit, else undeclared. Tags that nobody read leave several intents possible.
package vpcguard.lib.intent

import data.vpcguard.lib.config
import data.vpcguard.lib.facts

# METADATA
# description: By function name, a key of by_key. Functions with one key have one intent.
key_of := {name: key |
	some name, one in facts.functions
	key := [config.signature_of[name], _tags[one.tags], object.get(_unread, name, set())]
}

# METADATA
# description: |
#   By key, the intent: {"egress": {"values", "source"}, "private_targets": {"values", "source"},
#   "services": {"values", "source"}, "waits", "unrecognized"}. "values" of egress is the set of possible values:
#   internet, aws, none, undeclared; of private_targets: yes, no, undeclared. "values" of services is the declared set,
#   as lib.needs names services, empty unless its source is configuration or tag. Source: configuration, tag,
#   undeclared, or unread where the tags that would decide were not read; then waits says what for. unrecognized: tag
#   values that mean nothing.
by_key := {key: intent |
	some key in {key | some key in key_of}
	[signature, tags, unread] := key
	intent := {
		"egress": _declared(signature, "egress", tags, unread),
		"private_targets": _declared(signature, "private_targets", tags, unread),
		"services": _declared(signature, "services", tags, unread),
		"waits": unread,
		"unrecognized": _unrecognized(tags),
	}
}

# METADATA
# description: How evidence shows an intent, value and source of each of the three; an undecided value is "unknown".
evidence(key) := {
	"egress": _shown(by_key[key].egress),
	"private_targets": _shown(by_key[key].private_targets),
	"services": by_key[key].services,
	"unrecognized": by_key[key].unrecognized,
}

# METADATA
# description: True if some possible intent of egress is internet or undeclared, to which rules about the way out apply.
may_need_internet(intent) if intent.egress.values & {"internet", "undeclared"} != set()

# METADATA
# description: The verdict by possible intent of egress, given that where the way out matters; aws and none pass.
by_value(intent, verdict) := object.union(
	{value: verdict | some value in (intent.egress.values - {"aws", "none"})},
	{value: {"answer": "pass", "waits": set()} | some value in (intent.egress.values & {"aws", "none"})},
)

# METADATA
# description: True if a verdict for each possible intent is a violation for every one of them.
is_violation(verdicts) if {verdict.answer | some verdict in verdicts} == {"violation"}

# METADATA
# description: |
#   What stays in doubt, given a verdict for each possible intent as {"answer": violation | pass | unknown, "waits"}:
#   what the unknown ones wait for, and the unread tags where they would decide. Empty where the verdict stands.
doubts(intent, verdicts) := union({verdict.waits | some verdict in verdicts; verdict.answer == "unknown"}) | {wait |
	count({verdict.answer | some verdict in verdicts}) > 1
	some wait in intent.waits
}

_shown(declared) := {"value": value, "source": declared.source} if {
	count(declared.values) == 1
	some value in declared.values
} else := {"value": "unknown", "source": declared.source}

# the first that speaks: the function's configuration, its tag, doubt about its tags, its account's configuration
_declared(signature, kind, tags, unread) := array.flatten([
	[_from("configuration", values) | values := _configured(config.function_intent[signature], kind)],
	[_from("tag", values) | values := _tagged(kind, tags[kind])],
	[_from("unread", object.get(_recognized, kind, set()) | _undeclared[kind]) | unread != set()],
	[_from("configuration", values) | values := _configured(config.account_intent, kind); values != {"undeclared"}],
	[_from("undeclared", _undeclared[kind])],
])[0]

_from(source, values) := {"source": source, "values": values}

_configured(intent, "egress") := {intent.egress}

_configured(intent, "private_targets") := {"yes"} if {
	intent.private_targets
} else := {"no"} if intent.private_targets == false

_configured(intent, "services") := {service |
	some said in intent.services
	service := object.get(_needs, said, said)
} if {
	intent.services
}

_tagged("services", value) := services if {
	services := {service | some item in _items(value); service := _needs[item]}
	services != set()
}

_tagged(kind, value) := {value} if {
	value in _recognized[kind]
} else := {"undeclared"} if _recognized[kind]

_recognized := {"egress": {"internet", "aws", "none"}, "private_targets": {"yes", "no"}}

_undeclared := {"egress": {"undeclared"}, "private_targets": {"undeclared"}, "services": set()}

_unrecognized(tags) := {value | some kind, known in _recognized; value := tags[kind]; not value in known} | {item |
	some item in _items(tags.services)
	not _needs[item]
}

# commas, semicolons and blanks separate
_items(text) := {item | some item in regex.split(`[,;\s]+`, text)} - {""}

# By what people write of a service, the service as lib.needs names it: by its IAM prefix, or by the name of one of its
# endpoints, short or whole. Of a prefix that is the name of an endpoint too, only the whole name means the endpoint.
_needs := object.union_n([
	{name: name | some name in data.vpcguard.config.services.known},
	{prefix: prefix | some prefix in data.vpcguard.config.services.without_endpoint},
	{prefix: prefix | some prefix, _ in data.vpcguard.config.services.endpoint_names},
	{prefix: $"{prefix}:*" | some prefix in data.vpcguard.config.services.either},
	{item: name |
		some item in _written
		name := facts.endpoint_name(item)
		name != item
		name in data.vpcguard.config.services.known
	},
])

_written := {item | some tags in _tags; some item in _items(tags.services)} | {item |
	some configured in array.concat([config.account_intent], [one | some one in config.function_intent])
	some item in configured.services
}

# by list of tags, our three as they are compared: trimmed, lower case
_tags := {list: tags |
	some list in {one.tags | some one in facts.functions}
	tags := {kind: lower(trim_space(tag.value)) | some tag in list; kind := _kinds[tag.key]}
}

_kinds := {
	"vpcguard:egress": "egress",
	"vpcguard:private-targets": "private_targets",
	"vpcguard:services": "services",
}

_unread := facts.doubtful("function_tags", object.keys(facts.functions))
