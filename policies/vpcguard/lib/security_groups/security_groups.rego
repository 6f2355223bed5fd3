# METADATA
# title: Security groups
# description: |
#   What security groups let through on a TCP port, out of a function and in to an endpoint or mount target. A group of
#   another VPC (they can be associated with several) proves nothing: what it may add is in doubt.
#   https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
package vpcguard.lib.security_groups

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts

# METADATA
# description: |
#   By cohort key, where its groups let TCP 443 out to, as let_through says, with what groups that nobody read may add
#   among its "waits", and where TCP gets out to on whatever port: "is_useful" (over IPv4, to more than a placeholder
#   that matches nothing) and "useful_ipv6" (networks).
out := {key: object.union(told, {"waits": waits}) |
	some key, cohort in cohorts.by_key
	told := _out[[cohort.groups, cohort.vpc_id]]
	waits := told.waits | union({hidden | some hidden in cohort.hidden_groups})
}

# METADATA
# description: As let_through, by id of an endpoint whom its groups let in on TCP 443. Groups out of sight add nothing.
into := {one.id: inwards({id | some id in one.security_group_ids}, one.vpc_id) | some one in input.vpc_endpoints}

# METADATA
# description: |
#   What groups (a set of ids) of a VPC let through on a TCP port, "egress" or "ingress": {"cidrs" and "ipv6_cidrs"
#   (merged, those of readable prefix lists included), "named" (networks that the rules name), "prefix_lists", "groups",
#   "waits" (groups of another VPC; prefix_list_waits says what unread lists wait for)}.
# scope: document
let_through(direction, ids, vpc_id, port) := {
	"cidrs": net.cidr_merge({cidr | some cidr in networks; not contains(cidr, ":")}),
	"ipv6_cidrs": net.cidr_merge({cidr | some cidr in networks; contains(cidr, ":")}),
	"named": named,
	"prefix_lists": prefix_lists,
	"groups": {other | some [id, i] in rules; some other in _rules[direction][id][i].group_ids},
	"waits": {{"status": "opaque", "name": id, "reason": "a security group of another VPC"} |
		some id in (ids - own)
		facts.security_groups[id]
	},
} if {
	own := _own(ids, vpc_id)
	rules := {[id, i] | some id in own; some i in _tcp[direction][id]; _speaks_of(direction, id, i, port)}
	named := {cidr | some [id, i] in rules; some cidr in _networks(direction, id, i)}
	prefix_lists := {list_id | some [id, i] in rules; some list_id in _rules[direction][id][i].prefix_list_ids}
	networks := named | {cidr |
		some id in prefix_lists
		some cidr in facts.prefix_lists[id].cidrs
		net.cidr_is_valid(cidr)
	}
}

# METADATA
# description: What it takes to know the networks of prefix lists.
prefix_list_waits(ids) := {wait | some id in ids; some wait in facts.waits("prefix_list_entries", id)}

# METADATA
# description: As into, by a set of groups of a VPC.
inwards(ids, vpc_id) := object.union(told, {"waits": waits}) if {
	told := let_through("ingress", ids, vpc_id, 443)
	waits := told.waits | prefix_list_waits(told.prefix_lists)
}

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

# most cohorts share their groups with others
_out := {[ids, vpc_id]: object.union(let_through("egress", ids, vpc_id, 443), useful) |
	some [ids, vpc_id] in {[cohort.groups, cohort.vpc_id] | some cohort in cohorts.by_key}
	own := _own(ids, vpc_id)
	useful := {"is_useful": (own & _useful) != set(), "useful_ipv6": union({_useful_ipv6[id] | some id in own})}
}

_own(ids, vpc_id) := {id | some id in ids; object.get(facts.security_groups, [id, "vpc_id"], vpc_id) == vpc_id}

_rules := {
	"egress": {one.id: one.egress | some one in input.security_groups},
	"ingress": {one.id: one.ingress | some one in input.security_groups},
}

# by direction and group, the places of the rules that speak of TCP
_tcp := {direction: by_group |
	some direction, groups in _rules
	by_group := {id: places |
		some id, listed in groups
		places := {i | some i, rule in listed; lower(rule.protocol) in {"-1", "all", "tcp", "6"}}
	}
}

# all protocols are all ports, whatever a rule says of ports
_speaks_of(direction, id, i, _) if lower(_rules[direction][id][i].protocol) in {"-1", "all"}

_speaks_of(direction, id, i, port) if {
	lower(_rules[direction][id][i].protocol) in {"tcp", "6"}
	_rules[direction][id][i].from_port <= port
	_rules[direction][id][i].to_port >= port
}

_networks(direction, id, i) := {cidr |
	some kind in ["ipv4_cidrs", "ipv6_cidrs"]
	some cidr in _rules[direction][id][i][kind]
	net.cidr_is_valid(cidr)
}

# groups of which some rule lets TCP out over IPv4, and by group the networks that some lets it out to over IPv6
_useful := {id | some id, places in _tcp.egress; some i in places; _is_useful(id, i)}

_is_useful(id, i) if _rules.egress[id][i].group_ids != []

_is_useful(id, i) if _rules.egress[id][i].prefix_list_ids != []

_is_useful(id, i) if {
	some cidr in _rules.egress[id][i].ipv4_cidrs
	_is_somewhere(cidr)
}

_useful_ipv6 := {id: networks |
	some id, places in _tcp.egress
	networks := {cidr | some i in places; some cidr in _rules.egress[id][i].ipv6_cidrs; _is_somewhere(cidr)}
}

_is_somewhere(cidr) if {
	net.cidr_is_valid(cidr)
	not covers(data.vpcguard.config.networks.placeholders, cidr)
}
