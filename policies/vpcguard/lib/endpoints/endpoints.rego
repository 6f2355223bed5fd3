# METADATA
# title: Endpoints
# description: |
#   The VPC endpoints that functions can use: which service each is for, whether it catches the service's name, and
#   which subnets it serves. An endpoint outside these tables (Gateway Load Balancer, Resource, ServiceNetwork) serves
#   no AWS service. https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html
package vpcguard.lib.endpoints

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts
import data.vpcguard.lib.routes
import data.vpcguard.lib.security_groups

# METADATA
# description: |
#   By cohort key, its place: [key of its spread, its groups]. What endpoints are to a function hangs on nothing else.
#   No group is named where the VPC has no interface endpoint.
place_of := object.union(
	{key: [cohort.spread, set()] | some key, cohort in cohorts.by_key},
	{key: [cohort.spread, cohort.named_groups] | some key, cohort in cohorts.by_key; _in_vpc[cohort.vpc_id]},
)

# METADATA
# description: |
#   By cohort key and id of a subnet that was seen, the endpoints that serve the cohort's functions there: available,
#   the name caught, the groups admitting them; or a gateway endpoint routed there.
serving := {key: _serving[place] | some key, place in place_of}

# METADATA
# description: |
#   By cohort key and subnet id as serving, what would have to be read to know of further ones; empty where all is
#   known.
serving_waits := {key: _serving_waits[place] | some key, place in place_of}

# METADATA
# description: |
#   By endpoint id, the service it is for: its ServiceName without everything up to and including the region and a dot,
#   so that partitions need no list. A name without this region is kept whole and is no regional service's.
names := {one.id: _name(one.service_name) | some one in input.vpc_endpoints}

# METADATA
# description: By id of a prefix list with a name, the service it is for, as in names.
prefix_list_names := {one.id: _name(one.name) | some one in input.prefix_lists}

# METADATA
# description: |
#   Ids of the interface endpoints by [VPC id, service name]. Deleted ones linger in AWS's answers and are left out.
interfaces := _grouped({one.id: [one.vpc_id, names[one.id]] |
	some one in input.vpc_endpoints
	one.type == "Interface"
	one.state != "deleted"
})

# METADATA
# description: Ids of the gateway endpoints by [VPC id, service name], available or not.
gateways := _grouped({one.id: [one.vpc_id, names[one.id]] |
	some one in input.vpc_endpoints
	one.type == "Gateway"
	one.state != "deleted"
})

# METADATA
# description: |
#   By id of an interface endpoint, whether the service's name leads to it: {"values": possible answers, "cause": why
#   not ("" unless certain), "waits"}. https://docs.aws.amazon.com/vpc/latest/privatelink/interface-endpoints.html
catching := {one.id: answer |
	some one in input.vpc_endpoints
	one.type == "Interface"
	answer := _catching(one.private_dns_enabled, one.private_dns_only_for_inbound_resolver, one.vpc_id)
}

# METADATA
# description: In words, by the cause that catching names, why a service's name does not lead to an interface endpoint.
uncaught := {
	"private_dns_disabled": "its private DNS is off",
	"private_dns_for_inbound_resolver_only": "its private DNS is for inbound resolvers only",
	"dns_support_disabled": "DNS support of the VPC is off",
	"dns_hostnames_disabled": "DNS hostnames of the VPC are off",
}

# METADATA
# description: |
#   By place and id of an interface endpoint in its VPC, whom the endpoint's groups admit on 443: {"subnets": those
#   of the place's subnets that are admitted, "waits": what may admit the others}. A function is admitted by one of its
#   groups, or where a network or prefix list contains the whole IPv4 network of its subnet.
admission := {place: by_endpoint |
	some place in _places
	by_endpoint := {id: {"subnets": _admitted[place][_groups_of[id]], "waits": group_waits[id]} |
		some id in _in_vpc[cohorts.spreads[place[0]].vpc_id]
	}
}

# METADATA
# description: By id of an interface endpoint, what it takes to know everybody whom its groups admit.
group_waits := {id: waits |
	some vpc_id, ids in _in_vpc
	some id in ids
	waits := union({
		security_groups.into[_groups_of[id]].waits,
		{wait |
			some group_id in _groups_of[id]
			not facts.security_groups[group_id]
			some wait in facts.waits("security_groups", vpc_id)
		},
		{wait |
			_groups_of[id] == set()
			wait := {"status": "unknown", "name": "ec2:DescribeVpcEndpoints", "reason": $"no groups of {id}"}
		},
	})
}

# METADATA
# description: |
#   Ids of the available gateway endpoints for a service that a subnet's route table leads to. In a shared VPC whose
#   owner is out of reach a route from the service's prefix list proves one.
# scope: document
gateways_at(subnet_id, name) := {id | some id in _gateways_at[subnet_id]; name in _gateway_names[id]}

# METADATA
# description: |
#   What it takes to know the gateway endpoints of a subnet beyond those seen there, unread endpoints aside: empty where
#   its route table was read.
# scope: document
gateway_waits(subnet_id, vpc_id) := set() if routes.table(subnet_id, vpc_id)

gateway_waits(subnet_id, vpc_id) := routes.table_waits(vpc_id) if not routes.table(subnet_id, vpc_id)

# METADATA
# description: What it takes to know which service the routes of a subnet to endpoints out of sight are for.
# scope: document
unnamed_waits(subnet_id) := {wait |
	some id in _gateways_at[subnet_id]
	_gateway_names[id] == set()
	some wait in _unnamed_waits
}

# METADATA
# description: Of these endpoints, those whose policy is not the default full access; policies are not judged.
# scope: document
with_own_policy(ids) := {id | some id in ids; facts.vpc_endpoints[id].has_default_policy == false}

_name(service_name) := object.get(data.vpcguard.config.services.aliases, name, name) if {
	start := indexof(service_name, _region)
	start >= 0
	name := substring(service_name, start + count(_region), -1)
}

_name(service_name) := service_name if indexof(service_name, _region) < 0

_region := $".{input.account.region}."

_grouped(key_of) := {key: ids |
	some key in {key | some key in key_of}
	ids := {id | some id, other in key_of; other == key}
}

_in_vpc := _grouped({one.id: one.vpc_id |
	some one in input.vpc_endpoints
	one.type == "Interface"
	one.state != "deleted"
})

_catching(false, _, _) := _not_caught("private_dns_disabled")

_catching(true, true, _) := _not_caught("private_dns_for_inbound_resolver_only")

_catching(true, false, vpc_id) := _not_caught("dns_support_disabled") if facts.vpcs[vpc_id].dns_support == false

_catching(true, false, vpc_id) := _not_caught("dns_hostnames_disabled") if {
	facts.vpcs[vpc_id].dns_hostnames == false
	not facts.vpcs[vpc_id].dns_support == false
}

_catching(true, false, vpc_id) := {"values": {true}, "cause": "", "waits": set()} if {
	facts.vpcs[vpc_id].dns_support
	facts.vpcs[vpc_id].dns_hostnames
}

_catching(true, false, vpc_id) := {"values": {true, false}, "cause": "", "waits": _attribute_waits(vpc_id)} if {
	not facts.vpcs[vpc_id].dns_support == false
	not facts.vpcs[vpc_id].dns_hostnames == false
	not _has_dns(vpc_id)
}

_not_caught(cause) := {"values": {false}, "cause": cause, "waits": set()}

_has_dns(vpc_id) if {
	facts.vpcs[vpc_id].dns_support
	facts.vpcs[vpc_id].dns_hostnames
}

_attribute_waits(vpc_id) := waits if {
	waits := facts.waits("vpc_attributes", vpc_id)
	waits != set()
}

_attribute_waits(vpc_id) := {{
	"status": "unknown",
	"name": "ec2:DescribeVpcAttribute",
	"reason": $"not read for {vpc_id}",
}} if {
	facts.is_known("vpc_attributes", vpc_id)
}

# by VPC, the sets of groups that its interface endpoints have; most endpoints share one
_group_sets := {vpc_id: sets |
	some vpc_id, ids in _in_vpc
	sets := {group_ids | some id in ids; group_ids := _groups_of[id]}
}

_groups_of := {one.id: {id | some id in one.security_group_ids} | some one in input.vpc_endpoints}

_places := {place | some place in place_of}

_serving := {place: by_subnet |
	some place in _places
	spread := cohorts.spreads[place[0]]
	by_subnet := {subnet_id: endpoint_ids |
		some subnet_id in spread.subnets
		interface_ids := {id |
			some group_ids, ids in _catchers[spread.vpc_id]
			subnet_id in _admitted[place][group_ids]
			some id in ids
		}
		endpoint_ids := interface_ids | (object.get(_gateways_at, subnet_id, set()) - _unlisted)
	}
}

_serving_waits := {place: by_subnet |
	some place in _places
	spread := cohorts.spreads[place[0]]
	unread := facts.waits("vpc_endpoints", spread.vpc_id)
	by_subnet := {subnet_id: waits |
		some subnet_id in spread.subnets
		waits := union({
			unread,
			gateway_waits(subnet_id, spread.vpc_id),
			{wait |
				_gateways_at[subnet_id] & _unlisted != set()
				some wait in facts.waits("prefix_lists", "")
			},
			{wait |
				some id in _doubtful[spread.vpc_id]
				some wait in (catching[id].waits | _admission_waits(admission[place][id], subnet_id))
			},
		})
	}
}

# by place and set of an endpoint's groups, the subnets that are admitted
_admitted := {place: by_groups |
	some place in _places
	spread := cohorts.spreads[place[0]]
	by_groups := {group_ids: subnet_ids |
		some group_ids in _group_sets[spread.vpc_id]
		is_named := (place[1] & security_groups.into[group_ids].groups) != set()
		subnet_ids := {true: spread.subnets, false: spread.subnets & _within[spread.vpc_id][group_ids]}[is_named]
	}
}

# by VPC and set of an endpoint's groups, the subnets whose whole network they admit
_within := {vpc_id: by_groups |
	some vpc_id, sets in _group_sets
	by_groups := {group_ids: subnet_ids |
		some group_ids in sets
		subnet_ids := {one.id |
			some one in input.subnets
			one.vpc_id == vpc_id
			security_groups.covers(security_groups.into[group_ids].cidrs, one.ipv4_cidr)
		}
	}
}

# by VPC and set of groups, the available endpoints that certainly catch their names
_catchers := {vpc_id: by_groups |
	some vpc_id, sets in _group_sets
	by_groups := {group_ids: ids |
		some group_ids in sets
		ids := {id |
			some id in _in_vpc[vpc_id]
			_groups_of[id] == group_ids
			facts.vpc_endpoints[id].state == "available"
			catching[id].values == {true}
		}
	}
}

# by VPC, the available endpoints of which it is not known whom they serve
_doubtful := {vpc_id: doubtful |
	some vpc_id, ids in _in_vpc
	doubtful := {id |
		some id in ids
		facts.vpc_endpoints[id].state == "available"
		true in catching[id].values
		union({catching[id].waits, group_waits[id]}) != set()
	}
}

_admission_waits(admitted, subnet_id) := set() if subnet_id in admitted.subnets

_admission_waits(admitted, subnet_id) := admitted.waits if not subnet_id in admitted.subnets

# by subnet, the gateway endpoints that its route table leads to
_gateways_at := {subnet_id: ids |
	some subnet_id in union({spread.subnets | some spread in cohorts.spreads})
	table_id := routes.table(subnet_id, facts.subnets[subnet_id].vpc_id)
	ids := _associated[table_id] | _proven[table_id]
}

_associated := {table.id: ids |
	some table in input.route_tables
	ids := {one.id |
		some one in input.vpc_endpoints
		one.type == "Gateway"
		one.state == "available"
		table.id in one.route_table_ids
	}
}

# routes to endpoints that only the owner of a shared VPC sees
_proven := {table.id: ids |
	some table in input.route_tables
	ids := {route.target_id |
		some route in table.routes
		route.family == "prefix_list"
		route.target_kind == "vpc_endpoint"
		route.state == "active"
		not facts.vpc_endpoints[route.target_id]
		not _is_customer_list[route.destination]
	}
}

# those to which no list leads whose owner was read: gateway endpoints, or firewalls
_unlisted := {id |
	not facts.is_known("prefix_lists", "")
	owned := {one.id | some one in input.prefix_lists; one.owner_id}
	some id, list_ids in _lists_to
	list_ids & owned == set()
}

_gateway_names := object.union(
	{one.id: {names[one.id]} | some one in input.vpc_endpoints; one.type == "Gateway"},
	{id: list_names |
		some ids in _proven
		some id in ids
		list_names := {prefix_list_names[list_id] | some list_id in _lists_to[id]}
	},
)

_lists_to := {id: list_ids |
	some ids in _proven
	some id in ids
	list_ids := {route.destination |
		some table in input.route_tables
		some route in table.routes
		route.target_id == id
	}
}

_unnamed_waits := waits if {
	waits := facts.waits("prefix_lists", "")
	waits != set()
}

_unnamed_waits := {{
	"status": "opaque",
	"name": "ec2:DescribeManagedPrefixLists",
	"reason": "a list without a name",
}} if {
	facts.is_known("prefix_lists", "")
}

# a list of somebody's own leads to a firewall, never to a gateway endpoint
_is_customer_list := {one.id: true | some one in input.prefix_lists; lower(one.owner_id) != "aws"}
