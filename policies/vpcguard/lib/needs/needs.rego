# METADATA
# title: Needs
# description: |
#   The AWS services that a function calls over its own interface: declared ones, which are complete, else the service
#   prefixes of the actions that its role allows. Functions of one cohort with the same needs are one crowd.
package vpcguard.lib.needs

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.iam
import data.vpcguard.lib.intent

# METADATA
# description: Crowd key by function name, for every attached function.
of := {name: key | some key, crowd in crowds; some name in crowd.functions}

# METADATA
# description: |
#   By crowd key, which is [key of its cohort, {"services", "others"}]: {"cohort" (its key), "functions", "services",
#   "others"}. services: service prefix -> {"basis" (declared, inferred), "waits" (what it takes to be sure of the need;
#   empty: it is certain)}. others: what it takes to know that no further service is needed; empty where that is
#   certain.
crowds := {crowd_key: crowd |
	some crowd_key, members in _members
	[key, needs] := crowd_key
	crowd := {"cohort": key, "functions": members, "services": needs.services, "others": needs.others}
}

# METADATA
# description: The functions of these crowds, given their keys.
# scope: document
functions(keys) := union({crowds[key].functions | some key in keys})

# METADATA
# description: Keys of the crowds that need a service, certainly or perhaps, and have a subnet left.
needy := {key |
	some key, crowd in crowds
	[crowd.services, crowd.others] != [{}, set()]
	cohorts.with_subnets[crowd.cohort]
}

# METADATA
# description: The functions of the needy crowds.
needy_functions := functions(needy)

# By [cohort key, needs]. All functions of a cohort have the needs that their intent declares.
_members := object.union(
	{[key, _declared[cohort.intent_key]]: cohort.functions | some key, cohort in cohorts.by_key},
	{key: members |
		some key in {key | some key in _inferred}
		members := {name | some name, other in _inferred; other == key}
	},
)

# by intent, the needs where it decides them; none wins over services
_declared := {key: needs | some key, found in intent.by_key; needs := _declaration(found)}

_declaration(found) := _nothing if found.egress.values == {"none"}

_declaration(found) := {"services": services, "others": set()} if {
	found.egress.values != {"none"}
	found.services.source in {"configuration", "tag"}
	waits := {wait | "none" in found.egress.values; some wait in found.waits}
	services := {service: {"basis": "declared", "waits": waits} | some service in found.services.values}
}

_nothing := {"services": {}, "others": set()}

# by function whose intent leaves it to inference, its cohort and its needs: most need what their role lets them call
_inferred := object.union(_plain, {name: [cohorts.of[name], needs] |
	some name in (_undeclared - object.keys(_plain))
	role_name := object.get(facts.attached[name], "role_name", "")
	patterns := {pattern | some pattern in _allowed[iam.contents[role_name]]}
	others := _doubt[intent.key_of[name]] | _role_waits(role_name)
	needs := _needs(patterns, _reasons(name), others, object.get(_source_waits, name, set()))
})

_undeclared := union({cohort.functions | some cohort in cohorts.by_key; not _declared[cohort.intent_key]})

# Lambda calls no service for them, and all that tells their needs was read
_plain := {name: [cohorts.of[name], needs] |
	some name in ((_undeclared - _in_doubt) - object.keys(_source_waits))
	one := facts.attached[name]
	[one.has_kms_key, one.event_sources, object.get(one, "dead_letter_service", "")] == [false, [], ""]
	not iam.unread[one.role_name]
	needs := object.get(_needs_of_role, one.role_name, _nothing)
}

_in_doubt := union({cohort.functions | some cohort in cohorts.by_key; _doubt[cohort.intent_key] != set()})

# tags that nobody read may say none, or name other services
_doubt := {key: waits |
	some key, found in intent.by_key
	waits := {wait | "unread" in {found.egress.source, found.services.source}; some wait in found.waits}
}

_role_waits("") := {{"status": "unknown", "name": "lambda:ListFunctions", "reason": "no role"}}

_role_waits(role_name) := object.get(iam.unread, role_name, set()) if role_name != ""

_source_waits := facts.doubtful("event_sources", _undeclared)

_needs_of_role := {name: needs |
	some content, patterns in _allowed
	needs := _needs(patterns, set(), set(), set())
	some name in iam.holders[content]
}

# The needs that patterns of actions tell, given why Lambda itself makes some of the calls, and two doubts: others
# leaves each need and any other open; of some services the event sources alone (source_waits) say whether the function
# or its poller calls them.
_needs(patterns, reasons, others, source_waits) := {"services": services, "others": others} if {
	polled := {reason | source_waits != set(); some reason in _pollers}
	certain := _called(patterns, reasons | polled)
	services := {service: {"basis": "inferred", "waits": waits} |
		some service in _called(patterns, reasons)
		waits := others | {wait | not service in certain; some wait in source_waits}
	}
}

_called(patterns, reasons) := {service |
	some pattern in patterns
	_excused[pattern] & reasons == set()
	service := _services[pattern]
}

# the exclusions that hold for a function, as in _excused
_reasons(name) := union({
	{"key" | facts.attached[name].has_kms_key},
	{$"dead letter {service}" | service := facts.attached[name].dead_letter_service},
	{$"poller {source.service}" | some source in facts.attached[name].event_sources},
})

# by content of roles, the patterns of actions that it allows; doubt about a resource or condition lets a pattern stand
_allowed := object.union(_named, {content: patterns |
	some content in _restricted
	patterns := {pattern |
		some pattern in _named[content]
		not _is_denied(_denials[content], pattern)
		_is_within(content, pattern)
	}
})

_named := {content: patterns |
	some content, _ in iam.holders
	patterns := union({_callable[statement.actions] | some statement in content[0]; statement.effect == "Allow"})
}

_restricted := {content | some content, denials in _denials; denials != []} | object.keys(_bounds)

# by list of actions as statements have it, what in it the function itself may call; roles share their lists
_callable := {list: patterns |
	some list in _lists
	patterns := {pattern |
		some action in list
		pattern := lower(action)
		_services[pattern]
		not "always" in _excused[pattern]
	}
}

_lists := {statement.actions | some content, _ in iam.holders; some statement in content[0]}

_services := {pattern: service |
	some list in _lists
	some action in list
	pattern := lower(action)
	service := split(pattern, ":")[0]
	regex.match(`^[a-z0-9-]+$`, service)
	contains(pattern, ":")
}

# by pattern, why Lambda and not the function calls the actions it stands for, if all of them
_excused := {pattern: reasons |
	some pattern, service in _services
	reasons := {reason |
		some reason, forms in data.vpcguard.config.actions.excused[service]
		some form in forms
		_covers(form, pattern)
	}
}

_pollers := {reason |
	some by_reason in data.vpcguard.config.actions.excused
	some reason, _ in by_reason
	startswith(reason, "poller ")
}

# statements that say the same of every call
_denials := {content: denials |
	some content, _ in iam.holders
	denials := [statement |
		some statement in content[0]
		statement.effect == "Deny"
		statement.condition_keys == []
		"*" in statement.resources
	]
}

_bounds := {content: {"denials": denials, "allowances": allowances} |
	some content, _ in iam.holders
	content[1]
	allowances := [statement | some statement in content[2]; statement.effect == "Allow"]
	denials := [statement |
		some statement in content[2]
		statement.effect == "Deny"
		statement.condition_keys == []
		"*" in statement.resources
	]
}

_is_denied(denials, pattern) if {
	some denial in denials
	some form in denial.actions
	_covers(form, pattern)
}

_is_denied(denials, pattern) if {
	some denial in denials
	denial.not_actions != []
	every form in denial.not_actions {
		not _overlaps(form, pattern)
	}
}

_is_within(content, _) if not _bounds[content]

_is_within(content, pattern) if {
	not _is_denied(_bounds[content].denials, pattern)
	some allowance in _bounds[content].allowances
	_may_allow(allowance, pattern)
}

_may_allow(allowance, pattern) if {
	some form in allowance.actions
	_overlaps(form, pattern)
}

_may_allow(allowance, pattern) if {
	allowance.not_actions != []
	every form in allowance.not_actions {
		not _covers(form, pattern)
	}
}

# whether a form matches everything that a pattern stands for; a question mark and a star are not compared
_covers(form, pattern) if {
	iam.matches(form, pattern)
	not contains(form, "?")
}

_covers(form, pattern) if {
	iam.matches(form, pattern)
	not contains(pattern, "*")
}

# whether a form and a pattern may have an action in common: never false where they do
_overlaps(form, pattern) if iam.matches(form, pattern)

_overlaps(form, pattern) if iam.matches(pattern, lower(form))

_overlaps(form, pattern) if {
	regex.match(`[*?]`, form)
	regex.match(`[*?]`, pattern)
	beginnings := [_beginning(lower(form)), _beginning(pattern)]
	some i in [0, 1]
	startswith(beginnings[i], beginnings[1 - i])
}

_beginning(form) := regex.split(`[*?]`, form)[0]
