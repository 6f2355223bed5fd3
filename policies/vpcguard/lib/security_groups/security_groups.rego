# METADATA
# title: Groups
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
out := {ids: allowed |
	some ids in {cohort.groups | some cohort in cohorts.by_key}
	prefix_lists := union({_out[id].prefix_lists | some id in ids})
	allowed := {
		"cidrs": net.cidr_merge(union({_out[id].cidrs | some id in ids}) | _networks(prefix_lists)),
		"prefix_lists": prefix_lists,
		"groups": union({_out[id].groups | some id in ids}),
		"waits": _waits(prefix_lists),
		"is_open": (ids & _open) != set(),
		"is_https_open": (ids & _https_open) != set(),
	}
}

# METADATA
# description: |
#   By set of groups (those of an interface endpoint), whom they let in on TCP 443: as out, without "is_open". Groups
#   that were not seen add nothing.
into := {ids: allowed |
	some ids in {{id | some id in one.security_group_ids} | some one in input.vpc_endpoints}
	prefix_lists := union({_into[id].prefix_lists | some id in ids})
	allowed := {
		"cidrs": net.cidr_merge(union({_into[id].cidrs | some id in ids}) | _networks(prefix_lists)),
		"prefix_lists": prefix_lists,
		"groups": union({_into[id].groups | some id in ids}),
		"waits": _waits(prefix_lists),
	}
}

# METADATA
# description: True if one of these merged networks contains the whole of another.
# scope: document
covers(cidrs, network) if {
	some cidr in cidrs
	net.cidr_contains(cidr, network)
}

# METADATA
# description: True if one of these networks shares an address with another.
# scope: document
touches(cidrs, network) if {
	some cidr in cidrs
	net.cidr_intersects(cidr, network)
}

_out := {one.id: allowed |
	some one in input.security_groups
	allowed := {
		"cidrs": {cidr | some i in _egress[one.id]; some cidr in one.egress[i].ipv4_cidrs; net.cidr_is_valid(cidr)},
		"prefix_lists": {id | some i in _egress[one.id]; some id in one.egress[i].prefix_list_ids},
		"groups": {id | some i in _egress[one.id]; some id in one.egress[i].group_ids},
	}
}

_into := {one.id: allowed |
	some one in input.security_groups
	allowed := {
		"cidrs": {cidr | some i in _ingress[one.id]; some cidr in one.ingress[i].ipv4_cidrs; net.cidr_is_valid(cidr)},
		"prefix_lists": {id | some i in _ingress[one.id]; some id in one.ingress[i].prefix_list_ids},
		"groups": {id | some i in _ingress[one.id]; some id in one.ingress[i].group_ids},
	}
}

# which rules of a group speak of TCP 443, by their place
_egress := {one.id: places |
	some one in input.security_groups
	places := {i | some i, rule in one.egress; lower(rule.protocol) in _every_protocol} | {i |
		some i, rule in one.egress
		lower(rule.protocol) in _tcp
		rule.from_port <= 443
		rule.to_port >= 443
	}
}

_ingress := {one.id: places |
	some one in input.security_groups
	places := {i | some i, rule in one.ingress; lower(rule.protocol) in _every_protocol} | {i |
		some i, rule in one.ingress
		lower(rule.protocol) in _tcp
		rule.from_port <= 443
		rule.to_port >= 443
	}
}

_open := {one.id |
	some one in input.security_groups
	some rule in one.egress
	[rule.ipv4_cidrs, rule.ipv6_cidrs, rule.prefix_list_ids, rule.group_ids] != [[], [], [], []]
}

_https_open := {one.id |
	some one in input.security_groups
	some i in _egress[one.id]
	rule := one.egress[i]
	[rule.ipv4_cidrs, rule.ipv6_cidrs, rule.prefix_list_ids, rule.group_ids] != [[], [], [], []]
}

_networks(prefix_lists) := {cidr |
	some one in input.prefix_lists
	one.id in prefix_lists
	some cidr in one.cidrs
	net.cidr_is_valid(cidr)
	not contains(cidr, ":")
}

_waits(prefix_lists) := {wait | some id in prefix_lists; some wait in facts.waits("prefix_list_entries", id)}

_every_protocol := {"-1", "all"}

_tcp := {"tcp", "6"}
