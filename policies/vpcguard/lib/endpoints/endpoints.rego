# METADATA
# title: Endpoints
# description: |
#   Which VPC endpoints serve which subnets of a cohort, and why not.
#   https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
package vpcguard.lib.endpoints

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.coverage
import data.vpcguard.lib.groups
import data.vpcguard.lib.network
import data.vpcguard.lib.routes

# METADATA
# description: |
#   By endpoint id, the name that clients ask for, e.g. s3, ecr.api, kinesis-streams: the service name after the region.
name_of := {one.id: name |
	some one in input.vpc_endpoints
	parts := split(one.service_name, $".{input.account.region}.")
	name := parts[count(parts) - 1]
}

# METADATA
# description: The endpoint names that a client of a service (IAM prefix) needs, all of them.
# scope: document
names(service) := {name | some name in object.get(data.vpcguard.config.services.endpoint_names, service, [service])}

# METADATA
# description: |
#   By subnet id, for the subnets of attached functions, gateway endpoints: {"names", "waits"}. names maps the name
#   of each that the subnet's table routes to, to its id; other names are not routed unless waits says what would
#   show them.
gateways := {id: {"names": object.get(_by_table, table_id, {}), "waits": waits} |
	some id in union({cohort.subnets | some cohort in cohorts.by_key})
	vpc_id := network.subnets[id].vpc_id
	table_id := _table(id, vpc_id)
	waits := coverage.waits("vpc_endpoints", vpc_id) | {wait |
		table_id == ""
		some wait in routes.table_waits(vpc_id)
	}
}

# METADATA
# description: |
#   By cohort key and endpoint id, every interface endpoint of the cohort's VPC: {"name", "is_available", "catches"
#   (yes, no, unknown: clients find it by the service's name), "blocked" (subnets that its groups keep out), "waits"
#   (of catches and blocked), "verdict" (usable, unusable, unknown)}.
interfaces := {key: found |
	some key, cohort in cohorts.by_key
	found := {id: endpoint |
		some id in _of_type_in.Interface[cohort.vpc_id]
		admission := _admission(id, cohort, cohorts.hidden_subnet_waits[key])
		caught := _caught[id]
		endpoint := {
			"name": name_of[id],
			"is_available": id in _available,
			"catches": caught.answer,
			"blocked": admission.blocked,
			"waits": ((caught.waits | admission.waits) | cohorts.hidden_subnet_waits[key]),
			"verdict": _verdict(id in _available, caught.answer, admission),
		}
	}
}

# METADATA
# description: |
#   By cohort key and subnet id: does at least one usable endpoint, of whatever service, serve the subnet? As
#   {"answer": yes | no | unknown, "waits"}.
serves := {key: answers |
	some key, cohort in cohorts.by_key
	verdicts := {one.verdict | some one in interfaces[key]}
	doubts := union({one.waits | some one in interfaces[key]; one.verdict == "unknown"})
	answers := {id: _served(verdicts, gateways[id], doubts) | some id in cohort.subnets}
}

_served(verdicts, gateway, _) := {"answer": "yes", "waits": set()} if _is_served(verdicts, gateway)

_served(verdicts, gateway, doubts) := {"answer": "unknown", "waits": (gateway.waits | doubts)} if {
	not _is_served(verdicts, gateway)
	gateway.waits | doubts != set()
}

_served(verdicts, gateway, doubts) := {"answer": "no", "waits": set()} if {
	not _is_served(verdicts, gateway)
	gateway.waits | doubts == set()
}

_is_served(verdicts, _) if "usable" in verdicts

_is_served(_, gateway) if gateway.names != {}

_verdict(false, _, _) := "unusable"

_verdict(true, "no", _) := "unusable"

_verdict(true, "unknown", admission) := _with(admission, "unknown")

_verdict(true, "yes", admission) := _with(admission, "usable")

_with(admission, otherwise) := otherwise if {
	admission.blocked == set()
	admission.waits == set()
}

_with(admission, _) := "unusable" if admission.blocked != set()

_with(admission, _) := "unknown" if {
	admission.blocked == set()
	admission.waits != set()
}

_available := {one.id | some one in input.vpc_endpoints; lower(one.state) in {"available", "attached"}}

_of_type_in := {type: by_vpc |
	some type in {"Gateway", "Interface"}
	by_vpc := {vpc_id: ids |
		some vpc_id in {one.vpc_id | some one in input.vpc_endpoints}
		ids := {one.id | some one in input.vpc_endpoints; one.type == type; one.vpc_id == vpc_id}
	}
}

# the name is caught where private DNS is on, for all clients, and the VPC resolves it
_caught := {one.id: caught |
	some one in input.vpc_endpoints
	one.type == "Interface"
	attributes := ((({"yes" | network.vpcs[one.vpc_id].dns_support; network.vpcs[one.vpc_id].dns_hostnames} | {"no" |
		network.vpcs[one.vpc_id].dns_support == false
	}) | {"no" | network.vpcs[one.vpc_id].dns_hostnames == false}) | {"no" |
		one.private_dns_enabled == false
	}) | {"no" | one.private_dns_only_for_inbound_resolver}
	caught := _resolved(attributes, one.vpc_id)
}

_resolved(attributes, _) := {"answer": "no", "waits": set()} if "no" in attributes

_resolved({"yes"}, _) := {"answer": "yes", "waits": set()}

_resolved(set(), vpc_id) := {"answer": "unknown", "waits": waits} if {
	unread := coverage.waits("vpc_attributes", vpc_id)
	waits := unread | {wait |
		unread == set()
		wait := {"status": "unknown", "name": "ec2:DescribeVpcAttribute", "reason": $"no DNS attributes of {vpc_id}"}
	}
}

# groups that name one of the function's admit it from everywhere
_admission(id, cohort, _) := {"blocked": set(), "waits": set()} if _is_admitted_by_group(id, cohort)

# else networks must hold each subnet's whole IPv4 network
_admission(id, cohort, hidden) := {"blocked": outside, "waits": hidden} if {
	not _is_admitted_by_group(id, cohort)
	_sources[id].waits == set()
	outside := {subnet_id | some subnet_id in cohort.subnets; not _is_inside(id, subnet_id)}
}

_admission(id, cohort, hidden) := {"blocked": set(), "waits": (waits | hidden)} if {
	not _is_admitted_by_group(id, cohort)
	_sources[id].waits != set()
	waits := {wait |
		some subnet_id in cohort.subnets
		not _is_inside(id, subnet_id)
		some wait in _sources[id].waits
	}
}

_is_admitted_by_group(id, cohort) if _sources[id].group_ids & cohort.named_groups != set()

_is_inside(id, subnet_id) if {
	some cidr in _sources[id].ipv4_cidrs
	net.cidr_contains(cidr, network.subnets[subnet_id].ipv4_cidr)
}

_sources := {one.id: sources |
	some one in input.vpc_endpoints
	one.type == "Interface"
	admitted := groups.together(groups.inbound, one.security_group_ids)
	listed := groups.prefix_lists(admitted.prefix_list_ids)
	unseen := {id | some id in one.security_group_ids; not network.security_groups[id]}
	sources := {
		"group_ids": admitted.group_ids,
		"ipv4_cidrs": (admitted.ipv4_cidrs | listed.cidrs),
		"waits": (listed.waits | union({coverage.waits_within("security_groups", id, one.vpc_id) | some id in unseen})),
	}
}

# by table, the gateway endpoints that it routes to: associated and available, or proven by an active route
_by_table := {table_id: object.union(associated, routed) |
	some table_id, table in network.route_tables
	associated := {name_of[id]: id |
		some id in _of_type_in.Gateway[table.vpc_id]
		id in _available
		table_id in network.vpc_endpoints[id].route_table_ids
	}
	routed := {name: route.target_id |
		some route in table.routes
		route.family == "prefix_list"
		route.target_kind == "vpc_endpoint"
		route.state == "active"
		name := _routed_name(route.target_id, route.destination)
	}
}

_routed_name(id, _) := name_of[id] if {
	network.vpc_endpoints[id].type == "Gateway"
	id in _available
}

# nobody but a gateway endpoint is the target of a prefix list of AWS
_routed_name(id, list_id) := parts[count(parts) - 1] if {
	not network.vpc_endpoints[id]
	parts := split(network.prefix_lists[list_id].name, $".{input.account.region}.")
}

_routed_name(id, list_id) := list_id if {
	not network.vpc_endpoints[id]
	not network.prefix_lists[list_id].name
}

_table(subnet_id, vpc_id) := routes.table(subnet_id, vpc_id)

_table(subnet_id, vpc_id) := "" if not routes.table(subnet_id, vpc_id)
