# METADATA
# title: Permissions
# description: |
#   What a role may do, three-valued: "allowed", "denied" or "unknown". Identity policies and the permission boundary are
#   read; a condition or a narrower resource is doubt, since what it says hangs on the call.
#   https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
package vpcguard.lib.permissions

import data.vpcguard.lib.coverage

# METADATA
# description: Roles by name, as far as they were read.
roles := {one.name: one | some one in input.roles}

# METADATA
# description: Whether a role that was seen may call an action on every resource, given both names.
# scope: document
verdict(role_name, action) := _both(
	_said(roles[role_name].statements, lower(action), _is_read(role_name)),
	_boundary(roles[role_name], lower(action)),
)

# METADATA
# description: True if a glob of a policy (star and question mark, any case) matches an action in lower case.
# scope: document
matches(pattern, action) if lower(pattern) == action

matches(pattern, action) if {
	regex.match(`[*?]`, pattern)
	regex.match(_expression(pattern), action)
}

_boundary(role, action) := _said(role.boundary_statements, action, _is_read(role.name)) if role.has_boundary

_boundary(role, _) := "allowed" if not role.has_boundary

_both("denied", _) := "denied"

_both(identity, "denied") := "denied" if identity != "denied"

_both("allowed", "allowed") := "allowed"

_both("unknown", boundary) := "unknown" if boundary != "denied"

_both("allowed", "unknown") := "unknown"

default _is_read(_) := false

_is_read(role_name) if coverage.is_known("roles", role_name)

# what was not read may hold a Deny or an Allow: only a plain Deny settles the matter then
_said(statements, action, is_known) := _settled(
	{_weight(statement) | some statement in statements; _speaks_of(statement, action)},
	is_known,
)

_settled(weights, _) := "denied" if "plain deny" in weights

_settled(weights, true) := "denied" if {
	not "plain deny" in weights
	weights & {"plain allow", "doubtful allow"} == set()
}

_settled(weights, true) := "allowed" if {
	weights & {"plain deny", "doubtful deny"} == set()
	"plain allow" in weights
}

_settled(weights, true) := "unknown" if {
	not "plain deny" in weights
	weights & {"plain allow", "doubtful allow"} != set()
	not _is_plain_allow(weights)
}

_settled(weights, false) := "unknown" if not "plain deny" in weights

_is_plain_allow(weights) if {
	"plain allow" in weights
	not "doubtful deny" in weights
}

_weight(statement) := sprintf("%s %s", [_certainty(statement), lower(statement.effect)]) if not _binds_the_code(statement)

# Lambda itself calls without a function's ARN, so such a Deny stops the function's code only
_weight(statement) := "ignored" if _binds_the_code(statement)

_binds_the_code(statement) if {
	lower(statement.effect) == "deny"
	"lambda:sourcefunctionarn" in statement.condition_keys
}

_certainty(statement) := "plain" if _is_plain(statement)

_certainty(statement) := "doubtful" if not _is_plain(statement)

_is_plain(statement) if {
	statement.condition_keys == []
	"*" in statement.resources
}

_speaks_of(statement, action) if {
	some pattern in statement.actions
	matches(pattern, action)
}

_speaks_of(statement, action) if {
	statement.not_actions != []
	every pattern in statement.not_actions {
		not matches(pattern, action)
	}
}

_expression(pattern) := concat("", ["^", replace(replace(_quoted(lower(pattern)), "*", ".*"), "?", "."), "$"])

_quoted(text) := regex.replace(text, `([\\.+^$()\[\]{}|])`, `\$1`)
