# METADATA
# title: Network ACL of the function's subnet blocks HTTPS
# description: |
#   A network ACL keeps no state: calls need TCP 443 out, and their answers come back to a port between 1024 and 65535.
#   Where one of them is denied, every call from the subnet hangs.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html
# custom:
#   severity: high
#   advice: Allow TCP 443 out and TCP 1024-65535 back in the subnet's network ACL, before any rule that denies them.
#   remediation: none
#   applies_to: >-
#     functions in a VPC that have a subnet left, whose intent is internet or undeclared, or aws with a need for a
#     service
#   applies_if: [attached, subnets, intent, needs]
#   passes: The network ACLs of its subnets let TCP 443 out to where the function calls, and the answers back in.
#   judged: >-
#     Rules are applied by number, first match wins, in both directions: TCP 443 out, and the whole of TCP 1024-65535
#     back. With intent internet or undeclared the other side is 0.0.0.0/0; with aws it is where calls to the needed
#     services go: the subnets of their interface endpoints, the prefix list of their gateway endpoint, else
#     everywhere. Only the ACLs of the function's own subnets are judged, over IPv4. A deny of a smaller network than
#     the one that is called is no violation.
#   configuration: [intent, trusted_egress]
#   reads: []
package vpcguard.rules.config.network_acl_blocks_https

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.facts
import data.vpcguard.lib.intent
import data.vpcguard.lib.needs
import data.vpcguard.lib.network_acls
import data.vpcguard.lib.reachability
import data.vpcguard.lib.result
import data.vpcguard.lib.ways

# intent none needs no way out, and intent aws without a known need says nothing about where to
applies := (cohorts.functions_with_subnets - cohorts.functions(_inward)) | needs.functions(_to_aws)

deny contains result.violation(name, object.union(
	{
		"message": sprintf("%s: %s. %s", [name, said, _advice(faults)]),
		"evidence": {
			"vpc_id": cohort.vpc_id,
			"intent": intent.evidence(cohort.intent_key),
			"network_acls": faults,
		},
	},
	_basis(key),
)) if {
	some key, faults in _faults
	cohort := cohorts.by_key[needs.crowds[key].cohort]
	said := result.list({_said(fault) | some fault in faults})
	some name in needs.crowds[key].functions
}

unknown contains result.unknown(name, waits) if {
	some key in _suspect
	not _faults[key]
	waits := _waits(key)
	waits != set()
	some name in needs.crowds[key].functions
}

_inward := _alone.aws | _alone.none

_to_aws := {key | some key in needs.needy; needs.crowds[key].cohort in _alone.aws}

# cohorts whose intent is this for certain
_alone := {value: keys |
	some value in ["aws", "none"]
	keys := union({cohorts.of_intent[key] | some key, one in intent.by_key; one.egress.values == {value}})
}

# crowds to which this applies, in subnets whose ACLs were not all seen to let everything through; most do
_suspect := {key |
	some spread in cohorts.spreads_with_subnets
	one := cohorts.spreads[spread]
	guarded := (one.subnets - network_acls.open_subnets) | object.keys(one.hidden_subnets)
	guarded != set()
	some cohort in cohorts.of_spread[spread]
	some key in _crowds_of[cohort]
	_is_judged(key, cohort)
}

_is_judged(_, cohort) if not cohort in _inward

_is_judged(key, _) if key in _to_aws

_crowds_of := {cohort: keys |
	some cohort, _ in cohorts.by_key
	keys := {key | some key, crowd in needs.crowds; crowd.cohort == cohort}
}

_egress(crowd) := intent.by_key[cohorts.by_key[crowd.cohort].intent_key].egress.values

_faults := {key: faults |
	some key in _suspect
	faults := [fault |
		some one in _certain(key)
		fault := _fault(one)
		fault.blocked != {}
	]
	faults != []
}

_fault(one) := {
	"subnet_id": one.subnet_id,
	"network_acl_id": network_acls.of(one.subnet_id),
	"blocked": {cidr: blocked |
		some cidr in one.cidrs
		blocked := network_acls.blocks(network_acls.of(one.subnet_id), cidr)
		blocked != set()
	},
}

# where traffic certainly goes, by subnet of the function
_certain(key) := [{"subnet_id": id, "cidrs": {_anywhere}} | some id in _subnets(key)] if {
	_egress(needs.crowds[key]) in {{"internet"}, {"undeclared"}}
}

_certain(key) := [{"subnet_id": id, "cidrs": cidrs} |
	some id in _subnets(key)
	cidrs := {cidr |
		some service, need in needs.crowds[key].services
		need.waits == set()
		some cidr in _targets(key, service, id).certain
	}
] if {
	_egress(needs.crowds[key]) == {"aws"}
}

# tags that nobody read may say none
_certain(key) := [] if count(_egress(needs.crowds[key])) > 1

_subnets(key) := cohorts.by_key[needs.crowds[key].cohort].subnets

_waits(key) := union({
	cohorts.hidden_subnet_waits[needs.crowds[key].cohort],
	{wait | some id in _subnets(key); some wait in network_acls.waits(id)},
	{wait | some id in (_subnets(key) - network_acls.open_subnets); network_acls.of(id); some wait in _doubts(key, id)},
})

# at a subnet whose ACL was read and is not wide open
_doubts(key, _) := set() if _egress(needs.crowds[key]) in {{"internet"}, {"undeclared"}}

_doubts(key, id) := _aws_doubts(needs.crowds[key], key, id) if _egress(needs.crowds[key]) == {"aws"}

_doubts(key, id) := waits if {
	count(_egress(needs.crowds[key])) > 1
	found := intent.by_key[cohorts.by_key[needs.crowds[key].cohort].intent_key]
	about_aws := _aws_doubts(needs.crowds[key], key, id)
	about_intent := {wait | _is_blocked(id, {_anywhere}); some wait in found.waits}
	waits := about_aws | about_intent
}

_aws_doubts(crowd, key, id) := union({
	{wait |
		some service, need in crowd.services
		targets := _targets(key, service, id)
		_is_blocked(id, targets.cidrs)
		some wait in (need.waits | targets.choice)
	},
	{wait | some service, _ in crowd.services; some wait in _targets(key, service, id).waits},
	{wait | crowd.others != set(); _is_blocked(id, _everywhere(key, id)); some wait in crowd.others},
})

_is_blocked(id, cidrs) if {
	some cidr in cidrs
	network_acls.blocks(network_acls.of(id), cidr) != set()
}

# wherever a service that nobody can name may be
_everywhere(key, id) := {_anywhere} | union({_networks(ids, id) |
	some [vpc_id, _], ids in endpoints.interfaces
	vpc_id == cohorts.by_key[needs.crowds[key].cohort].vpc_id
})

# Where calls to a service go: to the endpoint that catches its name, else to its gateway endpoint, else out. {"cidrs",
# of them "certain", "waits", "choice" (what it waits for where the client may use another endpoint)}.
_targets(key, service, id) := {
	"cidrs": union({target.cidrs | some target in found}),
	"certain": union({target.cidrs | some target in found; target.is_certain; choice == set()}),
	"waits": union({target.waits | some target in found}),
	"choice": choice,
} if {
	crowd := needs.crowds[key]
	found := {target | some name in reachability.names(service); target := _target(crowd.cohort, service, name, id)}
	choice := {reachability.choice(service) | reachability.is_choice(service); count(found) > 1}
}

_target(key, _, name, id) := {"cidrs": _networks(caught, id), "is_certain": true, "waits": _unseen(caught, vpc_id)} if {
	vpc_id := cohorts.by_key[key].vpc_id
	caught := _caught(vpc_id, name)
	caught != set()
}

_target(key, service, name, id) := {"cidrs": cidrs, "is_certain": waits == set(), "waits": (waits | unread)} if {
	vpc_id := cohorts.by_key[key].vpc_id
	_caught(vpc_id, name) == set()
	endpoints.gateways_at(id, name) != set()
	waits := _uncaught_waits(vpc_id, name)
	lists := reachability.prefix_lists(vpc_id, service)
	cidrs := {cidr | some list_id in lists; some cidr in facts.prefix_lists[list_id].cidrs; not contains(cidr, ":")}
	unread := {wait |
		_is_blocked(id, {_anywhere})
		some list_id in lists
		some wait in facts.waits("prefix_list_entries", list_id)
	}
}

# without an endpoint the calls take the way out; endpoints.service_unreachable speaks where there is none
_target(key, _, name, id) := _outward(way.state, _uncaught_waits(vpc_id, name), way.waits) if {
	vpc_id := cohorts.by_key[key].vpc_id
	_caught(vpc_id, name) == set()
	endpoints.gateways_at(id, name) == set()
	way := ways.ipv4[config.trust_of[cohorts.by_key[key].signature]][id]
}

_outward("works", waits, _) := {"cidrs": {_anywhere}, "is_certain": waits == set(), "waits": waits}

_outward("unknown", waits, way_waits) := {"cidrs": {_anywhere}, "is_certain": false, "waits": (waits | way_waits)}

_outward("none", waits, _) := {"cidrs": set(), "is_certain": false, "waits": waits}

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

_unseen(endpoint_ids, vpc_id) := {wait |
	some endpoint_id in endpoint_ids
	some subnet_id in facts.vpc_endpoints[endpoint_id].subnet_ids
	not facts.subnets[subnet_id].ipv4_cidr
	some wait in facts.waits_within("subnets", subnet_id, vpc_id)
}

_said(fault) := sprintf(
	"%s of %s denies %s",
	[fault.network_acl_id, result.subnet(fault.subnet_id), result.list(denied)],
) if {
	denied := {sprintf(_denial[one], [cidr]) | some cidr, blocked in fault.blocked; some one in blocked}
}

_denial := {
	"out": "TCP 443 to %s",
	"back": "TCP 1024-65535 from %s",
}

# only under intent aws does the verdict rest on needs
_basis(key) := {"basis": reachability.basis(needs.crowds[key])} if _egress(needs.crowds[key]) == {"aws"}

_basis(key) := {} if _egress(needs.crowds[key]) != {"aws"}

_anywhere := "0.0.0.0/0"

_advice(faults) := sprintf("Allow %s in %s, by rules with smaller numbers than those that deny.", [
	concat(" and ", [_remedy[one] | some one in ["out", "back"]; one in blocked]),
	result.list({fault.network_acl_id | some fault in faults}),
]) if {
	blocked := union({denied | some fault in faults; some denied in fault.blocked})
}

_remedy := {"out": "TCP 443 out", "back": "TCP 1024-65535 back"}
