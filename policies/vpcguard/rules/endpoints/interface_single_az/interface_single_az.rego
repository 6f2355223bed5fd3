# METADATA
# title: A needed endpoint is in fewer Availability Zones than the function
# description: |
#   Calls from the other zones cross to the endpoint's zone, and if that zone fails the service is out of reach from all
#   of them.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html
# custom:
#   severity: low
#   advice: Add a subnet in each of the function's zones to the endpoint.
#   remediation: none
#   applies_to: functions in a VPC that have a subnet left and need an AWS service, or may need one
#   applies_if: [attached, subnets, needs]
#   passes: Each usable interface endpoint of a needed service has a subnet in every zone of the function.
#   judged: >-
#     The zone ids of the function's subnets are compared with those of the usable interface endpoints of each needed
#     service. Endpoints that do not take over the service's name are not judged. Gateway endpoints have no zones.
#   configuration: [intent]
#   reads: []
package vpcguard.rules.endpoints.interface_single_az

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.demands
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.facts
import data.vpcguard.lib.needs
import data.vpcguard.lib.reachability
import data.vpcguard.lib.result

applies := needs.needy_functions

deny contains result.violation(name, {
	"message": sprintf("%s runs in zones without an endpoint that it needs: %s. %s", [name, said, _advice]),
	"evidence": {
		"vpc_id": demand.vpc_id,
		"endpoints": gaps,
		"endpoints_with_own_policy": endpoints.with_own_policy(ids),
	},
	"root_causes": ids,
	"basis": basis,
}) if {
	some key, gaps in _gaps
	demand := demands.by_key[key]
	ids := union({gap.endpoint_ids | some gap in gaps})
	said := result.list({sprintf(
		"%s (%s) is not in %s",
		[result.list(gap.endpoint_ids), gap.service, result.list(gap.zone_ids)],
	) |
		some gap in gaps
	})
	basis := reachability.basis(demand)
	some name in demands.functions({key})
}

unknown contains result.unknown(name, waits) if {
	some key in _concerned
	not _gaps[key]
	waits := _waits(demands.by_key[key])
	waits != set()
	some name in demands.functions({key})
}

# demands from VPCs that have an interface endpoint, or may have one
_concerned := {key |
	some key, demand in demands.by_key
	demand.vpc_id in (_with_endpoints | _unread)
}

_with_endpoints := {vpc_id | some [vpc_id, _], _ in endpoints.interfaces}

_unread := object.keys(facts.doubtful("vpc_endpoints", {demand.vpc_id | some demand in demands.by_key}))

_gaps := {key: gaps |
	some key in _concerned
	demand := demands.by_key[key]
	gaps := [gap |
		some service, need in demand.services
		need.waits == set()
		some name in reachability.names(service)
		spread := _spread[demand.outlook][name]
		spread.is_proven
		gap := {
			"service": service,
			"basis": need.basis,
			"endpoint_ids": spread.endpoint_ids,
			"zone_ids": spread.zone_ids,
		}
	]
	gaps != []
}

_waits(demand) := union({
	{wait |
		some service, need in demand.services
		some name in reachability.names(service)
		spread := _spread[demand.outlook][name]
		spread.zone_ids != set()
		some wait in (need.waits | spread.waits)
	},
	{wait |
		demand.others != set()
		some spread in _spread[demand.outlook]
		spread.zone_ids != set()
		some wait in (demand.others | spread.waits)
	},
	{wait |
		_is_served(demand)
		zone_waits := facts.waits_for_zones(cohorts.spreads[demand.place[0]].subnets)
		some wait in (demand.hidden_subnet_waits | zone_waits)
	},
	{wait |
		_may_be_unseen(demand)
		some wait in (facts.waits("vpc_endpoints", demand.vpc_id) | demand.others)
	},
})

# a zone that nobody saw may lack each endpoint there is
_is_served(demand) if {
	some service, _ in demand.services
	some name in reachability.names(service)
	_spread[demand.outlook][name]
}

_is_served(demand) if {
	demand.others != set()
	some _ in _spread[demand.outlook]
}

# one VPC holds at most one endpoint that catches a name, so that a further one would have to be for another name
_may_be_unseen(demand) if {
	demand.vpc_id in _unread
	some service, _ in demand.services
	some name in reachability.names(service)
	not _is_caught(demand.vpc_id, name)
}

_may_be_unseen(demand) if {
	demand.vpc_id in _unread
	demand.others != set()
}

_is_caught(vpc_id, name) if {
	some id in endpoints.interfaces[[vpc_id, name]]
	endpoints.catching[id].values == {true}
}

# by outlook and endpoint name, the zones of the function that no usable endpoint is in
_spread := {outlook: by_name |
	some outlook in {demands.by_key[key].outlook | some key in _concerned}
	place := outlook[1]
	spread := cohorts.spreads[place[0]]
	zone_ids := {facts.subnets[id].zone_id | some id in spread.subnets}
	by_name := {name: found |
		some name, _ in reachability.by_name[outlook]
		ids := endpoints.interfaces[[spread.vpc_id, name]]
		usable := {id | some id in ids; _is_usable(place, id)}
		perhaps := {id | some id in (ids - usable); _may_be_usable(place, id)}
		usable | perhaps != set()
		found := _judged(zone_ids, usable, perhaps, union({endpoints.admission[place][id].waits | some id in perhaps}))
	}
}

_judged(zone_ids, usable, perhaps, admission_waits) := {
	"endpoint_ids": usable,
	"zone_ids": lacking,
	"is_proven": _is_proven(usable, zone_ids - _zones(usable | perhaps), unseen),
	"waits": union({unseen, admission_waits, union({endpoints.catching[id].waits | some id in perhaps})}),
} if {
	unseen := {wait | some id in (usable | perhaps); some wait in _subnet_waits(id)}
	lacking := _lacking(zone_ids, usable, perhaps)
}

_lacking(zone_ids, usable, _) := zone_ids - _zones(usable) if usable != set()

_lacking(zone_ids, usable, perhaps) := {zone_id | some id in perhaps; some zone_id in (zone_ids - _zones({id}))} if {
	usable == set()
}

default _is_proven(_, _, _) := false

_is_proven(usable, lacking, unseen) if {
	usable != set()
	lacking != set()
	unseen == set()
}

_is_usable(place, id) if {
	facts.vpc_endpoints[id].state == "available"
	endpoints.catching[id].values == {true}
	endpoints.admission[place][id].subnets != set()
}

_may_be_usable(place, id) if {
	facts.vpc_endpoints[id].state == "available"
	true in endpoints.catching[id].values
	endpoints.admission[place][id] != {"subnets": set(), "waits": set()}
}

# its groups may admit a subnet that nobody saw
_may_be_usable(place, id) if {
	facts.vpc_endpoints[id].state == "available"
	true in endpoints.catching[id].values
	cohorts.spreads[place[0]].hidden_subnets != {}
}

_zones(ids) := union({_zones_of[id] | some id in ids})

_zones_of := {one.id: zone_ids |
	some one in input.vpc_endpoints
	zone_ids := {facts.subnets[id].zone_id | some id in one.subnet_ids}
}

_subnet_waits(id) := {wait |
	some subnet_id in facts.vpc_endpoints[id].subnet_ids
	not facts.subnets[subnet_id].zone_id
	some wait in _zone_waits(subnet_id, facts.vpc_endpoints[id].vpc_id)
}

_zone_waits(subnet_id, vpc_id) := waits if {
	waits := facts.waits_within("subnets", subnet_id, vpc_id)
	waits != set()
}

_zone_waits(subnet_id, vpc_id) := {{
	"status": "unknown",
	"name": "ec2:DescribeSubnets",
	"reason": $"no zone of {subnet_id}",
}} if {
	facts.waits_within("subnets", subnet_id, vpc_id) == set()
}

_advice := "Add a subnet in each of these zones to the endpoint."
