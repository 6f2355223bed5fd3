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
#   passes: Each usable interface endpoint of a needed service has a subnet in every zone of the function.
#   judged: >-
#     The zone ids of the function's subnets are compared with those of the usable interface endpoints of each needed
#     service. Endpoints that do not take over the service's name are not judged.
#   example: >-
#     orders runs in zones without an endpoint that it needs: vpce-sqs (sqs) is not in euw1-az2. Add a subnet in each
#     of these zones to the endpoint.
#   configuration: [intent]
#   limits: Gateway endpoints have no zones.
package vpcguard.rules.endpoints.interface_single_az

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.coverage
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.message
import data.vpcguard.lib.needs
import data.vpcguard.lib.network
import data.vpcguard.lib.result
import data.vpcguard.lib.services

metadata := result.metadata(rego.metadata.chain())

requires := {
	"event_sources",
	"function_tags",
	"prefix_list_entries",
	"roles",
	"security_groups",
	"subnets",
	"vpc_attributes",
	"vpc_endpoints",
}

applies := needs.needy_functions

deny contains result.violation(name, {
	"message": sprintf("%s runs in zones without an endpoint that it needs: %s. %s", [name, said, _advice]),
	"evidence": {
		"vpc_id": cohorts.by_key[crowd.cohort].vpc_id,
		"endpoints": gaps,
		"endpoints_with_own_policy": endpoints.with_own_policy(ids),
	},
	"root_causes": ids,
	"basis": services.basis(crowd),
}) if {
	some key, gaps in _gaps
	crowd := needs.crowds[key]
	ids := union({gap.endpoint_ids | some gap in gaps})
	said := message.list({sprintf(
		"%s (%s) is not in %s",
		[message.list(gap.endpoint_ids), gap.service, message.list(gap.zone_ids)],
	) |
		some gap in gaps
	})
	some name in crowd.functions
}

unknown contains result.unknown(name, waits) if {
	some key in needs.needy
	not _gaps[key]
	waits := _waits(needs.crowds[key])
	waits != set()
	some name in needs.crowds[key].functions
}

_gaps := {key: gaps |
	some key in needs.needy
	crowd := needs.crowds[key]
	gaps := [gap |
		some service, need in crowd.services
		need.waits == set()
		some name in services.names(service)
		spread := _spread[crowd.cohort][name]
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

_waits(crowd) := union({
	{wait |
		some service, need in crowd.services
		some name in services.names(service)
		spread := _spread[crowd.cohort][name]
		spread.zone_ids != set()
		some wait in (need.waits | spread.waits)
	},
	{wait |
		crowd.others != set()
		some spread in _spread[crowd.cohort]
		spread.zone_ids != set()
		some wait in (crowd.others | spread.waits)
	},
	{wait |
		_is_served(crowd)
		zone_waits := network.waits_for_zones(cohorts.by_key[crowd.cohort].subnets)
		some wait in (cohorts.hidden_subnet_waits[crowd.cohort] | zone_waits)
	},
	{wait |
		_may_be_unseen(crowd)
		some wait in (coverage.waits("vpc_endpoints", cohorts.by_key[crowd.cohort].vpc_id) | crowd.others)
	},
})

# a zone that nobody saw may lack each endpoint there is
_is_served(crowd) if {
	some service, _ in crowd.services
	some name in services.names(service)
	_spread[crowd.cohort][name]
}

_is_served(crowd) if {
	crowd.others != set()
	some _ in _spread[crowd.cohort]
}

# one VPC holds at most one endpoint that catches a name, so that a further one would have to be for another name
_may_be_unseen(crowd) if {
	coverage.waits("vpc_endpoints", cohorts.by_key[crowd.cohort].vpc_id) != set()
	some service, _ in crowd.services
	some name in services.names(service)
	not _is_caught(cohorts.by_key[crowd.cohort].vpc_id, name)
}

_may_be_unseen(crowd) if {
	coverage.waits("vpc_endpoints", cohorts.by_key[crowd.cohort].vpc_id) != set()
	crowd.others != set()
}

_is_caught(vpc_id, name) if {
	some id in endpoints.interfaces[[vpc_id, name]]
	endpoints.catching[id].values == {true}
}

# by cohort and endpoint name, the zones of the function that no usable endpoint is in
_spread := {key: by_name |
	some key in {needs.crowds[crowd_key].cohort | some crowd_key in needs.needy}
	cohort := cohorts.by_key[key]
	zone_ids := {network.subnets[id].zone_id | some id in cohort.subnets}
	by_name := {name: spread |
		some name, _ in services.by_name[key]
		ids := endpoints.interfaces[[cohort.vpc_id, name]]
		usable := {id | some id in ids; _is_usable(key, id)}
		perhaps := {id | some id in (ids - usable); _may_be_usable(key, id)}
		usable | perhaps != set()
		spread := _judged(zone_ids, usable, perhaps, union({endpoints.admission[key][id].waits | some id in perhaps}))
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

_is_usable(key, id) if {
	network.vpc_endpoints[id].state == "available"
	endpoints.catching[id].values == {true}
	endpoints.admission[key][id].subnets != set()
}

_may_be_usable(key, id) if {
	network.vpc_endpoints[id].state == "available"
	true in endpoints.catching[id].values
	endpoints.admission[key][id] != {"subnets": set(), "waits": set()}
}

# its groups may admit a subnet that nobody saw
_may_be_usable(key, id) if {
	network.vpc_endpoints[id].state == "available"
	true in endpoints.catching[id].values
	cohorts.by_key[key].hidden_subnets != {}
}

_zones(ids) := union({_zones_of[id] | some id in ids})

_zones_of := {one.id: zone_ids |
	some one in input.vpc_endpoints
	zone_ids := {network.subnets[id].zone_id | some id in one.subnet_ids}
}

_subnet_waits(id) := {wait |
	some subnet_id in network.vpc_endpoints[id].subnet_ids
	not network.subnets[subnet_id].zone_id
	some wait in _zone_waits(subnet_id, network.vpc_endpoints[id].vpc_id)
}

_zone_waits(subnet_id, vpc_id) := waits if {
	waits := coverage.waits_within("subnets", subnet_id, vpc_id)
	waits != set()
}

_zone_waits(subnet_id, vpc_id) := {{
	"status": "unknown",
	"name": "ec2:DescribeSubnets",
	"reason": $"no zone of {subnet_id}",
}} if {
	coverage.waits_within("subnets", subnet_id, vpc_id) == set()
}

_advice := "Add a subnet in each of these zones to the endpoint."
