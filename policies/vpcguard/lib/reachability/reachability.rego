# METADATA
# title: Reachability
# description: |
#   What becomes of a call to an AWS service from a subnet. For each service and subnet the most specific fault speaks
#   alone: endpoint_blocked, else private_dns_off, else service_unreachable, else gateway_route_missing. Groups of the
#   function and network ACLs have rules of their own.
package vpcguard.lib.reachability

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.egress
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.facts
import data.vpcguard.lib.intent
import data.vpcguard.lib.needs

# METADATA
# description: |
#   By cohort key, service prefix that one of its functions needs, and id of a subnet that was seen: {"values": what may
#   become of a call ("reachable" or a fault), "waits": what would settle it if there are several}.
of := {key: by_service |
	some key, cohort in cohorts.by_key
	by_service := {service: by_subnet |
		some service in union({object.keys(needs.of[name]) | some name in cohort.functions})
		by_subnet := {id: _combined(service, [_of_name(key, name, id) | some name in endpoints.names_of(service)]) |
			some id in cohort.subnets
		}
	}
}

# METADATA
# description: |
#   By name of a function that may have a fault: {"subnets": needed service -> subnets where the fault is proven,
#   "waits": what it takes to exclude the fault where it is not}.
found(fault) := {name: _found(key, fault, needs.of[name], needs.others[name]) |
	some key, cohort in cohorts.by_key
	_may_have(key, fault)
	some name in (cohort.functions & needs.callers)
}

# given nothing of the function but its needs, so that OPA answers once for all of a cohort that need the same
_found(key, fault, needed, other_waits) := {"subnets": subnet_ids, "waits": waits} if {
	all_needed := object.union(needed, {"": {"waits": other_waits} | other_waits != set()})
	subnet_ids := {service: ids |
		some service, need in all_needed
		need.waits == set()
		ids := _faults[key][fault][service].proven
		ids != set()
	}
	waits := cohorts.by_key[key].hidden_subnet_waits | {wait |
		some service, need in all_needed
		some wait in (need.waits | _faults[key][fault][service].waits)
	}
}

# METADATA
# description: |
#   Evidence about services that a fault keeps from a function, and the subnets where it does: {"vpc_id", "intent",
#   "services", "subnets" (their way to the internet over IPv4)}.
evidence(name, subnet_ids) := {
	"vpc_id": cohort.vpc_id,
	"intent": intent.evidence(cohort.intent_key),
	"services": [shown |
		some service, ids in subnet_ids
		shown := {"service": trim_suffix(service, ":*"), "basis": needs.of[name][service].basis, "subnet_ids": ids}
	],
	"subnets": _shown(cohorts.of[name], union({ids | some ids in subnet_ids})),
} if {
	cohort := cohorts.by_key[cohorts.of[name]]
}

# METADATA
# description: |
#   What alone is to be repaired until these subnets of a cohort lead out again over IPv4, as a set; empty where that is
#   several things, or nobody built them a way out.
way_out(key, subnet_ids) := {root} if {
	[root] := [root | some root in {egress.over_ipv4[key][id].root | some id in subnet_ids}]
	causes := {egress.over_ipv4[key][id].cause | some id in subnet_ids}
	causes & {"no_default_route", "peering", "public_subnet"} == set()
	root != ""
} else := set()

_shown(key, ids) := [egress.shown(id, egress.over_ipv4[key][id]) | some id in ids]

_may_have(key, fault) if _faults[key][fault]

_may_have(key, _) if cohorts.by_key[key].hidden_subnet_waits != set()

# by cohort, fault and service: where it is proven, and what it takes to know where else it is; "" is any service that
# nobody can name
_faults := {key: _by_fault(object.union(by_service, {"": _of_others[key]})) | some key, by_service in of}

_by_fault(verdicts) := {fault: services |
	some fault in {fault | some found in verdicts; some verdict in found; some fault in verdict.values}
	fault != "reachable"
	services := {service: {"proven": proven, "waits": waits} |
		some service, found in verdicts
		possible := {id: verdict | some id, verdict in found; fault in verdict.values}
		possible != {}
		proven := {id | some id, verdict in possible; verdict.values == {fault}}
		waits := union({verdict.waits | some verdict in possible})
	}
}

# by cohort, and by endpoint name and subnet, what becomes of a call to a service that nobody can name
_of_others := {key: verdicts |
	some key, cohort in cohorts.by_key
	is_any := union({needs.others[name] | some name in cohort.functions}) != set()
	verdicts := {[name, id]: _of_name(key, name, id) |
		is_any
		some name in _other_names(cohort.vpc_id)
		some id in cohort.subnets
	}
}

# names that tell all cases apart that a service nobody can name may be in; the empty one has no endpoint
_other_names(vpc_id) := ({""} | endpoints.gateway_services) | {name |
	some [other, name], _ in endpoints.interfaces
	other == vpc_id
}

# a client of the service uses all its names, so that the worst counts; of some services it may use one and not another
_combined(service, verdicts) := _settled(values, waits | endpoints.choice_waits(service)) if {
	values := {value | some verdict in verdicts; some value in verdict.values; _rank[value] >= _least(service, verdicts)}
	waits := union({verdict.waits | some verdict in verdicts})
}

_least(service, verdicts) := max([min({rank | some value in verdict.values; rank := _rank[value]}) |
	some verdict in verdicts
]) if {
	endpoints.choice_waits(service) == set()
} else := 0

_settled(values, waits) := {"values": values, "waits": waits} if {
	count(values) > 1
} else := {"values": values, "waits": set()}

_rank := {
	"reachable": 0,
	"gateway_route_missing": 1,
	"service_unreachable": 2,
	"private_dns_off": 3,
	"endpoint_blocked": 4,
}

_of_name(key, name, id) := _verdict(cohort.signature, name, id, admission, way, _over_ipv6(key, id)) if {
	way := egress.over_ipv4[key][id]
	cohort := cohorts.by_key[key]
	admission := {one: {"is_admitted": id in admitted.subnets, "waits": admitted.waits} |
		some one in endpoints.interfaces[[cohort.vpc_id, name]]
		admitted := endpoints.admission[key][one]
	}
}

# A way out over IPv6 alone, or perhaps, leads to what has dual-stack names, and nobody knows which services have.
# https://docs.aws.amazon.com/vpc/latest/userguide/aws-ipv6-support.html
_over_ipv6(key, id) := {{"status": "opaque", "name": id, "reason": reason, "settled_by": "dual_stack"}} if {
	reason := "with a way out over IPv6 alone"
	egress.of[key][id].is_ipv6_only
} else := egress.of[key][id].waits if {
	cohorts.by_key[key].is_dual_stack_allowed
} else := set()

# what becomes of a call to an endpoint name, given whom the endpoints for it admit there, and the way out
_verdict(signature, name, id, admission, way, over_ipv6) := _settled(caught, target.waits) if {
	target := _target(name, id, admission)
	target.values & _beyond == set()
	caught := {fault | some value in target.values; fault := _fault_of[value]}
} else := _settled(values, union({target.waits, way.waits, way.perhaps_nat, central.waits, over_ipv6})) if {
	target := _target(name, id, admission)
	central := _central(signature, name, id, way.is_isolated)
	values := {_fault_of[value] | some value in (target.values & {"served", "blocked"})} | ({value |
		some one in (target.values & _beyond)
		some value in _out(name, one, way, central.answer)
	} | {"reachable" | over_ipv6 != set()})
}

# where no endpoint takes the call
_beyond := {"uncaught", "unresolved", "absent"}

_fault_of := {
	"served": "reachable",
	"blocked": "endpoint_blocked",
	"uncaught": "private_dns_off",
	"unresolved": "private_dns_off",
	"absent": "service_unreachable",
}

# Where a name leads in the VPC, as possible answers: "served" by an endpoint, "blocked" at one that catches it,
# "uncaught" by the one there is, "unresolved" for the gateway endpoint there is, "absent". A name that is caught never
# reaches the gateway endpoint: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DnsOptions.html
_target(name, id, admission) := {"values": values, "waits": waits} if {
	vpc_id := facts.subnets[id].vpc_id
	found := {_interface(one, admission[one]) | some one in endpoints.interfaces[[vpc_id, name]]}
	unread := facts.waits("vpc_endpoints", vpc_id)
	gateway := _gateway(vpc_id, name, id)
	values := _values(found, gateway, unread)
	waits := union({union({one.waits | some one in found}), unread, gateway.waits})
}

# what becomes of a name where a gateway endpoint is routed; none, perhaps with what it takes to know of another
_gateway(vpc_id, name, id) := {"values": _resolved(vpc_id), "perhaps": set(), "waits": waits} if {
	endpoints.gateways_at(id, name) != set()
	waits := endpoints.resolving[vpc_id].waits
} else := {"values": set(), "perhaps": perhaps, "waits": waits} if {
	waits := _gateway_waits(vpc_id, name, id)
	perhaps := {value | waits != set(); some value in _resolved(vpc_id)}
}

_resolved(vpc_id) := {"served" | true in values} | {"unresolved" | false in values} if {
	values := endpoints.resolving[vpc_id].values
}

_values(found, gateway, unread) := {"served"} if {
	{"served"} in {one.values | some one in found}
} else := union({one.values | some one in found}) - {"uncaught"} if {
	some one in found
	not "uncaught" in one.values
} else := union({
	union({one.values | some one in found}) - {"uncaught"},
	gateway.values,
	{"blocked" | unread != set()},
}) if {
	gateway.values != set()
} else := union({
	union({one.values | some one in found}),
	{"absent" | found == set()},
	({"served" | unread != set()} | gateway.perhaps),
	{value | unread != set(); some value in ["blocked", "uncaught"]},
})

# what becomes of a name at one of its interface endpoints
_interface(id, admission) := {"values": values, "waits": (endpoints.catching[id].waits | there.waits)} if {
	there := _there(id, admission)
	values := {value | true in endpoints.catching[id].values; some value in there.values} | {"uncaught" |
		false in endpoints.catching[id].values
	}
}

_there(id, admission) := {"values": {"blocked"}, "waits": set()} if {
	true in {endpoints.availability[id] == {false}, [admission.is_admitted, admission.waits] == [false, set()]}
} else := {"values": ({"served"} | {"blocked" | waits != set()}), "waits": waits} if {
	waits := endpoints.state_waits(id) | {wait | not admission.is_admitted; some wait in admission.waits}
}

# whether a gateway endpoint leads from the subnet, as far as it was not seen
_gateway_waits(vpc_id, name, id) := waits if {
	name in endpoints.gateway_services
	endpoints.gateways_at(id, name) == set()
	table_waits := {wait | endpoints.gateways[[vpc_id, name]]; some wait in endpoints.gateway_waits(id, vpc_id)}
	waits := table_waits | endpoints.unnamed_waits(id)
} else := set()

# what becomes of a call that no endpoint takes, as far as the way out and central endpoints go
_out(name, target, way, central) := {_beside_nat(name, target, way) | some way in ways} if {
	way.state == "works"
	by_nat := object.union(way, {"hops": [{"kind": "nat_gateway"}]})
	ways := {way} | {by_nat | way.perhaps_nat != set()}
} else := values if {
	way.state == "none"
	values := {"reachable" | central != "no"} | {_fault_of[target] | central != "yes"}
} else := values if {
	beside_nat := {_beside_nat(name, target, way) | _may_be_nat(way)}
	values := union({{"reachable"}, {_fault_of[target] | central != "yes"}, beside_nat})
}

_beside_nat(name, target, way) := "gateway_route_missing" if {
	name in endpoints.gateway_services
	target != "unresolved"
	_may_be_nat(way)
} else := "reachable"

# a NAT on the way, or nothing on it yet that is certainly something else
_may_be_nat(way) if {
	some hop in way.hops
	hop.kind in {"nat_gateway", "network_interface", "instance"}
}

_may_be_nat(way) if {
	way.state == "unknown"
	every hop in way.hops { hop.state != "opaque" }
}

# whether endpoints in another VPC answer: yes where the configuration says so and a route leads there
_central(signature, name, id, is_isolated) := {"answer": "yes", "waits": set()} if {
	"active" in {route.state | some route in _routes_away(id)}
	some said in config.settings[signature].central_endpoints
	some service in [said, $"{said}:*"]
	name in endpoints.names_of(service)
} else := {"answer": "unknown", "waits": waits} if {
	is_isolated
	waits := {wait |
		some route in _routes_away(id)
		not _is_settled(route.state, config.settings[signature])
		some cidr in _destinations(route)
		not cidr in data.vpcguard.config.services.everything
		some private in data.vpcguard.config.services.private_networks
		net.cidr_intersects(private, cidr)
		reason := "may lead to central endpoints"
		name_of := [one | some one in [route.target_id, id]; one != ""][0]
		wait := {"status": "opaque", "name": name_of, "reason": reason, "settled_by": "central_endpoints"}
	}
	waits != set()
} else := {"answer": "no", "waits": set()}

# the routes of a subnet to other networks, and those of which nobody says where they lead
_routes_away(id) := [route |
	some route in facts.route_tables[egress.route_table(id, facts.subnets[id].vpc_id)].routes
	[route.state, {route.target_kind} - {"transit_gateway", "vpc_peering_connection", "core_network"}] in _away
]

_away := {["active", set()], ["unknown", {"unknown"}]}

# whether the configuration says what lies behind a route in this state
_is_settled("active", settings) if settings.central_endpoints

# while a prefix list is unread the way out is unknown as well: no isolated subnet
_destinations(route) := facts.prefix_lists[route.destination].cidrs if {
	route.family == "prefix_list"
} else := [route.destination] if {
	route.family == "ipv4"
}
