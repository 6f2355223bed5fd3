# METADATA
# title: IAM
# description: |
#   What a role may do, by its identity policies and permissions boundary; a condition or a narrower resource is doubt.
#   https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
package vpcguard.lib.iam

import data.vpcguard.lib.facts

# METADATA
# description: Roles by name.
roles := {name: one | some one in input.roles; some name in one.names}

# METADATA
# description: Names of the roles of the attached functions.
in_use := {one.role_name | some one in facts.attached}

# METADATA
# description: By name of a role in use that was not or not completely read, what it waits for.
unread := facts.doubtful("roles", in_use)

# METADATA
# description: |
#   Which of several actions (a set, in lower case) a role that was seen may not call on every resource: {"denied",
#   "unknown"}. It may call the others. What was not read may hold an Allow or a Deny: only a Deny is certain then.
judged(name, asked) := {"denied": denied, "unknown": asked - denied} if {
	unread[name]
	denied := union({_said(weighed)["plain deny"] | some weighed in _policies(roles[name], asked)})
} else := _judged(_policies(roles[name], asked), asked)

# METADATA
# description: True if a glob of a policy (star and question mark, any case) matches an action in lower case.
# scope: document
matches(pattern, action) if {
	lower(pattern) == action
} else if {
	regex.match(`[*?]`, pattern)
	regex.match(_expression(pattern), action)
}

_allowed(said) := (said["plain allow"] - said["plain deny"]) - said["doubtful deny"]

_denied(said, asked) := said["plain deny"] | ((asked - said["plain allow"]) - said["doubtful allow"])

# given what the policies of a role say of the actions, which many roles have in common
_judged(policies, asked) := {"denied": denied, "unknown": (asked - denied) - allowed} if {
	said_by := [_said(weighed) | some weighed in policies]
	denied := union({_denied(said, asked) | some said in said_by})
	allowed := intersection({_allowed(said) | some said in said_by})
}

# the boundary must allow too
_policies(role, asked) := [_weighed(role.statements, asked), _weighed(role.boundary_statements, asked)] if {
	role.has_boundary
} else := [_weighed(role.statements, asked)]

# of the statements that speak of the actions: how certain, and which
_weighed(statements, asked) := {[_weight(one), actions] |
	some one in statements
	actions := _named(one.actions, one.not_actions, asked)
	actions != set()
}

_said(weighed) := {weight: union({actions | some [found, actions] in weighed; found == weight}) |
	some weight in ["plain allow", "plain deny", "doubtful allow", "doubtful deny"]
}

# Lambda itself calls without a function's ARN, so such a Deny stops the function's code only
_weight(statement) := "none" if {
	lower(statement.effect) == "deny"
	"lambda:sourcefunctionarn" in statement.condition_keys
} else := $"plain {lower(statement.effect)}" if {
	statement.condition_keys == []
	"*" in statement.resources
} else := $"doubtful {lower(statement.effect)}"

_named(actions, not_actions, asked) := _matching(actions, asked) if {
	not_actions == []
} else := asked - _matching(not_actions, asked)

_matching(patterns, asked) := (asked & {lower(pattern) | some pattern in patterns}) | {action |
	some pattern in patterns
	regex.match(`[*?]`, pattern)
	some action in asked
	matches(pattern, action)
}

_expression(pattern) := concat("", ["^", replace(replace(_quoted(lower(pattern)), "*", ".*"), "?", "."), "$"])

_quoted(text) := regex.replace(text, `([\\.+^$()\[\]{}|])`, `\$1`)
