# METADATA
# title: Endpoints
# description: |
#   The VPC endpoints that functions can use: which service each is for, whether private DNS leads the service's name
#   to it ("catches" the name), who resolves names in a VPC, and whom it admits. Gateway Load Balancer, Resource and
#   ServiceNetwork endpoints serve none.
#   https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html
package vpcguard.lib.endpoints

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.egress
import data.vpcguard.lib.facts
import data.vpcguard.lib.security_groups

# METADATA
# description: |
#   By endpoint id, the service it is for, as facts.endpoint_name names it; that of a service in another region is kept
#   whole.
names := object.union(
	{one.id: facts.endpoint_name(one.service_name) | some one in input.vpc_endpoints},
	{one.id: one.service_name | some one in input.vpc_endpoints; one.service_region != input.account.region},
)

# METADATA
# description: By id of AWS's own prefix lists, whose names nobody else can give, the service it is for, as in names.
prefix_list_names := {one.id: facts.endpoint_name(one.name) |
	some one in input.prefix_lists
	startswith(one.name, "com.amazonaws.")
}

# METADATA
# description: Ids of the interface endpoints by [VPC id, service name]. Deleted ones linger in AWS's answers.
interfaces := facts.grouped([[[one.vpc_id, names[one.id]], one.id] |
	some one in input.vpc_endpoints
	one.type == "Interface"
	object.get(one, "state", "") != "deleted"
])

# METADATA
# description: Ids of the gateway endpoints by [VPC id, service name], available or not.
gateways := facts.grouped([[[one.vpc_id, names[one.id]], one.id] |
	some one in input.vpc_endpoints
	one.type == "Gateway"
	object.get(one, "state", "") != "deleted"
])

# METADATA
# description: |
#   The endpoint names of a needed service, as lib.needs names it: an IAM prefix, with ":*" behind it where a client may
#   use one endpoint of it and not another, or the name of one endpoint.
names_of(service) := names if {
	names := data.vpcguard.config.services.endpoint_names[trim_suffix(service, ":*")]
	endswith(service, ":*") == _is_either(service)
} else := [service]

_is_either(service) := trim_suffix(service, ":*") in data.vpcguard.config.services.either

# METADATA
# description: By id of an endpoint, whether it is available, as possible answers; AWS may not say.
availability := object.union(
	{one.id: {true, false} | some one in input.vpc_endpoints},
	{one.id: {one.state == "available"} | some one in input.vpc_endpoints},
)

# METADATA
# description: What it takes to know whether an endpoint is available; empty where AWS said it.
state_waits(id) := {{"status": "opaque", "name": "ec2:DescribeVpcEndpoints", "reason": $"no state of {id}"} |
	count(availability[id]) > 1
}

# METADATA
# description: True of a VPC none of whose endpoints was seen, since its owner alone sees them and is not read.
are_hidden(vpc_id) if {
	not vpc_id in {one.vpc_id | some one in input.vpc_endpoints}
	waits := facts.waits("vpc_endpoints", vpc_id)
	{[wait.status, regex.match(`^[0-9]{12}$`, wait.name)] | some wait in waits} == {["opaque", true]}
}

# METADATA
# description: |
#   What verdicts wait for where a client may use one endpoint of the service and not another, else empty. Whoever knows
#   can declare it.
choice_waits(service) := {wait |
	endswith(service, ":*")
	wait := {
		"status": "undecidable",
		"name": trim_suffix(service, ":*"),
		"reason": "which of several endpoints the function calls",
		"settled_by": "services",
	}
}

# METADATA
# description: |
#   The name of an endpoint as people create it, e.g. com.amazonaws.eu-west-1.monitoring; of an account's cell, nobody
#   here can tell the number.
service_name(name) := name if {
	startswith(name, "com.amazonaws.")
} else := $"{beginning}.{input.account.region}.{written}" if {
	[beginning, written] := _other_name(name)
} else := $"com.amazonaws.{input.account.region}.{name}{cell}" if {
	cell := concat("", ["-cell<number>" | name in data.vpcguard.config.services.cells])
}

# of a name that does not begin with com.amazonaws here, what it begins with, and what is written at its end
_other_name(name) := [fitting.beginning, written] if {
	some written in ({name} | {written | some written, alias in data.vpcguard.config.services.aliases; alias == name})
	some fitting in data.vpcguard.config.services.beginnings
	written in fitting.names
	regex.match(fitting.region, input.account.region)
}

# METADATA
# description: Services that have gateway endpoints.
gateway_services := {service | some service in data.vpcguard.config.services.gateway}

# METADATA
# description: The interface endpoints of a service in a VPC, usable or not.
interfaces_of(vpc_id, service) := {id | some name in names_of(service); some id in interfaces[[vpc_id, name]]}

# METADATA
# description: The gateway endpoints of a service in a VPC, usable or not.
gateways_of(vpc_id, service) := {id | some name in names_of(service); some id in gateways[[vpc_id, name]]}

# METADATA
# description: The prefix lists of a service with gateway endpoints, by name or by the routes to its endpoints in a VPC.
prefix_lists_of(vpc_id, service) := {id |
	service in gateway_services
	some id, name in prefix_list_names
	name in names_of(service)
} | {route.destination |
	gateway_ids := gateways_of(vpc_id, service)
	some table in input.route_tables
	some route in table.routes
	route.target_id in gateway_ids
}

# METADATA
# description: |
#   By id of an interface endpoint, whether it catches the service's name: {"values": possible answers, "cause": why
#   not ("" unless certain), "waits"}. https://docs.aws.amazon.com/vpc/latest/privatelink/interface-endpoints.html
catching := {one.id: _catching(one.id, one.vpc_id) | some one in input.vpc_endpoints; one.type == "Interface"}

# METADATA
# description: |
#   As catching, by id of a VPC, whether names of services lead to the addresses that gateway endpoints are for. Servers
#   of one's own resolve them as those of anybody else.
#   https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
resolving := {vpc_id: _resolving(vpc_id) | some vpc_id in {cohort.vpc_id | some cohort in cohorts.by_key}}

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
#   By cohort key and id of an interface endpoint in its VPC: {"subnets": those from which the endpoint's groups admit
#   the functions on 443, "waits": what may admit the others}. A function is admitted by one of its groups, or where
#   the endpoint's groups admit the whole IPv4 network of its subnet. An endpoint for IPv6 alone admits no function
#   without it, and of one with it nobody knows whom.
admission := {key: by_endpoint |
	some key, cohort in cohorts.by_key
	by_endpoint := object.union(
		{id: {"subnets": _admitted(key, id), "waits": group_waits[id]} | some id in _in_vpc[cohort.vpc_id]},
		{id: {"subnets": set(), "waits": waits} |
			some id in (_in_vpc[cohort.vpc_id] & ipv6_only)
			wait := {"status": "opaque", "name": id, "reason": "over IPv6 alone", "settled_by": "nobody"}
			waits := {wait | cohort.is_dual_stack_allowed}
		},
	)
}

# METADATA
# description: |
#   Ids of the endpoints that clients reach over IPv6 alone.
#   https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
ipv6_only := {one.id | some one in input.vpc_endpoints; one.ip_address_type == "ipv6"} | {one.id |
	some one in input.vpc_endpoints
	one.dns_record_ip_type == "ipv6"
}

# METADATA
# description: By id of an interface endpoint, what it takes to know everybody whom its groups admit.
group_waits := {id: waits |
	some vpc_id, ids in _in_vpc
	some id in ids
	waits := union({
		security_groups.into[id].waits,
		{wait |
			some group_id in facts.vpc_endpoints[id].security_group_ids
			not facts.security_groups[group_id]
			some wait in facts.waits_within("security_groups", group_id, vpc_id)
		},
		{{"status": "opaque", "name": "ec2:DescribeVpcEndpoints", "reason": $"no groups of {id}"} |
			facts.vpc_endpoints[id].security_group_ids == []
		},
	})
}

# METADATA
# description: |
#   By cohort key and id of a subnet that was seen, the endpoints that serve the cohort's functions there: available,
#   the name caught, the function admitted; or a gateway endpoint routed there, unless no name leads to it for certain.
serving := {key: by_subnet |
	some key, cohort in cohorts.by_key
	by_subnet := {subnet_id: ids |
		some subnet_id in cohort.subnets
		ids := {id |
			true in resolving[cohort.vpc_id].values
			some id in (_routed_at[subnet_id] - _unlisted)
		} | {id |
			some id in _in_vpc[cohort.vpc_id]
			availability[id] == {true}
			catching[id].values == {true}
			subnet_id in admission[key][id].subnets
		}
	}
}

# METADATA
# description: As serving, what it takes to know that no other endpoint serves them; empty where that is certain.
serving_waits := {key: by_subnet |
	some key, cohort in cohorts.by_key
	by_subnet := {subnet_id: waits |
		some subnet_id in cohort.subnets
		waits := union({
			facts.waits("vpc_endpoints", cohort.vpc_id),
			gateway_waits(subnet_id, cohort.vpc_id),
			{wait | _routed_at[subnet_id] & _unlisted != set(); some wait in facts.waits("prefix_lists", "")},
			{wait |
				some id in _in_vpc[cohort.vpc_id]
				true in availability[id]
				true in catching[id].values
				some wait in union({state_waits(id), catching[id].waits, admission_waits(key, id, subnet_id)})
			},
		})
	}
}

# METADATA
# description: What it takes to know whether an interface endpoint admits a cohort's functions from a subnet.
admission_waits(key, id, subnet_id) := set() if {
	subnet_id in admission[key][id].subnets
} else := admission[key][id].waits

# METADATA
# description: |
#   Ids of the available gateway endpoints for a service that a subnet's route table leads to. In a shared VPC whose
#   owner is out of reach a route from the service's prefix list proves one.
gateways_at(subnet_id, name) := {id | some id in _routed_at[subnet_id]; name in _gateway_names[id]}

# METADATA
# description: What it takes to know the gateway endpoints of a subnet beyond those seen there, unread ones aside.
gateway_waits(subnet_id, vpc_id) := waits if {
	table_id := egress.route_table(subnet_id, vpc_id)
	waits := {wait | some id in _stateless[table_id]; some wait in state_waits(id)}
} else := egress.route_table_waits(subnet_id, vpc_id)

# METADATA
# description: What it takes to know which service the routes of a subnet to endpoints out of sight are for.
unnamed_waits(subnet_id) := {wait |
	some id in _routed_at[subnet_id]
	_gateway_names[id] == set()
	some wait in _or(facts.waits("prefix_lists", ""), _nameless)
}

# METADATA
# description: Of these endpoints, those whose policy is not the default full access; policies are not judged.
with_own_policy(ids) := {id | some id in ids; facts.vpc_endpoints[id].has_default_policy == false}

# METADATA
# description: By id of a VPC whose DHCP options name others than Amazon's, those others.
own_name_servers := {one.id: servers |
	some one in input.vpcs
	servers := {server | some server in one.name_servers; not _is_amazons(server, one)}
	servers != set()
}

# METADATA
# description: By id of a VPC, whether its DHCP options name Amazon's resolver, perhaps among others.
with_amazons contains one.id if {
	some one in input.vpcs
	some server in one.name_servers
	_is_amazons(server, one)
}

# METADATA
# description: |
#   What it takes to know who resolves names in a VPC. What was never asked for, in a file that is older than the read,
#   is no doubt about a name that leads to an endpoint: Amazon's resolver is the default.
resolver_waits(vpc_id) := {{"status": "opaque", "name": vpc_id, "reason": "has DHCP options without name servers"}} if {
	facts.vpcs[vpc_id].name_servers == []
} else := facts.waits("dhcp_options", vpc_id)

# METADATA
# description: As resolver_waits, and of a VPC with servers of its own that nobody knows what Amazon's would say.
resolver_doubts(vpc_id) := {object.union(_silent(vpc_id), {"reason": reason})} if {
	servers := own_name_servers[vpc_id]
	reason := $"with name servers of its own: {concat(", ", sort(servers))}"
} else := {wait | some wait in resolver_waits(vpc_id); wait.status != "not_requested"}

# METADATA
# description: What it takes to know the DNS attributes of a VPC.
dns_waits(vpc_id) := set() if {
	facts.vpcs[vpc_id].dns_support
	facts.vpcs[vpc_id].dns_hostnames
} else := waits if {
	waits := facts.waits("vpc_attributes", vpc_id)
	waits != set()
} else := {{"status": "unknown", "name": "ec2:DescribeVpcAttribute", "reason": $"not read for {vpc_id}"}}

# METADATA
# description: Which DNS attribute of a VPC is off, as a cause; undefined where none is known to be.
dns_off(vpc_id) := "dns_support_disabled" if {
	facts.vpcs[vpc_id].dns_support == false
} else := "dns_hostnames_disabled" if {
	facts.vpcs[vpc_id].dns_hostnames == false
}

_in_vpc := facts.grouped([[vpc_id, id] | some [vpc_id, _], ids in interfaces; some id in ids])

_catching(id, vpc_id) := _perhaps({{"status": "opaque", "name": id, "reason": reason, "settled_by": "nobody"}}) if {
	facts.vpc_endpoints[id].private_dns_enabled == false
	names[id] in data.vpcguard.config.services.names_by_hand
	reason := "may have its name from a private hosted zone"
} else := _not_caught("private_dns_disabled") if {
	facts.vpc_endpoints[id].private_dns_enabled == false
} else := _not_caught("private_dns_for_inbound_resolver_only") if {
	facts.vpc_endpoints[id].private_dns_only_for_inbound_resolver
} else := _not_caught(cause) if {
	cause := dns_off(vpc_id)
} else := _perhaps(union({dns_waits(vpc_id), resolver_doubts(vpc_id), untold})) if {
	untold := {{"status": "opaque", "name": "ec2:DescribeVpcEndpoints", "reason": $"no private DNS of {id}"} |
		not facts.vpc_endpoints[id].private_dns_enabled
	}
}

_resolving(vpc_id) := _perhaps(set()) if {
	own_name_servers[vpc_id]
} else := _not_caught(cause) if {
	cause := dns_off(vpc_id)
	resolver_doubts(vpc_id) == set()
} else := _perhaps(set()) if {
	# a file that is older than this read has no more of it
	"not_requested" in {wait.status | some wait in resolver_waits(vpc_id)}
} else := _perhaps(resolver_doubts(vpc_id)) if {
	dns_off(vpc_id)
} else := _perhaps(dns_waits(vpc_id))

_perhaps(waits) := {"values": ({true} | {false | waits != set()}), "cause": "", "waits": waits}

_not_caught(cause) := {"values": {false}, "cause": cause, "waits": set()}

# something unknown waits for something, were it not said for what
_or(waits, wait) := waits if {
	waits != set()
} else := {wait}

_nameless := {"status": "opaque", "name": "ec2:DescribeManagedPrefixLists", "reason": "a list without a name"}

_admitted(key, id) := cohorts.by_key[key].subnets if {
	cohorts.by_key[key].named_groups & security_groups.into[id].groups != set()
} else := {subnet_id |
	some subnet_id in cohorts.by_key[key].subnets
	security_groups.covers(security_groups.into[id].cidrs, facts.subnets[subnet_id].ipv4_cidr)
}

# by subnet, the gateway endpoints that its route table leads to
_routed_at := {subnet_id: ids |
	some subnet_id in union({cohort.subnets | some cohort in cohorts.by_key})
	table_id := egress.route_table(subnet_id, facts.subnets[subnet_id].vpc_id)
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

# by table, the gateway endpoints that AWS named without a state
_stateless := {table.id: ids |
	some table in input.route_tables
	ids := {one.id | some one in input.vpc_endpoints; table.id in one.route_table_ids; not one.state}
}

# routes to endpoints that only the owner of a shared VPC sees; a list of somebody's own leads to a firewall
_proven := {table.id: ids |
	some table in input.route_tables
	ids := {route.target_id |
		some route in table.routes
		route.family == "prefix_list"
		route.target_kind == "vpc_endpoint"
		route.state == "active"
		not facts.vpc_endpoints[route.target_id]
		not _is_customers(route.destination)
	}
}

_is_customers(list_id) if lower(facts.prefix_lists[list_id].owner_id) != "aws"

# those to which no list leads whose owner was read: gateway endpoints, or firewalls
_unlisted := {id |
	not facts.is_known("prefix_lists", "")
	some id, list_ids in _lists_to
	every list_id in list_ids {
		not facts.prefix_lists[list_id].owner_id
	}
}

_gateway_names := object.union(
	{one.id: {names[one.id]} | some one in input.vpc_endpoints; one.type == "Gateway"},
	{id: {prefix_list_names[list_id] | some list_id in list_ids} | some id, list_ids in _lists_to},
)

# by endpoint that a route proves, the prefix lists that lead to it
_lists_to := {id: list_ids |
	some ids in _proven
	some id in ids
	list_ids := {route.destination |
		some table in input.route_tables
		some route in table.routes
		route.target_id == id
	}
}

_silent(vpc_id) := {"status": "opaque", "name": vpc_id, "reason": reason, "settled_by": "name_servers"} if {
	reason := "with DHCP options that name no name servers"
}

_is_amazons(server, _) if server in {"AmazonProvidedDNS", "169.254.169.253", "fd00:ec2::253"}

# the address after the network's router's: a VPC's network ends at a multiple of 16
_is_amazons(server, vpc) if {
	some cidr in vpc.ipv4_cidrs
	bytes := split(split(cidr, "/")[0], ".")
	server == concat(".", array.concat(array.slice(bytes, 0, 3), [format_int(to_number(bytes[3]) + 2, 10)]))
}
