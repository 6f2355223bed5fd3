# METADATA
# title: Filters
# description: What the security groups of a function and the network ACLs of its subnets let through, in words.
package vpcguard.explanation.filters

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.network_acls
import data.vpcguard.lib.result
import data.vpcguard.lib.security_groups

# METADATA
# description: |
#   By function name: {"egress" (where its groups together let TCP 443 out to), "network_acls" (each {"network_acl_id",
#   null where it was not read, "subnet_ids", "text"})}. Empty unless its network is judged.
of := object.union(
	{name: {"egress": "", "network_acls": []} | some name, _ in facts.functions},
	{name: _of_cohort[key] | some name, key in cohorts.of},
)

_of_cohort := {key: {"egress": _egress(key), "network_acls": _acls(key)} | some key, _ in cohorts.by_key}

# METADATA
# description: "How people know a group: its id and its name, or that it is the default one of its VPC."
# scope: document
shown(id) := $"{id} (the VPC's default group)" if {
	facts.security_groups[id].group_name == "default"
} else := result.named(id)

# METADATA
# description: |
#   By function name, what rules find to stop its traffic to the internet: [{"id", "name", "about", "text", "repair",
#   "family", "subnet_ids" (on the ways of these, and of NATs in these; empty: on all)}].
stopping := {name: array.concat(object.get(_by_groups, name, []), object.get(_by_acls, name, [])) |
	some name in object.keys(object.union(_by_groups, _by_acls))
}

# METADATA
# description: By function name, the needed services that its groups do not let it out to, as a rule finds.
kept_in := {name: {service | some service in evidence.services} |
	some name, evidence in _evidence["config.security_groups_block_egress"]
}

_evidence := {rule.id: {one.function: one.evidence | some one in rule.violations} |
	some rule in data.vpcguard.decision.rules
	rule.id in {"config.security_groups_block_egress", "config.network_acl_blocks_https"}
}

_by_groups := {name: stops |
	some name, evidence in _evidence["config.security_groups_block_egress"]
	evidence.cause in {"nothing_out", "no_https_to_internet"}
	groups := result.list({shown(id) | some id in evidence.security_group_ids})
	stops := [stop |
		some family, anywhere in _anywhere
		let_out := _let_out(cohorts.of[name], {family})
		not security_groups.covers(_networks(cohorts.of[name], family), anywhere)
		stop := {
			"id": min(evidence.security_group_ids),
			"name": groups,
			"about": $"{result.word(evidence.security_group_ids, "security group", "security groups")}, {let_out}",
			"text": $"{groups} {let_out}",
			"repair": $"In {groups}, let TCP 443 out.",
			"family": family,
			"subnet_ids": set(),
		}
	]
}

_anywhere := {"ipv4": "0.0.0.0/0", "ipv6": "::/0"}

_networks(key, "ipv4") := security_groups.out[key].cidrs

_networks(key, "ipv6") := security_groups.out[key].ipv6_cidrs

_by_acls := {name: stops |
	some name, evidence in _evidence["config.network_acl_blocks_https"]
	stops := [stop |
		some family, anywhere in _anywhere
		by_acl := facts.grouped([[fault.network_acl_id, fault.subnet_id] |
			some fault in evidence.network_acls
			fault.blocked[anywhere]
		])
		some acl_id, ids in by_acl
		about := sprintf(_said[concat(" ", sort(network_acls.blocks(acl_id, anywhere)))], [anywhere])
		stop := {
			"id": acl_id,
			"name": network_acls.shown(acl_id),
			"about": $"network ACL of {result.subnets(ids)}, {about}",
			"text": $"{network_acls.shown(acl_id)} {about}",
			"repair": $"In {network_acls.shown(acl_id)}, let TCP 443 out and the answers back in (TCP 1024-65535).",
			"family": family,
			"subnet_ids": ids,
		}
	]
}

_egress(key) := concat("", [_let_out(key, {"ipv4", "ipv6"}), unread]) if {
	waits := security_groups.out[key].waits
	unread := concat("", [$", as far as known: more may be open, because of {result.awaited(waits)}" | waits != set()])
}

_let_out(key, families) := sprintf("%s TCP 443 out to %s", [
	result.word(cohorts.by_key[key].named_groups, "lets", "let"),
	result.list(targets | {nothing | targets == set()}),
]) if {
	nothing := concat("", ["nothing", concat("", [" over IPv6" | families == {"ipv6"}])])
	targets := _named_targets(key) | {cidr | some family in families; some cidr in _networks(key, family)}
}

_named_targets(key) := union({
	{$"prefix list {id}" | some id in security_groups.out[key].prefix_lists; not facts.prefix_lists[id].cidrs},
	{$"group {shown(id)}" | some id in security_groups.out[key].groups},
})

_acls(key) := [acl |
	by_acl := facts.grouped([[_acl_of(id), id] | some id in cohorts.by_key[key].subnets])
	some acl_id, ids in by_acl
	acl := object.union({"subnet_ids": ids}, _about(acl_id, min(ids), cohorts.by_key[key].is_dual_stack_allowed))
]

_acl_of(subnet_id) := network_acls.of(subnet_id)

_acl_of(subnet_id) := "" if not network_acls.of(subnet_id)

_about("", subnet_id, _) := {"network_acl_id": null, "text": $"not known, because of {told}"} if {
	told := result.awaited(network_acls.waits(subnet_id))
}

_about(acl_id, _, is_dual_stack_allowed) := {"network_acl_id": acl_id, "text": text} if {
	acl_id != ""
	said := [sprintf(_said[concat(" ", sort(network_acls.blocks(acl_id, network)))], [network]) |
		some network in array.concat(["0.0.0.0/0"], ["::/0" | is_dual_stack_allowed])
	]
	text := $"{network_acls.shown(acl_id)} {concat("; ", said)}"
}

_said := {
	"": "lets TCP 443 out to %s, and the answers back in",
	"out": "does not let TCP 443 out to all of %s",
	"back": "lets TCP 443 out to %s, and not all answers back in (TCP 1024-65535)",
	"back out": "lets neither TCP 443 out to all of %s, nor all answers back in (TCP 1024-65535)",
}
