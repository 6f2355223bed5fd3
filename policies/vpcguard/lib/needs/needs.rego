# METADATA
# title: Needs
# description: |
#   The AWS services that a function calls over its own interface: declared ones, which are complete, else the service
#   prefixes of the actions that its role allows. Functions of one cohort with the same needs are one crowd.
package vpcguard.lib.needs

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.coverage
import data.vpcguard.lib.intent
import data.vpcguard.lib.network
import data.vpcguard.lib.permissions

# METADATA
# description: Crowd key by function name, for every attached function.
of := {name: concat("\n", [cohorts.of[name], _key_of[situation]]) | some name, situation in _situation_of}

# METADATA
# description: |
#   By crowd key: {"cohort" (its key), "functions", "services", "others"}. services: service prefix -> {"basis"
#   (declared, inferred), "waits" (what it takes to be sure of the need; empty: it is certain)}. others: what it takes
#   to know that no further service is needed; empty where that is certain.
crowds := {key: crowd |
	some key, members in _members
	name := min(members)
	crowd := object.union(_needs[_situation_of[name]], {"cohort": cohorts.of[name], "functions": members})
}

# METADATA
# description: The functions of these crowds, given their keys.
# scope: document
functions(keys) := union({crowds[key].functions | some key in keys})

# METADATA
# description: Keys of the crowds that need a service, certainly or perhaps, and have a subnet left.
needy := {key |
	some key, crowd in crowds
	crowd.cohort in cohorts.with_subnets
	_is_needy(crowd)
}

_is_needy(crowd) if crowd.services != {}

_is_needy(crowd) if crowd.others != set()

_members := {key: members |
	some key in {key | some key in of}
	members := {name | some name, other in of; other == key}
}

# what decides the needs: the intent, and the role with what Lambda does with it where the intent leaves it to inference
_situation_of := {name: json.marshal([intent.key_of[name], _ground(name, intent.key_of[name])]) |
	some name, _ in network.attached
}

_key_of := {situation: json.marshal(needs) | some situation, needs in _needs}

_ground(_, intent_key) := "" if intent_key in _settled

_ground(name, intent_key) := {
	"role": object.get(one, "role_name", ""),
	"active": _active(one.has_kms_key, one.dead_letter_service, name),
	"source_waits": coverage.waits("event_sources", name),
} if {
	not intent_key in _settled
	one := object.union({"dead_letter_service": ""}, network.attached[name])
}

# the exclusions that hold for a function, as in _excused
_active(has_key, dead_letter, name) := union({
	{"key" | has_key},
	{$"dead letter {dead_letter}"},
	{$"poller {source.service}" | some source in network.attached[name].event_sources},
})

_settled := {key | some key, found in intent.by_key; found.egress.values == {"none"}} | {key |
	some key, found in intent.by_key
	found.services.source in {"configuration", "tag"}
}

_needs := {situation: needs |
	some situation in {situation | some situation in _situation_of}
	[intent_key, ground] := json.unmarshal(situation)
	needs := _judged(intent.by_key[intent_key], ground)
}

# none wins over services
_judged(found, _) := {"services": {}, "others": set()} if found.egress.values == {"none"}

_judged(found, "") := {"services": services, "others": set()} if {
	found.egress.values != {"none"}
	services := {service: {"basis": "declared", "waits": _doubt(found)} | some service in found.services.values}
}

_judged(found, ground) := {"services": services, "others": (doubt | unread)} if {
	ground != ""
	doubt := _doubt(found)
	unread := _role_waits(ground.role)
	active := {reason | some reason in ground.active}
	polled := {wait | some wait in ground.source_waits}
	certain := _inferred(ground.role, active | {reason | some reason in _pollers; polled != set()})
	possible := _inferred(ground.role, active)
	services := {service: {"basis": "inferred", "waits": union({doubt, unread, unpolled})} |
		some service in possible
		unpolled := {wait | not service in certain; some wait in polled}
	}
}

# tags that nobody read may say none, or name other services
_doubt(found) := found.waits if {
	"none" in found.egress.values
	found.egress.values != {"none"}
}

_doubt(found) := found.waits if {
	found.services.source == "unread"
	not "none" in found.egress.values
}

_doubt(found) := set() if {
	found.services.source != "unread"
	not "none" in found.egress.values
}

_inferred(role_name, active) := {service |
	some pattern in _allowed[role_name]
	_excused[pattern] & active == set()
	service := _services[pattern]
}

_role_waits("") := {{"status": "unknown", "name": "lambda:ListFunctions", "reason": "no role"}}

_role_waits(role_name) := coverage.waits("roles", role_name) if role_name != ""

# by role, the patterns of actions that it allows; doubt about a resource or condition lets a pattern stand
_allowed := {one.name: patterns |
	some one in input.roles
	named := union({_callable[statement.actions] | some statement in one.statements; lower(statement.effect) == "allow"})
	patterns := _remaining(one.name, named)
}

_remaining(role_name, named) := named if not role_name in _restricted

_remaining(role_name, named) := {pattern |
	some pattern in named
	not _is_denied(_denials[role_name], pattern)
	_is_within(permissions.roles[role_name].has_boundary, role_name, pattern)
} if {
	role_name in _restricted
}

_restricted := {name |
	some name, denials in _denials
	denials != []
} | {one.name | some one in input.roles; one.has_boundary}

# by list of actions as statements have it, what in it the function itself may call; roles share their lists
_callable := {list: patterns |
	some list in {statement.actions | some one in input.roles; some statement in one.statements}
	patterns := {pattern |
		some action in list
		pattern := lower(action)
		_services[pattern]
		not "always" in _excused[pattern]
	}
}

_services := {pattern: service |
	some list in {statement.actions | some one in input.roles; some statement in one.statements}
	some action in list
	pattern := lower(action)
	service := split(pattern, ":")[0]
	regex.match(`^[a-z0-9-]+$`, service)
	contains(pattern, ":")
}

# by pattern, why Lambda and not the function calls the actions it stands for, if all of them
_excused := {pattern: reasons |
	some pattern, service in _services
	reasons := {reason | some reason, forms in _excuses[service]; some form in forms; _covers(form, pattern)}
}

# the same table by service, which spares comparing every pattern with every form: half of the time of a small question
_excuses := {service: object.union_n([
	{"always": [form | some form in data.vpcguard.config.actions.not_by_the_function; startswith(form, prefix)]},
	{"key": [form | some form in data.vpcguard.config.actions.by_the_key; startswith(form, prefix)]},
	{$"dead letter {sender}": [form] |
		some sender, form in data.vpcguard.config.actions.by_the_dead_letter
		startswith(form, prefix)
	},
	{$"poller {source}": [form | some form in forms; startswith(form, prefix)] |
		some source, forms in data.vpcguard.config.actions.by_the_poller
	},
]) |
	some service in {service | some _, service in _services}
	prefix := concat("", [service, ":"])
}

_pollers := {$"poller {service}" | some service, _ in data.vpcguard.config.actions.by_the_poller}

_denials := {one.name: _plain(one.statements, "deny") | some one in input.roles}

_bounds := {one.name: limits |
	some one in input.roles
	one.has_boundary
	limits := {"denials": _plain(one.boundary_statements, "deny"), "allowances": [statement |
		some statement in one.boundary_statements
		lower(statement.effect) == "allow"
	]}
}

# statements that say the same of every call
_plain(statements, effect) := [statement |
	some statement in statements
	lower(statement.effect) == effect
	statement.condition_keys == []
	"*" in statement.resources
]

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

_is_within(false, _, _) := true

_is_within(true, role_name, pattern) if {
	not _is_denied(_bounds[role_name].denials, pattern)
	some allowance in _bounds[role_name].allowances
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
	permissions.matches(form, pattern)
	not contains(form, "?")
}

_covers(form, pattern) if {
	permissions.matches(form, pattern)
	not contains(pattern, "*")
}

# whether a form and a pattern may have an action in common: never false where they do
_overlaps(form, pattern) if permissions.matches(form, pattern)

_overlaps(form, pattern) if permissions.matches(pattern, lower(form))

_overlaps(form, pattern) if {
	regex.match(`[*?]`, form)
	regex.match(`[*?]`, pattern)
	beginnings := [_beginning(lower(form)), _beginning(pattern)]
	some i in [0, 1]
	startswith(beginnings[i], beginnings[1 - i])
}

_beginning(form) := regex.split(`[*?]`, form)[0]
