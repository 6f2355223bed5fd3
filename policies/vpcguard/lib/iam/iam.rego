# METADATA
# title: Permissions
# description: |
#   What a role may do, three-valued: "allowed", "denied" or "unknown". Identity policies and the permission boundary
#   are read; a condition or a narrower resource is doubt, since what it says hangs on the call.
#   https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
package vpcguard.lib.iam

import data.vpcguard.lib.facts

# METADATA
# description: |
#   By name, what was read of a role: [statements, has_boundary, boundary_statements]. Many roles say the same: judge
#   contents, not roles.
contents := {name: content |
	some one in input.roles
	content := [one.statements, one.has_boundary, one.boundary_statements]
	some name in one.names
}

# METADATA
# description: Names of the roles by content.
holders := {content: names |
	some content in {content | some content in contents}
	names := {name | some name, other in contents; other == content}
}

# METADATA
# description: Names of the roles of the attached functions.
in_use := {one.role_name | some one in facts.attached}

# METADATA
# description: By name of a role in use that was not or not completely read, what it waits for.
unread := facts.doubtful("roles", in_use)

# METADATA
# description: |
#   Which of several actions roles with this content may not call on every resource: {"denied", "unknown"}, sets of
#   lower-case actions, given whether the content is complete and the actions as a set in lower case. They may call the
#   others.
# scope: document
judged(content, is_complete, asked) := {"denied": denied, "unknown": unknown} if {
	[statements, has_boundary, boundary_statements] := content
	identity := _said(statements, asked, is_complete)
	boundary := _bounded(has_boundary, boundary_statements, asked, is_complete)
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

_bounded(true, statements, asked, is_complete) := _said(statements, asked, is_complete)

_said(statements, asked, is_complete) := _settled(spoken, asked, is_complete) if {
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

_named(patterns, asked) := (asked & {lower(pattern) | some pattern in patterns}) | {action |
	some pattern in patterns
	regex.match(`[*?]`, pattern)
	some action in asked
	regex.match(_expression(pattern), action)
}

_expression(pattern) := concat("", ["^", replace(replace(_quoted(lower(pattern)), "*", ".*"), "?", "."), "$"])

_quoted(text) := regex.replace(text, `([\\.+^$()\[\]{}|])`, `\$1`)
