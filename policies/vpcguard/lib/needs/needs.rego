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
of := {name: concat("\n", [cohorts.of[name], key]) | some name, key in _keys}

# METADATA
# description: |
#   By crowd key: {"cohort" (its key), "functions", "services", "others"}. services: service prefix -> {"basis"
#   (declared, inferred), "waits" (what it takes to be sure of the need; empty: it is certain)}. others: what it takes
#   to know that no further service is needed; empty where that is certain.
crowds := {key: crowd |
	some key, members in _members
	name := min(members)
	crowd := object.union(_needs(name), {"cohort": cohorts.of[name], "functions": members})
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

# Functions of one cohort with one key have the same needs. Most are settled by their intent, or by a role that was
# read.
_keys := object.union_n([
	{name: found.key | some name, _ in network.attached; found := _declared[intent.key_of[name]]},
	{name: concat(" ", services) | some name, services in _inferred; not _open[name]},
	{name: json.marshal([_inferred[name], doubts]) | some name, doubts in _open},
])

_needs(name) := _declared[intent.key_of[name]].needs

_needs(name) := {"services": services, "others": set()} if {
	not _open[name]
	inferred := _inferred[name]
	services := {service: {"basis": "inferred", "waits": set()} | some service in inferred}
}

_needs(name) := {"services": services, "others": _open[name].others} if {
	services := {service: {"basis": "inferred", "waits": waits} |
		some service in _inferred[name]
		waits := _open[name].others | {wait | service in _open[name].polled; some wait in _open[name].source_waits}
	}
}

# by intent, the needs where it decides them; none wins over services
_declared := {key: {"key": json.marshal(needs), "needs": needs} |
	some key, found in intent.by_key
	needs := _declaration(found)
}

_declaration(found) := {"services": {}, "others": set()} if found.egress.values == {"none"}

_declaration(found) := {"services": services, "others": set()} if {
	found.egress.values != {"none"}
	found.services.source in {"configuration", "tag"}
	waits := {wait | "none" in found.egress.values; some wait in found.waits}
	services := {service: {"basis": "declared", "waits": waits} | some service in found.services.values}
}

# by function, what is open about its inferred needs: "others" holds what leaves each need and any other in doubt;
# "polled" are services of which only the event sources ("source_waits") say whether the function or its poller calls
# them
_open := {name: doubts |
	some name, _ in _inferred
	source_waits := coverage.waits("event_sources", name)
	others := _doubt[intent.key_of[name]] | _role_waits(_role_of[name])
	[source_waits, others] != [set(), set()]
	polled := {service | source_waits != set(); some service in (_inferred[name] - _called_beside_pollers(name))}
	doubts := {"others": others, "polled": polled, "source_waits": source_waits}
}

# tags that nobody read may say none, or name other services
_doubt := {key: waits |
	some key, found in intent.by_key
	waits := {wait | "unread" in {found.egress.source, found.services.source}; some wait in found.waits}
}

_role_waits("") := {{"status": "unknown", "name": "lambda:ListFunctions", "reason": "no role"}}

_role_waits(role_name) := coverage.waits("roles", role_name) if role_name != ""

# by function whose intent leaves it to inference, the services that its role lets it call
_inferred := object.union(
	{name: object.get(_services_of_role, role_name, set()) | some name, role_name in _role_of; not name in _excepted},
	{name: _called(role_name, _reasons(name)) | some name, role_name in _role_of; name in _excepted},
)

_role_of := {name: object.get(one, "role_name", "") |
	some name, one in network.attached
	not _declared[intent.key_of[name]]
}

# functions for which Lambda calls services
_excepted := {name | some name, one in network.attached; one.has_kms_key} | ({name |
	some name, one in network.attached
	one.event_sources != []
} | {name | some name, one in network.attached; one.dead_letter_service})

_called(role_name, reasons) := {service |
	some pattern in _allowed[role_name]
	_excused[pattern] & reasons == set()
	service := _services[pattern]
}

_called_beside_pollers(name) := _called(_role_of[name], _reasons(name) | _pollers)

# the exclusions that hold for a function, as in _excused
_reasons(name) := union({
	{"key" | network.attached[name].has_kms_key},
	{$"dead letter {service}" | service := network.attached[name].dead_letter_service},
	{$"poller {source.service}" | some source in network.attached[name].event_sources},
})

_services_of_role := {name: {service | some pattern in patterns; service := _services[pattern]} |
	some name, patterns in _allowed
}

# by role, the patterns of actions that it allows; doubt about a resource or condition lets a pattern stand
_allowed := object.union(
	{name: patterns | some name, patterns in _named; not name in _restricted},
	{name: patterns |
		some name in _restricted
		patterns := {pattern |
			some pattern in _named[name]
			not _is_denied(_denials[name], pattern)
			_is_within(permissions.roles[name].has_boundary, name, pattern)
		}
	},
)

_named := {one.name: patterns |
	some one in input.roles
	patterns := union({_callable[statement.actions] | some statement in one.statements; statement.effect == "Allow"})
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
	some service in {service | some service in _services}
	prefix := concat("", [service, ":"])
}

_pollers := {$"poller {service}" | some service, _ in data.vpcguard.config.actions.by_the_poller}

# statements that say the same of every call
_denials := {one.name: denials |
	some one in input.roles
	denials := [statement |
		some statement in one.statements
		statement.effect == "Deny"
		statement.condition_keys == []
		"*" in statement.resources
	]
}

_bounds := {one.name: {"denials": denials, "allowances": allowances} |
	some one in input.roles
	one.has_boundary
	allowances := [statement | some statement in one.boundary_statements; statement.effect == "Allow"]
	denials := [statement |
		some statement in one.boundary_statements
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
