# METADATA
# title: Function cannot resolve any name
# description: |
#   Without a name server nothing is found that is not called by its address: no AWS service, no database. Amazon's
#   resolver answers where the VPC's DNS support is on, whatever groups and ACLs say; servers of one's own are reached
#   like any other address.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/VPC_DHCP_Options.html
# custom:
#   doubt: Not known whether the function can resolve names
#   severity: high
#   advice: Turn DNS support of the VPC on, or let port 53 out to the name servers that its DHCP options name.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left
#   applies_if: [attached, subnets]
#   passes: Amazon's resolver answers in its VPC, or port 53 is let out to a name server that the DHCP options name.
#   judged: >-
#     Where the DHCP options of the VPC name Amazon's resolver alone, its DNS support must be on. Where they name
#     servers of one's own, one of them must be reachable from each subnet over UDP or TCP: a security group lets
#     port 53 out to it, and the subnet's network ACL does so and lets some of the answers to ports 1024-65535 back. A
#     server in the subnet itself is not behind its ACL. Whether a server runs, what its own groups admit, and the
#     routes to it are not judged.
#   configuration: []
#   reads: []
#   statement: [cause, name_servers, shut.subnet_id, shut.cause]
package vpcguard.rules.config.name_resolution_blocked

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.facts
import data.vpcguard.lib.network_acls
import data.vpcguard.lib.result

applies := cohorts.functions_with_subnets

deny contains result.violation(name, {
	"message": sprintf("%s resolves no names: DNS support of %s is off, and its DHCP options name no other servers.", [
		name,
		result.named(cohort.vpc_id),
	]),
	"advice": $"Turn DNS support (enableDnsSupport) of {result.named(cohort.vpc_id)} on.",
	"evidence": {"vpc_id": cohort.vpc_id, "cause": "dns_support_disabled", "name_servers": set(), "shut": []},
	"root_causes": {cohort.vpc_id},
}) if {
	some cohort in cohorts.with_subnets
	endpoints.resolver_waits(cohort.vpc_id) == set()
	not endpoints.own_name_servers[cohort.vpc_id]
	facts.vpcs[cohort.vpc_id].dns_support == false
	some name in cohort.functions
}

deny contains result.violation(name, {
	"message": sprintf("%s resolves no names from %s: %s.", [name, result.subnets(object.keys(shut)), said]),
	"advice": concat(" ", [result.word(ids, _advice[cause][0], _advice[cause][1]) |
		some cause in {one.cause | some one in shut}
		ids := union({one.roots | some one in shut; one.cause == cause})
	]),
	"evidence": {
		"vpc_id": cohort.vpc_id,
		"cause": "name_servers_shut_off",
		"name_servers": endpoints.own_name_servers[cohort.vpc_id],
		"shut": [{"subnet_id": id, "cause": one.cause} | some id, one in shut],
	},
	"root_causes": {id | id := min(intersection({one.alone | some one in shut}))},
}) if {
	some key, shut in _shut
	cohort := cohorts.by_key[key]
	servers := endpoints.own_name_servers[cohort.vpc_id]
	roots := union({one.roots | some one in shut})
	said := sprintf("%s %s not let port 53 through to the VPC's own name %s %s", [
		result.all_named(roots),
		result.word(roots, "does", "do"),
		result.word(servers, "server", "servers"),
		result.list(servers),
	])
	some name in cohort.functions
}

unknown contains result.unknown(name, waits) if {
	some key, waits in _waits
	waits != set()
	some name in cohorts.by_key[key].functions
}

# groups remember whom they let out; an ACL has to let the answers in as well
_advice := {
	"security_groups": [$"Give {which} egress rules for UDP and TCP 53 to the VPC's name servers." |
		some which in ["this group", "one of these groups"]
	],
	"network_acl": [$"Let {which} pass UDP and TCP 53 to the VPC's name servers, and answers to ports 1024-65535 back." |
		some which in ["this ACL", "these ACLs"]
	],
}

# by cohort, what its verdict waits for
_waits := object.union(
	{key: waits |
		some key, cohort in cohorts.with_subnets
		waits := _of_resolver(cohort.vpc_id)
		not endpoints.own_name_servers[cohort.vpc_id]
	},
	{key: waits |
		some key, perhaps in _perhaps
		not _answers(cohorts.by_key[key].vpc_id)
		not _shut[key]
		waits := cohorts.by_key[key].hidden_subnet_waits | union({waits | some waits in perhaps})
	},
)

# of a file that is older than the read nothing is said
_of_resolver(vpc_id) := left_out if {
	left_out := {wait | some wait in endpoints.resolver_waits(vpc_id); wait.status == "not_requested"}
	left_out != set()
} else := endpoints.resolver_waits(vpc_id) if {
	facts.vpcs[vpc_id].dns_support in {true, false}
} else := endpoints.resolver_waits(vpc_id) | endpoints.dns_waits(vpc_id)

# Amazon's resolver is named beside others
_answers(vpc_id) if {
	vpc_id in endpoints.with_amazons
	facts.vpcs[vpc_id].dns_support
}

# by cohort and subnet from which no server can be reached: why, what keeps it so, and what alone ends it
_shut := {key: shut |
	some key, cohort in cohorts.with_subnets
	not _answers(cohort.vpc_id)
	cohort.named_groups != cohort.missing_groups
	shut := {id: {"cause": cause, "roots": roots, "alone": alone} |
		some id in cohort.subnets
		ways := _ways(key, id)
		ways != {}
		{one.state | some one in ways} == {"shut"}
		singly := {one | some way in ways; [one] = way.by}
		cause := min(singly | {"security_groups" | singly == set()})
		of := {"network_acl": {acl_id | acl_id := network_acls.of(id)}, "security_groups": cohort.groups}
		roots := of[cause]
		alone := {min(of[one]) | some one in singly} | _unasked(cohort.vpc_id)
	}
	shut != {}
}

# the VPC where its DHCP options name Amazon's resolver as well, and it does not answer
_unasked(vpc_id) := {vpc_id | endpoints.with_amazons[vpc_id]; facts.vpcs[vpc_id].dns_support == false}

# by cohort and subnet from which perhaps none can be reached, what it takes to know
_perhaps := {key: perhaps |
	some key, cohort in cohorts.with_subnets
	endpoints.own_name_servers[cohort.vpc_id]
	perhaps := {id: waits |
		some id in cohort.subnets
		states := {one.state | some one in _ways(key, id)}
		"unknown" in states
		not "open" in states
		waits := union({one.waits | some one in _ways(key, id)})
	}
}

# the ways of a question from a subnet to each server over each protocol
_ways(key, id) := {[server, protocol]: way |
	some server in endpoints.own_name_servers[cohorts.by_key[key].vpc_id]
	some protocol in ["tcp", "udp"]
	way := _way(_out(key, server, protocol), _through(id, server, protocol))
}

_way(out, through) := {"state": "open", "by": [], "waits": set()} if {
	[out.is_open, through.is_open] == [true, true]
} else := {"state": "shut", "by": by, "waits": set()} if {
	by := [name |
		some name, one in {"network_acl": through, "security_groups": out}
		[one.is_open, one.waits] == [false, set()]
	]
	by != []
} else := {"state": "unknown", "by": [], "waits": (out.waits | through.waits)}

# whether the functions' groups let port 53 out to a server
_out(key, server, protocol) := {"is_open": true, "waits": set()} if {
	some id in cohorts.by_key[key].groups
	some rule in _speaking[protocol][id]
	some cidr in _networks(rule)
	net.cidr_contains(cidr, server)
} else := {"is_open": false, "waits": waits} if {
	cohort := cohorts.by_key[key]
	waits := union({of_group | some of_group in cohort.hidden_groups}) | {wait |
		some id in cohort.groups
		some rule in _speaking[protocol][id]
		some wait in _rule_waits(rule, server)
	}
}

_networks(rule) := array.flatten([
	rule.ipv4_cidrs,
	rule.ipv6_cidrs,
	[cidr | some id in rule.prefix_list_ids; some cidr in facts.prefix_lists[id].cidrs],
])

_rule_waits(rule, server) := {wait |
	some id in rule.prefix_list_ids
	some wait in facts.waits("prefix_list_entries", id)
} | {{"status": "opaque", "name": id, "reason": $"may be a group of {server}"} | some id in rule.group_ids}

_speaking := {protocol: by_group |
	some protocol, names in _protocols
	by_group := {one.id: [rule | some rule in one.egress; _covers(rule, names, 53, 53)] |
		some one in input.security_groups
	}
}

_protocols := {"tcp": {"-1", "all", "6", "tcp"}, "udp": {"-1", "all", "17", "udp"}}

# a rule without ports is about all of them
_covers(rule, protocols, from, to) if {
	lower(rule.protocol) in protocols
	object.get(rule, "from_port", 0) <= from
	object.get(rule, "to_port", 65535) >= to
}

# whether the ACL of a subnet lets questions to a server through, and some answers back
_through(id, server, protocol) := {"is_open": true, "waits": set()} if {
	net.cidr_contains(facts.subnets[id].ipv4_cidr, server)
} else := {"is_open": _passes(acl_id, server, protocol), "waits": set()} if {
	acl_id := network_acls.of(id)
} else := {"is_open": false, "waits": network_acls.waits(id)}

default _passes(_, _, _) := false

_passes(acl_id, server, protocol) if {
	_is_let(_about(acl_id, server, protocol, true), {"from": 53, "to": 53})
	_is_let(_about(acl_id, server, protocol, false), {"from": 1024, "to": 65535})
}

_about(acl_id, server, protocol, is_egress) := [entry |
	some acl in input.network_acls
	acl.id == acl_id
	some entry in acl.entries
	entry.is_egress == is_egress
	lower(entry.protocol) in _protocols[protocol]
	some network in ["ipv4_cidr", "ipv6_cidr"]
	net.cidr_contains(entry[network], server)
]

# some allow speaks of one of these ports, before a deny of all of them
_is_let(entries, ports) if {
	end := min({entry.rule_number |
		some entry in entries
		entry.action != "allow"
		_covers(entry, {lower(entry.protocol)}, ports.from, ports.to)
	} | {_behind_all})
	some entry in entries
	entry.action == "allow"
	entry.rule_number < end
	object.get(entry, "from_port", 0) <= ports.to
	object.get(entry, "to_port", 65535) >= ports.from
}

_behind_all := 32768
