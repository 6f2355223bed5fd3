# METADATA
# title: Needs
# description: |
#   The AWS services that a function calls over its own interface: declared ones, which are complete, else those of the
#   actions that its role allows. A service is named by its IAM prefix; where a client may use one endpoint of it and
#   not another, by the name of the endpoint, or while nobody knows which by the prefix and ":*".
package vpcguard.lib.needs

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.facts
import data.vpcguard.lib.iam
import data.vpcguard.lib.intent

# METADATA
# description: |
#   By name of an attached function and service that has endpoints: {"basis" (declared, inferred), "waits" (what it
#   takes to be sure of the need; empty: it is certain)}.
of := {name: _with_endpoints(services) | some name, services in _of}

# METADATA
# description: |
#   By name of an attached function, the services it calls that have no endpoint as far as anybody knows. No endpoint of
#   theirs can be lacking, so that no rule judges them.
without_endpoints := {name: services |
	some name, called in _of
	services := object.keys(called) - object.keys(of[name])
	services != set()
}

# METADATA
# description: By name of an attached function, what it takes to know that it needs no other service.
others := object.union({name: set() | some name, _ in facts.attached}, {name: waits |
	some name in _undeclared
	waits := _doubt[intent.key_of[name]] | _role_waits(object.get(facts.attached[name], "role_name", ""))
})

# METADATA
# description: The functions with a subnet left that need a service, certainly or perhaps.
callers := {name | some name in cohorts.functions_with_subnets; [of[name], others[name]] != [{}, set()]}

# METADATA
# description: The basis that all needs of a function share, declared or inferred; undefined without needs.
basis(name) := min({need.basis | some need in of[name]})

_of := object.union(
	{name: services |
		some cohort in cohorts.by_key
		services := _declared[cohort.intent_key]
		some name in cohort.functions
	},
	{name: _inferred(allowed, _reasons(name), {"sources": sources, "targets": targets}, others[name]) |
		some name in _undeclared
		allowed := object.get(_allowed, object.get(facts.attached[name], "role_name", ""), set())
		sources := object.get(_source_waits, name, set())
		targets := object.get(_target_waits, name, set())
	},
)

_with_endpoints(services) := {service: need |
	some service, need in services
	_has_endpoints(service)
}

_has_endpoints(service) if {
	some name in endpoints.names_of(service)
	name in data.vpcguard.config.services.known
}

# by intent, the services it declares; none wins over services
_declared := {key: _services_of(found) | some key, found in intent.by_key}

_services_of(found) := {} if {
	found.egress.values == {"none"}
} else := {service: {"basis": "declared", "waits": waits} | some service in found.services.values} if {
	found.services.source in {"configuration", "tag"}
	waits := {wait | "none" in found.egress.values; some wait in found.waits}
}

_undeclared := union({cohort.functions | some cohort in cohorts.by_key; not _declared[cohort.intent_key]})

# by intent, tags that nobody read: they may say none, or name other services
_doubt := {key: waits |
	some key, found in intent.by_key
	waits := {wait | "unread" in {found.egress.source, found.services.source}; some wait in found.waits}
}

_role_waits(role_name) := {{"status": "opaque", "name": "lambda:ListFunctions", "reason": "no role"}} if {
	role_name == ""
} else := object.get(iam.unread, role_name, set())

# Each need hangs on what else is unknown of the role; whether the poller calls a service, on the event sources; whether
# Lambda sends to one, on the destinations too; whether another service does, on nothing read. Many functions share it.
_inferred(allowed, reasons, waits, role_waits) := {service: {"basis": "inferred", "waits": (role_waits | unsure)} |
	some service in _called(allowed, reasons)
	unsure := union({
		{wait | not service in certain; some wait in waits.targets},
		{wait | service in certain; not service in surest; some wait in waits.sources},
		{{"status": "undecidable", "name": service, "reason": reason, "settled_by": "own_calls"} | not service in own},
	})
} if {
	by_target := {reason | waits.targets != set(); some reason in _deliveries}
	by_source := {reason | waits.sources != set(); some reason in (_pollers | _deliveries)}
	certain := _called(allowed, reasons | by_target)
	surest := _called(allowed, ((reasons | by_target) | by_source))
	by_other := {"other" | some service in surest; service in data.vpcguard.config.actions.encrypting}
	own := _called(allowed, reasons | by_other)
	reason := "whether the function calls it, or another service for the function"
}

_source_waits := facts.doubtful("event_sources", _undeclared)

_target_waits := facts.doubtful("event_destinations", _undeclared)

_called(patterns, reasons) := {_need(pattern) | some pattern in patterns; _excuses(pattern) & reasons == set()}

# why calls that the role allows may not be the function's own, as in data.vpcguard.config.actions.excused
_reasons(name) := union({
	{"key" | facts.attached[name].has_kms_key},
	{"image" | lower(facts.attached[name].package_type) == "image"},
	{reason |
		some source in facts.attached[name].event_sources
		some reason in ["poller", $"poller {source.service}"]
	},
	{reason |
		some service in _targets(name)
		some reason in ["delivery", $"delivery {service}"]
	},
})

# the services that Lambda sends to for the function
_targets(name) := union({
	{service | service := facts.attached[name].dead_letter_service},
	{source.destination_service | some source in facts.attached[name].event_sources},
	{service | some service in facts.attached[name].destination_services},
})

_pollers := {reason | some reason in _kinds; startswith(reason, "poller")}

_deliveries := {reason | some reason in _kinds; startswith(reason, "delivery ")}

_kinds := {reason | some by_reason in data.vpcguard.config.actions.excused; some reason, _ in by_reason}

# by role in use, the patterns of actions that it allows; doubt about a resource or condition lets a pattern stand
_allowed := {name: _within(role, patterns - _denied(role.statements, patterns)) |
	some name in iam.in_use
	role := iam.roles[name]
	patterns := union({_callable(one.actions) |
		some one in role.statements
		one.effect == "Allow"
		{key | some key in one.condition_keys; key in data.vpcguard.config.actions.by_services} == set()
	}) - _given_back(role.statements)
}

# what a NotAction leaves out and is allowed all the same, as in PowerUserAccess: it says no more than all the rest
_given_back(statements) := {lower(action) |
	some one in statements
	one.effect == "Allow"
	some form in one.not_actions
	some other in statements
	some action in other.actions
	iam.matches(form, lower(action))
}

# those that the permissions boundary, if there is one, may allow
_within(role, patterns) := patterns if {
	role.has_boundary == false
} else := {pattern |
	some statement in role.boundary_statements
	statement.effect == "Allow"
	some pattern in (patterns - _denied(role.boundary_statements, patterns))
	_may_name(statement, pattern)
}

# those to which a statement says no that says the same of every call
_denied(statements, patterns) := {pattern |
	some statement in statements
	statement.effect == "Deny"
	statement.condition_keys == []
	"*" in statement.resources
	some pattern in patterns
	_names_all(statement, pattern)
}

_names_all(statement, pattern) if {
	some form in statement.actions
	_covers(form, pattern)
}

_names_all(statement, pattern) if {
	statement.not_actions != []
	every form in statement.not_actions {
		not _overlaps(form, pattern)
	}
}

_may_name(statement, pattern) if {
	some form in statement.actions
	_overlaps(form, pattern)
}

_may_name(statement, pattern) if {
	statement.not_actions != []
	every form in statement.not_actions {
		not _covers(form, pattern)
	}
}

# the patterns of which the function itself may call something
_callable(actions) := {pattern |
	some action in actions
	pattern := lower(action)
	regex.match(`^[a-z0-9-]+:`, pattern)
	not "always" in _excuses(pattern)
}

_service(pattern) := split(pattern, ":")[0]

# the service that a pattern is a need for, as named above
_need(pattern) := name if {
	names := _called_at(_service(pattern), pattern)
	count(names) == 1
	some name in names
} else := $"{_service(pattern)}:*" if {
	_service(pattern) in data.vpcguard.config.services.either
} else := _service(pattern)

# the endpoints at which a pattern may be called, where the action decides
_called_at(service, pattern) := names if {
	names := {name |
		some name, forms in data.vpcguard.config.actions.called_at[service]
		some form in forms
		_covers(form, pattern)
	}
	names != set()
} else := {name |
	some name, forms in data.vpcguard.config.actions.called_at[service]
	true in ({forms == []} | {true | some form in forms; _overlaps(form, pattern)})
}

# why Lambda and not the function calls all the actions that a pattern stands for
_excuses(pattern) := {reason |
	some reason, forms in data.vpcguard.config.actions.excused[_service(pattern)]
	_is_among(forms, pattern)
}

_is_among(forms, pattern) if pattern in forms

_is_among(forms, pattern) if {
	some form in forms
	contains(form, "*")
	_covers(form, pattern)
}

# whether a form matches everything that a pattern stands for; a question mark and a star are not compared
_covers(form, pattern) if {
	iam.matches(form, pattern)
	false in [contains(form, "?"), contains(pattern, "*")]
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
