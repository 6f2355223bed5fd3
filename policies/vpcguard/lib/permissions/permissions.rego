# METADATA
# title: Permissions
# description: |
#   What a role may do, three-valued: "allowed", "denied" or "unknown". Identity policies and the permission boundary
#   are read; a condition or a narrower resource is doubt, since what it says hangs on the call.
#   https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
package vpcguard.lib.permissions

import data.vpcguard.lib.coverage

# METADATA
# description: Roles by name, as far as they were read.
roles := {one.name: one | some one in input.roles}

# METADATA
# description: |
#   Which of several actions a role that was seen may not call on every resource: {"denied", "unknown"}, sets of
#   lower-case actions, given the role's name and the actions as a set in lower case. It may call the others.
# scope: document
judged(role_name, asked) := {"denied": denied, "unknown": unknown} if {
	is_read := _is_read(role_name)
	identity := _said(roles[role_name].statements, asked, is_read)
	boundary := _bounded(roles[role_name].has_boundary, roles[role_name].boundary_statements, asked, is_read)
	denied := identity.denied | boundary.denied
	unknown := (asked - denied) - (identity.allowed & boundary.allowed)
}

# METADATA
# description: True if a glob of a policy (star and question mark, any case) matches an action in lower case.
# scope: document
matches(pattern, action) if lower(pattern) == action

matches(pattern, action) if {
	regex.match(`[*?]`, pattern)
	regex.match(_expression(pattern), action)
}

_bounded(false, _, asked, _) := {"denied": set(), "allowed": asked}

_bounded(true, statements, asked, is_read) := _said(statements, asked, is_read)

default _is_read(_) := false

_is_read(role_name) if coverage.is_known("roles", role_name)

# roles share policies: the same statements are weighed once
_said(statements, asked, is_read) := _settled(spoken, asked, is_read) if {
	weighed := {[_weight(statement), _spoken(statement, asked)] | some statement in statements}
	spoken := {weight: union({actions | some [found, actions] in weighed; found == weight}) |
		some weight in ["plain allow", "plain deny", "doubtful allow", "doubtful deny"]
	}
}

_settled(spoken, asked, true) := {"denied": denied, "allowed": allowed} if {
	denied := spoken["plain deny"] | ((asked - spoken["plain allow"]) - spoken["doubtful allow"])
	allowed := (spoken["plain allow"] - spoken["plain deny"]) - spoken["doubtful deny"]
}

# what was not read may hold a Deny or an Allow: only a plain Deny settles the matter then
_settled(spoken, _, false) := {"denied": spoken["plain deny"], "allowed": set()}

_weight(statement) := sprintf("%s %s", [_certainty(statement), lower(statement.effect)]) if {
	not _binds_the_code(statement)
}

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

_spoken(statement, asked) := _named(statement.actions, asked) if statement.not_actions == []

_spoken(statement, asked) := asked - _named(statement.not_actions, asked) if statement.not_actions != []

_named(patterns, asked) := {action |
	some pattern in patterns
	some action in asked
	matches(pattern, action)
}

_expression(pattern) := concat("", ["^", replace(replace(_quoted(lower(pattern)), "*", ".*"), "?", "."), "$"])

_quoted(text) := regex.replace(text, `([\\.+^$()\[\]{}|])`, `\$1`)
