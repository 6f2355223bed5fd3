# METADATA
# title: A needed endpoint is in fewer Availability Zones than the function
# description: |
#   Calls from the other zones cross to the endpoint's zone, and if that zone fails the service is out of reach from all
#   of them.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html
# custom:
#   doubt: Not known whether a needed endpoint is in fewer Availability Zones than the function
#   severity: low
#   advice: Add a subnet in each of the function's zones to the endpoint.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left and need an AWS service, or may need one
#   applies_if: [attached, subnets, needs]
#   passes: Each usable interface endpoint of a needed service has a subnet in every zone of the function.
#   judged: >-
#     The zone ids of the function's subnets are compared with those of the usable interface endpoints of each needed
#     service. Endpoints that do not take over the service's name are not judged. Gateway endpoints have no zones. A
#     zone that the service does not offer to endpoints is no fault of the endpoint.
#   configuration: [intent]
#   reads: []
#   statement: [endpoints.service, endpoints.endpoint_ids, endpoints.zone_ids]
package vpcguard.rules.endpoints.interface_single_az

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.facts
import data.vpcguard.lib.needs
import data.vpcguard.lib.result

applies := needs.callers

deny contains result.violation(name, {
	"message": $"{name}: {said}.",
	"advice": concat(" ", {_advice(zone_ids, _they(_lacking_in(gaps, zone_ids), ids)) |
		some zone_ids in {gap.zone_ids | some gap in gaps}
	}),
	"evidence": {
		"vpc_id": vpc_id,
		"endpoints": gaps,
		"endpoints_with_own_policy": endpoints.with_own_policy(ids),
	},
	"root_causes": {id | id := min(intersection({gap.endpoint_ids | some gap in gaps}))},
	"basis": needs.basis(name),
}) if {
	some name, gaps in _gaps
	vpc_id := cohorts.by_key[cohorts.of[name]].vpc_id
	ids := union({gap.endpoint_ids | some gap in gaps})
	said := concat("; ", {sprintf("%s %s not in %s, %s of the function", [
		result.list({$"{result.all_named(gap.endpoint_ids)} for {gap.service}" | some gap in gaps; gap.zone_ids == zone_ids}),
		result.word(_lacking_in(gaps, zone_ids), "is", "are"),
		result.zones(zone_ids),
		result.word(zone_ids, "a zone", "zones"),
	]) |
		some zone_ids in {gap.zone_ids | some gap in gaps}
	})
}

unknown contains result.unknown(name, waits) if {
	some key, cohort in _concerned
	some name in (cohort.functions & needs.callers)
	not _gaps[name]
	waits := _waits(name, key)
	waits != set()
}

_advice(zone_ids, they) := sprintf("Add %s in %s to %s.", [
	result.word(zone_ids, "a subnet", "subnets"),
	result.zones(zone_ids),
	they,
])

# named again only where not all of them are meant
_they(some_ids, all_ids) := result.word(some_ids, "the endpoint", "each of the endpoints") if {
	some_ids == all_ids
} else := result.all_named(some_ids)

# the endpoints that are not in the same zones are told together
_lacking_in(gaps, zone_ids) := union({gap.endpoint_ids | some gap in gaps; gap.zone_ids == zone_ids})

# by key, the cohorts in VPCs that have an interface endpoint, or may have one
_concerned := {key: cohort |
	with_endpoints := {vpc_id | some [vpc_id, _], _ in endpoints.interfaces}
	some key, cohort in cohorts.by_key
	cohort.vpc_id in (with_endpoints | _unread)
}

_unread := object.keys(facts.doubtful("vpc_endpoints", {cohort.vpc_id | some cohort in cohorts.by_key}))

# by function, the certainly needed endpoints that are certainly not in all its zones
_gaps := {name: gaps |
	some key, cohort in _concerned
	some name in (cohort.functions & needs.callers)
	gaps := [gap |
		some service, need in needs.of[name]
		need.waits == set()
		some endpoint_name in endpoints.names_of(service)
		gap := _gap(service, need.basis, _zones[key][endpoint_name])
	]
	gaps != []
}

_gap(service, basis, zones) := {
	"service": service,
	"basis": basis,
	"endpoint_ids": zones.endpoint_ids,
	"zone_ids": zones.zone_ids,
} if {
	zones.is_proven
}

_waits(name, key) := union({
	{wait |
		some service, need in needs.of[name]
		some endpoint_name in endpoints.names_of(service)
		zones := _zones[key][endpoint_name]
		zones.zone_ids != set()
		some wait in (need.waits | zones.waits)
	},
	{wait |
		needs.others[name] != set()
		some zones in _zones[key]
		zones.zone_ids != set()
		some wait in (needs.others[name] | zones.waits)
	},
	{wait |
		_is_served(name, key)
		zone_waits := facts.waits_for_zones(cohorts.by_key[key].subnets)
		some wait in (cohorts.by_key[key].hidden_subnet_waits | zone_waits)
	},
	{wait |
		_may_be_unseen(name, cohorts.by_key[key].vpc_id)
		some wait in (facts.waits("vpc_endpoints", cohorts.by_key[key].vpc_id) | needs.others[name])
	},
})

# a zone that nobody saw may lack each endpoint there is
_is_served(name, key) if {
	some service, _ in needs.of[name]
	some endpoint_name in endpoints.names_of(service)
	_zones[key][endpoint_name]
}

_is_served(name, key) if {
	needs.others[name] != set()
	_zones[key] != {}
}

# one VPC holds at most one endpoint that catches a name, so that a further one would have to be for another name
_may_be_unseen(name, vpc_id) if {
	vpc_id in _unread
	some service, _ in needs.of[name]
	some endpoint_name in endpoints.names_of(service)
	not _is_caught(vpc_id, endpoint_name)
}

_may_be_unseen(name, vpc_id) if {
	vpc_id in _unread
	needs.others[name] != set()
}

_is_caught(vpc_id, name) if {
	some id in endpoints.interfaces[[vpc_id, name]]
	endpoints.catching[id].values == {true}
}

# by cohort and name of usable endpoints, the zones of the functions that none of them is in
_zones := {key: by_name |
	some key, cohort in _concerned
	zone_ids := cohorts.zones[key]
	by_name := {name: zones |
		some [vpc_id, name], ids in endpoints.interfaces
		vpc_id == cohort.vpc_id
		usable := {id | some id in ids; _is_usable(key, id)}
		perhaps := {id | some id in (ids - usable); _may_be_usable(key, id)}
		usable | perhaps != set()
		zones := _judged(zone_ids, usable, perhaps, union({endpoints.admission[key][id].waits | some id in perhaps}))
	}
}

_judged(zone_ids, usable, perhaps, admission_waits) := {
	"endpoint_ids": usable,
	"zone_ids": lacking,
	"is_proven": _is_proven(usable, offered - _zones_of(usable | perhaps), unseen | of_service),
	"waits": union({
		unseen,
		of_service,
		admission_waits,
		union({(endpoints.catching[id].waits | endpoints.state_waits(id)) | some id in perhaps}),
	}),
} if {
	unseen := {wait | some id in (usable | perhaps); some wait in _subnet_waits(id)}
	offered := zone_ids - union({_not_offered(id, zone_ids) | some id in (usable | perhaps)})
	lacking := _lacking(offered, usable, perhaps)
	of_service := {wait | lacking != set(); some id in (usable | perhaps); some wait in _service_waits(id)}
}

# The zones of the function in which the endpoint's service takes no endpoints: no fault of the endpoint
_not_offered(id, zone_ids) := zone_ids - _offered[facts.vpc_endpoints[id].service_name] if {
	_offered[facts.vpc_endpoints[id].service_name]
} else := set()

_offered := {one.id: {zone_id | some zone_id in one.zone_ids} | some one in input.endpoint_services}

_service_waits(id) := set() if {
	_offered[facts.vpc_endpoints[id].service_name]
} else := waits if {
	waits := facts.waits("endpoint_services", "")
	waits != set()
} else := {{"status": "opaque", "name": "ec2:DescribeVpcEndpointServices", "reason": $"no zones of {service}"}} if {
	service := facts.vpc_endpoints[id].service_name
}

_lacking(zone_ids, usable, perhaps) := zone_ids - _zones_of(usable) if {
	usable != set()
} else := {zone_id | some id in perhaps; some zone_id in (zone_ids - _zones_of({id}))}

default _is_proven(_, _, _) := false

_is_proven(usable, lacking, unseen) if {
	usable != set()
	lacking != set()
	unseen == set()
}

_is_usable(key, id) if {
	endpoints.availability[id] == {true}
	endpoints.catching[id].values == {true}
	endpoints.admission[key][id].subnets != set()
}

# its groups may admit a subnet that nobody saw
_may_be_usable(key, id) if {
	true in endpoints.availability[id]
	true in endpoints.catching[id].values
	[endpoints.admission[key][id], cohorts.by_key[key].hidden_subnets] != [{"subnets": set(), "waits": set()}, {}]
}

_zones_of(endpoint_ids) := {facts.subnets[subnet_id].zone_id |
	some id in endpoint_ids
	some subnet_id in facts.vpc_endpoints[id].subnet_ids
}

_subnet_waits(id) := {wait |
	some subnet_id in facts.vpc_endpoints[id].subnet_ids
	not facts.subnets[subnet_id].zone_id
	some wait in _zone_waits(subnet_id, facts.vpc_endpoints[id].vpc_id)
}

_zone_waits(subnet_id, vpc_id) := waits if {
	waits := facts.waits_within("subnets", subnet_id, vpc_id)
	waits != set()
} else := {{"status": "opaque", "name": "ec2:DescribeSubnets", "reason": $"no zone of {subnet_id}"}}
