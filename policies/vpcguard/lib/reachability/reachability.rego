# METADATA
# title: Services
# description: |
#   What happens when a function calls a service from a subnet: the one derivation behind all rules on endpoints. For
#   each service and subnet the most specific fault speaks alone: endpoint_blocked, else private_dns_off, else
#   service_unreachable, else gateway_route_missing. Groups of the function and ACLs have rules of their own.
package vpcguard.lib.reachability

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.config
import data.vpcguard.lib.demands
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.facts
import data.vpcguard.lib.routes
import data.vpcguard.lib.ways

# METADATA
# description: |
#   What one fault amounts to, by key of a demand (lib.demands): {"subnets": service -> subnets where the fault is
#   proven, "waits": what it takes to exclude the fault where it is not, empty if it is excluded}.
# scope: document
report(fault) := {key: found |
	some key, faults in _conceivable
	fault in faults
	demand := demands.by_key[key]
	found := {
		"subnets": {service: subnet_ids |
			some service, need in demand.services
			need.waits == set()
			subnet_ids := _faults[demand.outlook][service][fault].proven
			subnet_ids != set()
		},
		"waits": union({
			{wait |
				some service, need in demand.services
				some wait in (need.waits | _faults[demand.outlook][service][fault].waits)
			},
			{wait |
				demand.others != set()
				some wait in (demand.others | _faults_of_others[demand.outlook][fault])
			},
			demand.hidden_subnet_waits,
		}),
	}
}

# by demand, the faults that any of its services may have; most demands have none
_conceivable := {key: faults |
	some key, demand in demands.by_key
	named := {fault | some service, _ in demand.services; some fault, _ in _faults[demand.outlook][service]}
	hidden := {fault | demand.hidden_subnet_waits != set(); some fault in (object.keys(_rank) - {"reachable"})}
	others := {fault | demand.others != set(); some fault, _ in _faults_of_others[demand.outlook]}
	faults := (named | hidden) | others
}

# by outlook, service and fault: where it is proven, and what it takes to know where else it is
_faults := {outlook: by_service |
	some outlook, verdicts in of
	by_service := {service: by_fault |
		some service, by_subnet in verdicts
		by_fault := {fault: {"proven": proven, "waits": waits} |
			some fault in (union({verdict.values | some verdict in by_subnet}) - {"reachable"})
			proven := {id | some id, verdict in by_subnet; verdict.values == {fault}}
			waits := union({verdict.waits | some verdict in by_subnet; fault in verdict.values})
		}
	}
}

# by outlook and fault that a service which nobody can name may have, what it takes to know
_faults_of_others := {outlook: by_fault |
	some outlook, wanted in _wanted
	by_fault := {fault: waits |
		verdicts := {verdict | some name in wanted.others; some verdict in by_name[outlook][name]}
		some fault in (union({verdict.values | some verdict in verdicts}) - {"reachable"})
		waits := union({verdict.waits | some verdict in verdicts; fault in verdict.values})
	}
}

# METADATA
# description: |
#   By outlook, service prefix and id of a subnet that was seen: {"values": possible outcomes ("reachable" or a fault),
#   "waits": what would settle it if there are several}.
of := {outlook: object.union(simple, composed) |
	some outlook, wanted in _wanted
	simple := {service: by_name[outlook][_only_name[service]] | some service in wanted.services}
	composed := {service: by_subnet |
		some service in (wanted.services - object.keys(_only_name))
		by_subnet := {id: _combined(service, [by_name[outlook][name][id] | some name in names(service)]) |
			some id in cohorts.spreads[outlook[1][0]].subnets
		}
	}
}

# METADATA
# description: As of, by the name that endpoints have instead of the service prefix.
by_name := {outlook: object.union(plain, others) |
	some outlook, wanted in _wanted
	[signature, place] := outlook
	spread := cohorts.spreads[place[0]]
	plain_names := wanted.names & _plain_names[spread.vpc_id]
	plain := {name: by_subnet |
		some name in plain_names
		by_subnet := {id: _plain_verdict(signature, name, id) | some id in spread.subnets}
	}
	others := {name: by_subnet |
		some name in (wanted.names - plain_names)
		by_subnet := {id: verdict |
			some id in spread.subnets
			admitting := {one |
				some one in endpoints.interfaces[[spread.vpc_id, name]]
				id in endpoints.admission[place][one].subnets
			}
			verdict := _shared_verdict(signature, name, id, admitting)
		}
	}
}

# METADATA
# description: The endpoint names of a service, given its IAM prefix.
# scope: document
names(service) := data.vpcguard.config.services.endpoint_names[service]

names(service) := [service] if not data.vpcguard.config.services.endpoint_names[service]

# METADATA
# description: True if a client of the service may use one of its endpoints and not another.
# scope: document
is_choice(service) if service in data.vpcguard.config.services.either

# METADATA
# description: What it waits for where that decides.
# scope: document
choice(service) := {"status": "undecidable", "name": service, "reason": "which of its endpoints the function calls"}

# METADATA
# description: Services that have gateway endpoints.
gateway_services := {service | some service in data.vpcguard.config.services.gateway}

# METADATA
# description: The interface endpoints of a service in a VPC, usable or not.
# scope: document
interfaces(vpc_id, service) := {id | some name in names(service); some id in endpoints.interfaces[[vpc_id, name]]}

# METADATA
# description: The gateway endpoints of a service in a VPC, usable or not.
# scope: document
gateways(vpc_id, service) := {id | some name in names(service); some id in endpoints.gateways[[vpc_id, name]]}

# METADATA
# description: |
#   The prefix lists of a service with gateway endpoints, by their name or by the routes to its endpoints in a VPC.
# scope: document
prefix_lists(vpc_id, service) := {id |
	some id, name in endpoints.prefix_list_names
	name in names(service)
	service in gateway_services
} | {route.destination |
	gateway_ids := gateways(vpc_id, service)
	some table in input.route_tables
	some route in table.routes
	route.target_id in gateway_ids
}

# METADATA
# description: |
#   Evidence about the services of a demand that a fault cuts off, and the subnets where it does: {"vpc_id", "services",
#   "subnets"}, the way to the internet over IPv4 in "subnets".
# scope: document
evidence(demand, subnet_ids) := {
	"vpc_id": demand.vpc_id,
	"services": [shown |
		some service, ids in subnet_ids
		shown := {"service": service, "basis": demand.services[service].basis, "subnet_ids": ids}
	],
	"subnets": [_ways_shown[config.trust_of[demand.outlook[0]]][id] | some id in union({ids | some ids in subnet_ids})],
}

# METADATA
# description: The basis that the certain needs of a crowd or demand share, declared or inferred.
# scope: document
basis(crowd) := min({need.basis | some need in crowd.services})

_ways_shown := {trust: by_subnet |
	some trust, outcomes in ways.ipv4
	by_subnet := {id: shown |
		some id, way in outcomes
		shown := {
			"subnet_id": id,
			"zone_id": object.get(facts.subnets[id], "zone_id", null),
			"state": way.state,
			"cause": {true: null, false: way.cause}[way.cause == ""],
			"hops": way.hops,
		}
	}
}

# by outlook, what is needed there, under which names, and the names that services which nobody can name may have
_wanted := {outlook: {"services": wanted, "names": (wanted_names | others), "others": others} |
	some outlook, found in _demands_from
	wanted := {service | some demand in found; some service, _ in demand.services}
	wanted_names := {name | some service in wanted; some name in names(service)}
	others := {name |
		union({demand.others | some demand in found}) != set()
		some name in _other_names[cohorts.spreads[outlook[1][0]].vpc_id]
	}
}

_demands_from := {outlook: found |
	some outlook in {demand.outlook | some demand in demands.by_key}
	found := {demand | some demand in demands.by_key; demand.outlook == outlook}
}

_only_name := {service: found[0] |
	some service in {service | some demand in demands.by_key; some service, _ in demand.services}
	found := names(service)
	count(found) == 1
}

# names that tell all cases apart that a service nobody can name may be in; the empty one has no endpoint
_other_names := {vpc_id: union({{""}, gateway_services, interface_names}) |
	some vpc_id, interface_names in _interface_names
}

_interface_names := {vpc_id: interface_names |
	some vpc_id in {spread.vpc_id | some spread in cohorts.spreads}
	interface_names := {name | some [other, name], _ in endpoints.interfaces; other == vpc_id}
}

# a client of the service uses all its names, so that the worst counts; of some services it may use one and not another
_combined(service, verdicts) := _settled(values, union({verdict.waits | some verdict in verdicts})) if {
	not is_choice(service)
	least := max([min(_ranks(verdict.values)) | some verdict in verdicts])
	values := {value | some verdict in verdicts; some value in verdict.values; _rank[value] >= least}
}

_combined(service, verdicts) := _settled(values, waits | {wait}) if {
	is_choice(service)
	values := union({verdict.values | some verdict in verdicts})
	waits := union({verdict.waits | some verdict in verdicts})
	wait := choice(service)
}

_settled(values, _) := {"values": values, "waits": set()} if count(values) == 1

_settled(values, waits) := {"values": values, "waits": waits} if count(values) > 1

_ranks(values) := {_rank[value] | some value in values}

_rank := {
	"reachable": 0,
	"gateway_route_missing": 1,
	"service_unreachable": 2,
	"private_dns_off": 3,
	"endpoint_blocked": 4,
}

# Where a name leads in the VPC, as possible answers: "served" by an endpoint, "blocked" at one that catches it, "deaf"
# (one exists and does not catch it), "absent". A name that is caught never reaches the gateway endpoint:
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DnsOptions.html
_outcomes(name, id, admitting) := {"values": values, "waits": waits} if {
	vpc_id := facts.subnets[id].vpc_id
	unread := facts.waits("vpc_endpoints", vpc_id)
	found := {one | some endpoint_id in endpoints.interfaces[[vpc_id, name]]; one := _interface(endpoint_id, admitting)}
	is_caught := _is_some({one | some one in found; one.values & {"deaf"} == set()})
	is_routed := _is_some(endpoints.gateways_at(id, name))
	may_be_unseen := _is_some({wait | not is_caught; some wait in unread})
	gateway_waits := _gateway_waits(vpc_id, name, id)
	values := union({
		{"served" | some one in found; "served" in one.values},
		{"served" | not is_caught; is_routed},
		{"served" | not is_caught; gateway_waits != set()},
		{"served" | may_be_unseen},
		{"blocked" | some one in found; "blocked" in one.values; not _is_served(found)},
		{"blocked" | may_be_unseen},
		{"deaf" | not is_caught; not is_routed; some one in found; "deaf" in one.values},
		{"deaf" | may_be_unseen; not is_routed},
		{"absent" | found == set(); not is_routed},
	})
	waits := union({one.waits | some one in found}) | (unread | gateway_waits)
}

# By VPC whose endpoints were read, the names for which it has no interface endpoint: what becomes of a call does not
# hang on the function's groups, and is found once for all functions.
_plain_names := {vpc_id: plain |
	some vpc_id, interface_names in _interface_names
	plain := {name | facts.is_known("vpc_endpoints", vpc_id); some name in (_wanted_names - interface_names)}
}

_wanted_names := union({wanted.names | some wanted in _wanted})

# admitting: the endpoints for the name whose groups admit the function there; functions share the answer
_shared_verdict(signature, name, id, admitting) := _verdict(signature, name, id, _outcomes(name, id, admitting))

_plain_verdict(signature, name, id) := _verdict(signature, name, id, _plain_outcomes(name, id))

_plain_outcomes(name, id) := _routed if endpoints.gateways_at(id, name) != set()

_plain_outcomes(name, id) := _nowhere if {
	endpoints.gateways_at(id, name) == set()
	_gateway_waits(facts.subnets[id].vpc_id, name, id) == set()
}

_plain_outcomes(name, id) := {"values": {"served", "absent"}, "waits": waits} if {
	endpoints.gateways_at(id, name) == set()
	waits := _gateway_waits(facts.subnets[id].vpc_id, name, id)
	waits != set()
}

_routed := {"values": {"served"}, "waits": set()}

_nowhere := {"values": {"absent"}, "waits": set()}

_is_served(found) if {"served"} in {one.values | some one in found}

default _is_some(_) := false

_is_some(things) if things != set()

_interface(endpoint_id, admitting) := {"values": (caught | deaf), "waits": (catching.waits | admission.waits)} if {
	catching := endpoints.catching[endpoint_id]
	admission := _admission(facts.vpc_endpoints[endpoint_id].state, endpoint_id, admitting)
	caught := {value | true in catching.values; some value in admission.values}
	deaf := {"deaf" | false in catching.values}
}

_admission("available", endpoint_id, admitting) := {"values": {"served"}, "waits": set()} if endpoint_id in admitting

_admission("available", endpoint_id, admitting) := {"values": ({"blocked"} | open), "waits": waits} if {
	not endpoint_id in admitting
	waits := endpoints.group_waits[endpoint_id]
	open := {"served" | waits != set()}
}

_admission(state, _, _) := {"values": {"blocked"}, "waits": set()} if state != "available"

# whether a gateway endpoint leads from the subnet, as far as it was not seen
_gateway_waits(_, name, _) := set() if not name in gateway_services

_gateway_waits(vpc_id, name, id) := waits if {
	name in gateway_services
	endpoints.gateways_at(id, name) == set()
	table_waits := {wait | endpoints.gateways[[vpc_id, name]]; some wait in endpoints.gateway_waits(id, vpc_id)}
	waits := table_waits | endpoints.unnamed_waits(id)
}

_gateway_waits(_, name, id) := set() if {
	name in gateway_services
	endpoints.gateways_at(id, name) != set()
}

# what follows for a function, given where the name leads, the way to the internet and central endpoints
_verdict(_, _, _, outcomes) := _settled(values, outcomes.waits) if {
	outcomes.values & {"deaf", "absent"} == set()
	values := _caught(outcomes)
}

_verdict(signature, name, id, outcomes) := _settled(values, union({outcomes.waits, way.waits, central.waits})) if {
	away := outcomes.values & {"deaf", "absent"}
	away != set()
	way := ways.ipv4[config.trust_of[signature]][id]
	central := _central(signature, name, id, way.is_isolated)
	values := _caught(outcomes) | {value |
		some one in away
		some value in _away(name, one, way, central)
	}
}

_caught(outcomes) := {value |
	some one in outcomes.values
	value := {"served": "reachable", "blocked": "endpoint_blocked"}[one]
}

_away(name, _, way, _) := {_beside_nat(name, way)} if way.state == "works"

_away(_, outcome, way, central) := {"reachable" | central.answer != "no"} | {_fault_of[outcome] |
	central.answer != "yes"
} if {
	way.state == "none"
}

_away(name, outcome, way, central) := union({
	{"reachable"},
	{_fault_of[outcome] | central.answer != "yes"},
	{_beside_nat(name, way) | _may_be_nat(way)},
}) if {
	way.state == "unknown"
}

_fault_of := {"deaf": "private_dns_off", "absent": "service_unreachable"}

default _beside_nat(_, _) := "reachable"

_beside_nat(name, way) := "gateway_route_missing" if {
	name in gateway_services
	_may_be_nat(way)
}

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
_central(signature, name, id, _) := {"answer": "yes", "waits": set()} if _is_central(signature, name, id)

_central(signature, name, id, is_isolated) := {"answer": "no", "waits": set()} if {
	not _is_central(signature, name, id)
	not _may_be_central(signature, id, is_isolated)
}

_central(signature, _, id, is_isolated) := {"answer": "unknown", "waits": waits} if {
	_may_be_central(signature, id, is_isolated)
	waits := {{"status": "opaque", "name": center, "reason": "may lead to central endpoints: set central_endpoints"} |
		some center in _private_centers[id]
	}
}

_is_central(signature, name, id) if {
	name in _central_names[signature]
	_centers[id] != set()
}

_may_be_central(signature, id, true) if {
	not _central_names[signature]
	_private_centers[id] != set()
}

_central_names := {signature: {name | some service in central; some name in names(service)} |
	some signature, settings in config.settings
	central := settings.central_endpoints
}

# by subnet, where its routes to other networks lead
_centers := {id: {route.target_id | some route in routes_of} | some id, routes_of in _routes_away}

_private_centers := {id: {route.target_id | some route in routes_of; _is_private(route.family, route.destination)} |
	some id, routes_of in _routes_away
}

_routes_away := {id: routes_of |
	some id in union({spread.subnets | some spread in cohorts.spreads})
	table_id := routes.table(id, facts.subnets[id].vpc_id)
	routes_of := [route |
		some route in facts.route_tables[table_id].routes
		route.state == "active"
		route.target_kind in {"transit_gateway", "vpc_peering_connection", "core_network"}
	]
}

_is_private("ipv4", destination) if _is_private_network(destination)

# while the list is unread the way out is unknown as well: no isolated subnet
_is_private("prefix_list", destination) if {
	some cidr in facts.prefix_lists[destination].cidrs
	_is_private_network(cidr)
}

_is_private_network(destination) if {
	not destination in data.vpcguard.config.services.everything
	true in {net.cidr_intersects(private, destination) | some private in data.vpcguard.config.services.private_networks}
}
