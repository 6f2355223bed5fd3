# METADATA
# title: Endpoints
# description: Which VPC endpoints serve a function from each of its subnets, which do not and why, and what it reaches.
package vpcguard.explanation.endpoints

import data.vpcguard.explanation.filters
import data.vpcguard.lib.cohorts
import data.vpcguard.lib.egress
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.facts
import data.vpcguard.lib.needs
import data.vpcguard.lib.reachability
import data.vpcguard.lib.result

# METADATA
# description: |
#   By function name and id of a subnet that was seen: {"endpoints", "endpoints_wait_for" (what it takes to know that
#   there are no others), "services" (what the function needs, and what a call from there comes to)}.
at := {name: by_subnet |
	some name, key in cohorts.of
	by_subnet := {id: found |
		some id in cohorts.by_key[key].subnets
		found := object.union(_around[key][id], {"services": _reached(name, key, id)})
	}
}

# METADATA
# description: The same for a subnet that was not seen.
nowhere := {"endpoints": [], "endpoints_wait_for": set(), "services": []}

# METADATA
# description: |
#   By function name, what calls to each needed service come to, subnets alike together: [{"service", "basis",
#   "outcome", "mark" (as of ways), "text", "subnet_ids"}].
calls := object.union({name: [] | some name, _ in facts.functions}, {name: listed |
	some name, key in cohorts.of
	listed := [call |
		some service, need in needs.of[name]
		by_fate := facts.grouped([[fate, id] |
			some id in cohorts.by_key[key].subnets
			outcome := _outcome(reachability.of[key][service][id].values)
			fate := [outcome, _told(key, service, id, outcome)]
		])
		some [outcome, told], ids in by_fate
		waits := union({reachability.of[key][service][id].waits | some id in ids})
		call := object.union(
			{
				"service": service,
				"basis": need.basis,
				"outcome": outcome,
				"mark": object.get(_marks, outcome, "broken"),
				"text": concat("", [told, concat("", [$", because of {result.awaited(waits)}" | outcome == "unknown"])]),
				"subnet_ids": ids,
			},
			_kept_in(name, service, told),
		)
	]
})

# by groups that do not let it out, whatever stands behind them
_kept_in(name, service, told) := {"mark": "broken", "text": text} if {
	service in filters.kept_in[name]
	text := $"{told}; its security groups let no TCP 443 out to it"
} else := {}

_marks := {"reachable": "passed", "gateway_route_missing": "passed", "unknown": "in_doubt"}

# what a call comes to, and through which endpoint or why through none
_told(key, service, id, "reachable") := $"goes through {result.all_named(through)}" if {
	through := {one | some one in endpoints.serving[key][id]; endpoints.names[one] in endpoints.names_of(service)}
	through != set()
} else := "goes the way to the internet" if {
	egress.of[key][id].state == "works"
} else := "goes to a central endpoint"

_told(_, _, _, "unknown") := "in doubt"

_told(key, service, id, outcome) := concat("", [_outcomes[outcome], why]) if {
	not outcome in {"reachable", "unknown"}
	refusals := {$"{result.named(one)}: {refused.reason}" |
		some one in _in_vpc[cohorts.by_key[key].vpc_id]
		endpoints.names[one] in endpoints.names_of(service)
		refused := _serving(key, id, one)
		refused.serves == "no"
	}
	why := concat("", [$" ({result.list(refusals)})" | refusals != set()])
}

_around := {key: by_subnet |
	some key, cohort in cohorts.by_key
	by_subnet := {id: found |
		some id in cohort.subnets
		found := {
			"endpoints": [object.union(_about(endpoint_id), _serving(key, id, endpoint_id)) |
				some endpoint_id in (_in_vpc[cohort.vpc_id] | endpoints.serving[key][id])
			],
			"endpoints_wait_for": facts.waits("vpc_endpoints", cohort.vpc_id),
		}
	}
}

_in_vpc := {vpc_id: ids |
	some vpc_id in {cohort.vpc_id | some cohort in cohorts.by_key}
	ids := {one.id |
		some one in input.vpc_endpoints
		one.vpc_id == vpc_id
		object.get(one, "state", "") != "deleted"
	}
}

_about(id) := {
	"endpoint_id": id,
	"text": result.named(id),
	"type": facts.vpc_endpoints[id].type,
	"service": object.get(endpoints.names, id, null),
	"state": object.get(facts.vpc_endpoints[id], "state", null),
} if {
	facts.vpc_endpoints[id]
}

# only a route of a shared VPC tells of it
_about(id) := {"endpoint_id": id, "text": id, "type": null, "service": null, "state": null} if {
	not facts.vpc_endpoints[id]
}

_serving(key, subnet_id, id) := {"serves": "yes", "reason": reason, "waits_for": set()} if {
	id in endpoints.serving[key][subnet_id]
	reason := _use(facts.subnets[subnet_id].vpc_id, subnet_id, id)
}

_serving(key, subnet_id, id) := object.union({"waits_for": set()}, answer) if {
	not id in endpoints.serving[key][subnet_id]
	one := facts.vpc_endpoints[id]
	answer := _refusal(one.type, object.get(one, "state", "available"), {"key": key, "subnet": subnet_id}, id)
}

_use(vpc_id, subnet_id, id) := sprintf("%s leads to it", [egress.route_table(subnet_id, vpc_id)]) if {
	object.get(_types, id, "Gateway") == "Gateway"
}

_use(_, _, id) := "it catches the service's name and admits the function" if _types[id] == "Interface"

_types := {one.id: one.type | some one in input.vpc_endpoints}

_refusal(type, state, _, _) := {"serves": "no", "reason": $"it is {state}"} if {
	type in {"Gateway", "Interface"}
	state != "available"
}

_refusal(type, _, _, _) := {"serves": "no", "reason": "its kind serves no AWS service by name"} if {
	not type in {"Gateway", "Interface"}
}

_refusal("Gateway", "available", at_subnet, id) := {"serves": "no", "reason": endpoints.uncaught[resolving.cause]} if {
	_is_routed(at_subnet.subnet, id)
	resolving := endpoints.resolving[facts.vpc_endpoints[id].vpc_id]
} else := _doubt(waits) if {
	waits := endpoints.gateway_waits(at_subnet.subnet, facts.subnets[at_subnet.subnet].vpc_id)
	waits != set()
} else := {"serves": "no", "reason": $"no route of {table_id} leads to it"} if {
	table_id := egress.route_table(at_subnet.subnet, facts.subnets[at_subnet.subnet].vpc_id)
}

_refusal("Interface", "available", _, id) := {"serves": "no", "reason": endpoints.uncaught[cause]} if {
	endpoints.catching[id].values == {false}
	cause := endpoints.catching[id].cause
}

_refusal("Interface", "available", at_subnet, id) := {"serves": "no", "reason": reason} if {
	true in endpoints.catching[id].values
	_is_refused(at_subnet, id)
	reason := sprintf("its security groups (%s) admit no TCP 443 from the function there", [
		result.list({group_id | some group_id in facts.vpc_endpoints[id].security_group_ids}),
	])
}

_refusal("Interface", "available", at_subnet, id) := _doubt(waits) if {
	true in endpoints.catching[id].values
	not _is_refused(at_subnet, id)
	waits := union({
		endpoints.state_waits(id),
		endpoints.catching[id].waits,
		endpoints.admission_waits(at_subnet.key, id, at_subnet.subnet),
	})
}

_is_refused(at_subnet, id) if {
	admitted := endpoints.admission[at_subnet.key][id]
	not at_subnet.subnet in admitted.subnets
	admitted.waits == set()
}

_is_routed(subnet_id, id) if id in endpoints.gateways_at(subnet_id, endpoints.names[id])

_doubt(waits) := {"serves": "unknown", "reason": $"it waits for {result.awaited(waits)}", "waits_for": waits}

_reached(name, key, subnet_id) := [reached |
	some service, _ in needs.of[name]
	verdict := reachability.of[key][service][subnet_id]
	outcome := _outcome(verdict.values)
	reached := {"service": service, "outcome": outcome, "text": _outcomes[outcome], "waits_for": verdict.waits}
]

_outcomes := {
	"reachable": "can be reached",
	"gateway_route_missing": "can be reached, through a NAT that a gateway endpoint would spare",
	"endpoint_blocked": "out of reach, as an endpoint that cannot be used takes over its name",
	"private_dns_off": "out of reach, as its name does not lead to the endpoint",
	"service_unreachable": "out of reach, with neither an endpoint nor a way to the internet",
	"unknown": "in doubt",
}

_outcome(values) := value if {
	count(values) == 1
	some value in values
}

_outcome(values) := "unknown" if count(values) > 1
