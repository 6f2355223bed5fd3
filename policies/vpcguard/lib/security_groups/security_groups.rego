# METADATA
# title: Security groups
# description: |
#   What security groups let through on TCP port 443, out of a function and in to an endpoint, over IPv4.
#   https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
package vpcguard.lib.security_groups

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts

# METADATA
# description: |
#   By set of groups (that of a cohort, "groups"), where they let TCP 443 out to: {"cidrs" (merged, those of readable
#   prefix lists included), "prefix_lists", "groups", "waits" (prefix lists that nobody read), "is_open" (some rule lets
#   something out, wherever and on whatever port), "is_https_open" (some rule lets TCP 443 out, wherever)}.
out := {ids: object.union(_allowed("egress", ids), flags) |
	some ids in {cohort.groups | some cohort in cohorts.by_key}
	flags := {"is_open": (ids & _open) != set(), "is_https_open": (ids & _https_open) != set()}
}

# METADATA
# description: As out, without the flags, by id of an endpoint whom its groups let in. Groups out of sight add nothing.
into := {one.id: _allowed("ingress", {id | some id in one.security_group_ids}) | some one in input.vpc_endpoints}

# METADATA
# description: True if one of these merged networks contains the whole of another.
covers(cidrs, network) if {
	some cidr in cidrs
	net.cidr_contains(cidr, network)
}

# METADATA
# description: True if one of these networks shares an address with another.
touches(cidrs, network) if {
	some cidr in cidrs
	net.cidr_intersects(cidr, network)
}

_allowed(direction, ids) := {
	"cidrs": net.cidr_merge({cidr | some rule in rules; some cidr in rule.ipv4_cidrs; net.cidr_is_valid(cidr)} | listed),
	"prefix_lists": prefix_lists,
	"groups": {id | some rule in rules; some id in rule.group_ids},
	"waits": {wait | some id in prefix_lists; some wait in facts.waits("prefix_list_entries", id)},
} if {
	rules := union({_https[direction][id] | some id in ids})
	prefix_lists := {id | some rule in rules; some id in rule.prefix_list_ids}
	listed := {cidr |
		some id in prefix_lists
		some cidr in facts.prefix_lists[id].cidrs
		net.cidr_is_valid(cidr)
		not contains(cidr, ":")
	}
}

# by direction and group, the rules that speak of TCP 443
_https := {direction: by_group |
	some direction, groups in _rules
	by_group := {id: rules |
		some id, listed in groups
		rules := {rule | some rule in listed; lower(rule.protocol) in {"-1", "all"}} | {rule |
			some rule in listed
			lower(rule.protocol) in {"tcp", "6"}
			rule.from_port <= 443
			rule.to_port >= 443
		}
	}
}

_rules := {
	"egress": {one.id: one.egress | some one in input.security_groups},
	"ingress": {one.id: one.ingress | some one in input.security_groups},
}

_open := {id | some id, rules in _rules.egress; some rule in rules; _targets(rule) != set()}

_https_open := {id | some id, rules in _https.egress; some rule in rules; _targets(rule) != set()}

_targets(rule) := {target | some kind in _kinds; some target in rule[kind]}

_kinds := {"ipv4_cidrs", "ipv6_cidrs", "prefix_list_ids", "group_ids"}
