# METADATA
# title: Network ACL of the function's subnet blocks HTTPS
# description: |
#   A network ACL keeps no state: calls need TCP 443 out, and their answers come back to a port between 1024 and 65535.
#   Where one of them is denied, every call from the subnet hangs.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html
# custom:
#   doubt: Not known whether a network ACL of the function's subnets blocks HTTPS
#   severity: high
#   advice: Allow TCP 443 out and TCP 1024-65535 back in the subnet's network ACL, before any rule that denies them.
#   remediation: none
#   applies_to: >-
#     functions in a VPC that have a subnet left, whose intent is internet or undeclared, or aws with a need for a
#     service
#   applies_if: [attached, subnets, intent, needs]
#   passes: The network ACLs on its way let TCP 443 out to where the function is known to call, and the answers back in.
#   judged: >-
#     Rules are applied by number, first match wins, in both directions: TCP 443 out, and the whole of TCP 1024-65535
#     back. With intent internet, and undeclared where the subnet has a default route, the other side is 0.0.0.0/0, or
#     ::/0 where the way out is IPv6. With aws, and undeclared in a subnet without a default route, it is where calls
#     to the needed services go: the subnets of their interface endpoints, the prefix list of their gateway endpoint,
#     else the way out. Judged are the ACLs of the function's own subnets, and of the subnet of the NAT gateway or
#     instance on the way out: TCP 443 in from the function's subnet and out, ephemeral ports back both ways. A deny
#     of a smaller network than the one that is called is no violation.
#   configuration: [intent, trusted_egress]
#   reads: []
#   statement: [network_acls]
package vpcguard.rules.config.network_acl_blocks_https

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.egress
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.facts
import data.vpcguard.lib.intent
import data.vpcguard.lib.needs
import data.vpcguard.lib.network_acls
import data.vpcguard.lib.result

# intent none needs no way out, and intent aws without a known need says nothing about where to
applies := {name |
	some name in cohorts.functions_with_subnets
	not _egress(name) in {{"none"}, {"aws"}}
} | {name |
	some name in needs.callers
	_egress(name) == {"aws"}
}

deny contains result.violation(name, object.union(
	{
		"message": $"{name}: {said}.",
		"advice": _advice(faults),
		"evidence": {
			"vpc_id": cohort.vpc_id,
			"intent": intent.evidence(cohort.intent_key),
			"network_acls": faults,
		},
		"root_causes": {fault.network_acl_id | some fault in faults},
	},
	_basis(name, faults),
)) if {
	some name, faults in _faults
	cohort := cohorts.by_key[cohorts.of[name]]
	said := concat("; ", {_said(faults, blocked) | some blocked in {fault.blocked | some fault in faults}})
}

unknown contains result.unknown(name, waits) if {
	some name, key in _suspects
	not _faults[name]
	waits := _waits(name, key)
	waits != set()
}

# by name, the cohorts of functions in subnets, or behind NATs in subnets, whose ACLs were not all seen to let
# everything through; most do
_suspects := {name: key |
	some key, cohort in cohorts.by_key
	on_the_way := cohort.subnets | union({_relays(key, id) | some id in cohort.subnets})
	open := network_acls.open_subnets.ipv4 - {id | some id, path in egress.of[key]; path.is_ipv6_only; _is_closed6(id)}
	_is_suspect(((on_the_way - open) | object.keys(cohort.hidden_subnets)), key)
	some name in (cohort.functions & applies)
}

_is_suspect(ids, _) if ids != set()

_is_suspect(_, key) if {
	some id in cohorts.by_key[key].subnets
	_unseen_relays(key, id) | _unseen_ipv6(key, id) != set()
}

# what it takes to know whether the way out is one over IPv6, which the ACL keeps in
_unseen_ipv6(key, id) := egress.of[key][id].waits if {
	egress.of[key][id].state == "unknown"
	cohorts.by_key[key].is_dual_stack_allowed
	egress.ipv6[config.trust_of[cohorts.by_key[key].signature]][id].state != "none"
	not id in network_acls.open_subnets.ipv6
	network_acls.blocks(network_acls.of(id), "::/0") != set()
} else := set()

# what it takes to know whether the way out leads to a NAT in a subnet of the VPC whose ACL was not seen to be open
_unseen_relays(key, id) := egress.of[key][id].waits if {
	egress.of[key][id].state == "unknown"
	_may_lead_to_a_relay(key, id)
	some subnet in input.subnets
	subnet.vpc_id == cohorts.by_key[key].vpc_id
	not subnet.id in network_acls.open_subnets.ipv4
} else := set()

_may_lead_to_a_relay(key, id) if _may_be_isolated(key, id)

_may_lead_to_a_relay(key, id) if {
	some nat_id in egress.of[key][id].nat_ids
	not facts.nat_gateways[nat_id]
}

_may_lead_to_a_relay(key, id) if {
	some hop in egress.of[key][id].hops
	hop.kind == "network_interface"
	not facts.interfaces[hop.id].subnet_id
}

# nobody says where a route on the way out leads
_may_lead_to_a_relay(key, id) if {
	some hop in egress.of[key][id].hops
	[hop.kind, hop.state] == ["route_table", "unknown"]
}

_is_closed6(id) if not id in network_acls.open_subnets.ipv6

_egress(name) := cohorts.by_key[cohorts.of[name]].intent.egress.values

# the subnets of the NATs on the way out of a subnet; an ACL does not stand within one
_relays(key, id) := {subnet_id |
	some nat_id in egress.of[key][id].nat_ids
	subnet_id := facts.nat_gateways[nat_id].subnet_id
	subnet_id != id
} | {subnet_id |
	some hop in egress.of[key][id].hops
	hop.kind == "network_interface"
	subnet_id := facts.interfaces[hop.id].subnet_id
	subnet_id != id
}

_faults := {name: faults |
	some name, key in _suspects
	faults := array.concat(_own_faults(name, key), _relay_faults(name, key))
	faults != []
}

_own_faults(name, key) := [fault |
	some id in cohorts.by_key[key].subnets
	blocked := {cidr: denied |
		some cidr in _certain(name, key, id)
		denied := network_acls.blocks(network_acls.of(id), cidr)
		denied != set()
	}
	blocked != {}
	fault := {"subnet_id": id, "network_acl_id": network_acls.of(id), "blocked": blocked}
]

# a NAT speaks for the function: with it on the one side, with the internet on the other
_relay_faults(name, key) := [fault |
	some relay in _used_relays(name, key)
	acl_id := network_acls.of(relay)
	inside := {facts.subnets[id].ipv4_cidr | some id in _leaving(name, key); relay in _relays(key, id)}
	blocked := _blocked_at_relay(acl_id, inside)
	blocked != {}
	fault := {"subnet_id": relay, "network_acl_id": acl_id, "blocked": blocked}
]

_used_relays(name, key) := union({_relays(key, id) | some id in _leaving(name, key)})

_leaving(name, key) := {id | some id in cohorts.by_key[key].subnets; "0.0.0.0/0" in _certain(name, key, id)}

_blocked_at_relay(acl_id, inside) := {cidr: denied |
	some cidr in (inside | {"0.0.0.0/0"})
	denied := {one | cidr in inside; some one in network_acls.blocks_clients(acl_id, cidr)} | {one |
		not cidr in inside
		some one in network_acls.blocks(acl_id, cidr)
	}
	denied != set()
}

# where calls from a subnet certainly go; tags that nobody read may say none
_certain(name, key, id) := set() if {
	egress.ipv4_waits(key, id) != set() # or over which family
} else := {_anywhere(key, id)} if {
	_egress(name) == {"internet"}
} else := {_anywhere(key, id)} if {
	_egress(name) == {"undeclared"}
	not _is_isolated(key, id)
	not _may_be_isolated(key, id)
} else := {cidr |
	some service, need in needs.of[name]
	need.waits == set()
	some cidr in _targets(key, service, id).certain
} if {
	_is_by_needs(name, key, id)
} else := set()

_is_by_needs(name, _, _) if _egress(name) == {"aws"}

_is_by_needs(name, key, id) if {
	_egress(name) == {"undeclared"}
	_is_isolated(key, id)
}

_anywhere(key, id) := "::/0" if {
	egress.of[key][id].is_ipv6_only
} else := "0.0.0.0/0"

_is_isolated(key, id) if egress.of[key][id].is_isolated

# whether the subnet has a default route was not read
_may_be_isolated(key, id) if {
	egress.of[key][id].state == "unknown"
	every hop in egress.of[key][id].hops { hop.kind == "route_table" }
}

_waits(name, key) := union({
	cohorts.by_key[key].hidden_subnet_waits,
	{wait | some id in cohorts.by_key[key].subnets; some wait in network_acls.waits(id)},
	{wait | some relay in _used_relays(name, key); some wait in network_acls.waits(relay)},
	{wait |
		some id in (cohorts.by_key[key].subnets - _leaving(name, key))
		some relay in _relays(key, id)
		_may_block(relay, id)
		some wait in _leaving_doubts(name, key, id)
	},
	{wait |
		_egress(name) != {"none"}
		some id in cohorts.by_key[key].subnets
		some wait in (_unseen_relays(key, id) | _unseen_ipv6(key, id))
	},
	{wait |
		some id in cohorts.by_key[key].subnets
		network_acls.of(id)
		some wait in _doubts(name, key, id)
	},
})

_may_block(relay, _) if network_acls.waits(relay) != set()

_may_block(relay, id) if _blocked_at_relay(network_acls.of(relay), {facts.subnets[id].ipv4_cidr}) != {}

# what it takes to know whether calls from a subnet take its way out, over a NAT whose ACL may block them
_leaving_doubts(name, key, id) := union({
	{wait | count(_egress(name)) > 1; some wait in cohorts.by_key[key].intent.waits},
	{wait |
		some service, need in needs.of[name]
		targets := _targets(key, service, id)
		"0.0.0.0/0" in targets.cidrs
		some wait in ((need.waits | targets.waits) | targets.choice)
	},
	needs.others[name],
}) if {
	_egress(name) != {"none"}
}

# at a subnet whose ACL was read
_doubts(name, key, id) := waits if {
	waits := {wait | _is_blocked(id, {"0.0.0.0/0", "::/0"}); some wait in egress.ipv4_waits(key, id)}
	[waits != set(), _egress(name) == {"none"}] == [true, false]
} else := set() if {
	_egress(name) == {"internet"}
} else := _route_doubts(key, id) if {
	_egress(name) == {"undeclared"}
	not _is_isolated(key, id)
} else := set() if {
	id in network_acls.open_subnets.ipv4
	not egress.of[key][id].is_ipv6_only
} else := union({
	{wait |
		some service, need in needs.of[name]
		targets := _targets(key, service, id)
		_is_blocked(id, targets.cidrs)
		some wait in (need.waits | targets.choice)
	},
	{wait | some service, _ in needs.of[name]; some wait in _targets(key, service, id).waits},
	{wait | needs.others[name] != set(); _is_blocked(id, _everywhere(key, id)); some wait in needs.others[name]},
	{wait | count(_egress(name)) > 1; _is_blocked(id, {"0.0.0.0/0"}); some wait in cohorts.by_key[key].intent.waits},
})

_route_doubts(key, id) := egress.of[key][id].waits if {
	_may_be_isolated(key, id)
	_is_blocked(id, {"0.0.0.0/0"})
} else := set()

_is_blocked(id, cidrs) if {
	some cidr in cidrs
	network_acls.blocks(network_acls.of(id), cidr) != set()
}

# wherever a service that nobody can name may be
_everywhere(key, id) := {_anywhere(key, id)} | union({_networks(ids, id) |
	some [vpc_id, _], ids in endpoints.interfaces
	vpc_id == cohorts.by_key[key].vpc_id
})

# Where calls to a service go: to the endpoint that catches its name, else to its gateway endpoint, else out. {"cidrs",
# of them "certain", "waits", "choice" (what it waits for where the client may use another endpoint)}.
_targets(key, service, id) := {
	"cidrs": union({target.cidrs | some target in found}),
	"certain": union({target.cidrs | some target in found; target.is_certain; choice == set()}),
	"waits": union({target.waits | some target in found}),
	"choice": choice,
} if {
	found := {_target(key, service, name, id) | some name in endpoints.names_of(service)}
	choice := {wait | count(found) > 1; some wait in endpoints.choice_waits(service)}
}

# without an endpoint the calls take the way out; endpoints.service_unreachable speaks where there is none
_target(key, service, name, id) := {"cidrs": _networks(caught, id), "is_certain": true, "waits": _unseen(caught)} if {
	caught := _caught(cohorts.by_key[key].vpc_id, name)
	caught != set()
} else := {"cidrs": cidrs, "is_certain": waits == set(), "waits": (waits | unread)} if {
	endpoints.gateways_at(id, name) != set()
	vpc_id := cohorts.by_key[key].vpc_id
	waits := _uncaught_waits(vpc_id, name)
	lists := endpoints.prefix_lists_of(vpc_id, service)
	cidrs := {cidr | some list_id in lists; some cidr in facts.prefix_lists[list_id].cidrs; not contains(cidr, ":")}
	unread := {wait |
		_is_blocked(id, {"0.0.0.0/0"})
		some list_id in lists
		some wait in facts.waits("prefix_list_entries", list_id)
	}
} else := _outward(_anywhere(key, id), way, _uncaught_waits(cohorts.by_key[key].vpc_id, name)) if {
	way := egress.of[key][id]
}

_outward(anywhere, way, waits) := {"cidrs": set(), "is_certain": false, "waits": waits} if {
	way.state == "none"
} else := {"cidrs": {anywhere}, "is_certain": waits == set(), "waits": waits} if {
	way.state == "works"
} else := {"cidrs": {anywhere}, "is_certain": false, "waits": (waits | way.waits)}

_caught(vpc_id, name) := {endpoint_id |
	some endpoint_id in endpoints.interfaces[[vpc_id, name]]
	endpoints.catching[endpoint_id].values == {true}
}

_uncaught_waits(vpc_id, name) := facts.waits("vpc_endpoints", vpc_id) | {wait |
	some endpoint_id in endpoints.interfaces[[vpc_id, name]]
	some wait in endpoints.catching[endpoint_id].waits
}

# an ACL does not stand between two interfaces of one subnet
_networks(endpoint_ids, id) := {facts.subnets[subnet_id].ipv4_cidr |
	some endpoint_id in endpoint_ids
	some subnet_id in facts.vpc_endpoints[endpoint_id].subnet_ids
	subnet_id != id
}

_unseen(endpoint_ids) := {wait |
	some endpoint_id in endpoint_ids
	some subnet_id in facts.vpc_endpoints[endpoint_id].subnet_ids
	not facts.subnets[subnet_id].ipv4_cidr
	some wait in facts.waits_within("subnets", subnet_id, facts.vpc_endpoints[endpoint_id].vpc_id)
}

# ACLs that deny the same are told together
_said(faults, blocked) := sprintf("%s of %s %s %s", [
	result.list({network_acls.shown(id) | some id in ids}),
	result.subnets({fault.subnet_id | some fault in faults; fault.blocked == blocked}),
	result.word(ids, "denies", "deny"),
	_denied(blocked),
]) if {
	ids := {fault.network_acl_id | some fault in faults; fault.blocked == blocked}
}

_denied(blocked) := concat(", and ", [sprintf(_denial[one], [result.list(cidrs)]) |
	some one, cidrs in facts.grouped([[one, cidr] | some cidr, kinds in blocked; some one in kinds])
])

_denial := {
	"out": "TCP 443 to %s",
	"back": "some of TCP 1024-65535 from %s",
	"in": "TCP 443 from %s",
	"return": "some of TCP 1024-65535 to %s",
}

# where all of it rests on needs
_basis(name, faults) := {"basis": needs.basis(name)} if {
	key := cohorts.of[name]
	every fault in faults { _is_by_needs(name, key, fault.subnet_id) }
} else := {}

_advice(faults) := sprintf("Let %s allow this traffic, by rules with smaller numbers than those that deny it.", [
	result.word({fault.network_acl_id | some fault in faults}, "this ACL", "these ACLs"),
])
