# METADATA
# title: Network
# description: The facts by id, made once, and where each attached function stands in them.
package vpcguard.lib.network

# METADATA
# description: Functions by name.
functions := {one.name: one | some one in input.functions}

# METADATA
# description: VPCs by id.
vpcs := {one.id: one | some one in input.vpcs}

# METADATA
# description: Subnets by id.
subnets := {one.id: one | some one in input.subnets}

# METADATA
# description: Route tables by id.
route_tables := {one.id: one | some one in input.route_tables}

# METADATA
# description: NAT gateways by id.
nat_gateways := {one.id: one | some one in input.nat_gateways}

# METADATA
# description: Internet gateways by id.
internet_gateways := {one.id: one | some one in input.internet_gateways}

# METADATA
# description: Egress-only internet gateways by id.
egress_only_internet_gateways := {one.id: one | some one in input.egress_only_internet_gateways}

# METADATA
# description: VPC endpoints of every type by id.
vpc_endpoints := {one.id: one | some one in input.vpc_endpoints}

# METADATA
# description: Security groups by id.
security_groups := {one.id: one | some one in input.security_groups}

# METADATA
# description: Network interfaces by id.
interfaces := {one.id: one | some one in input.network_interfaces}

# METADATA
# description: Instances by id.
instances := {one.id: one | some one in input.instances}

# METADATA
# description: Prefix lists by id.
prefix_lists := {one.id: one | some one in input.prefix_lists}

# METADATA
# description: |
#   Functions by name, attached or not, that are neither being deleted nor on Managed Instances, whose network
#   belongs to the capacity provider.
judged := {one.name: one |
	some one in input.functions
	one.managed_instances == false
	not one.name in deleting
}

# METADATA
# description: Functions by name whose State was read.
with_state := {one.name: one | some one in input.functions; one.state}

# METADATA
# description: Functions by name whose LastUpdateStatus was read.
with_update_status := {one.name: one | some one in input.functions; one.last_update_status}

# METADATA
# description: Ids of the subnets with both an IPv4 and an IPv6 network.
dual_stack := {one.id |
	some one in input.subnets
	one.is_ipv6_only == false
	one.ipv4_cidr
	one.ipv6_cidrs != []
}

# METADATA
# description: |
#   Functions by name whose network is judged: attached to a VPC, not being deleted, and not on Managed Instances,
#   whose network belongs to the capacity provider.
attached := {one.name: one | some one in judged; one.subnet_ids != []}

# METADATA
# description: What the zones of these subnets (all seen) wait for; empty unless one came without its zone.
# scope: document
waits_for_zones(ids) := {_zoneless[id] | some id in (ids & object.keys(_zoneless))}

# METADATA
# description: Names of the functions that are being deleted; nothing applies to them.
deleting := {name | some name, one in with_state; lower(one.state) == "deleting"}

# METADATA
# description: What the free addresses of these subnets (all seen) wait for; an IPv6-only subnet has none to count.
# scope: document
waits_for_addresses(ids) := {uncounted[id] | some id in (ids & object.keys(uncounted))}

# METADATA
# description: By id of each subnet that came without the count of its free addresses, what that waits for.
uncounted := {one.id: wait |
	some one in input.subnets
	one.is_ipv6_only == false
	not one.free_ipv4_addresses
	wait := {"status": "unknown", "name": "ec2:DescribeSubnets", "reason": $"no address count of {one.id}"}
}

_zoneless := {one.id: wait |
	some one in input.subnets
	not one.zone_id
	wait := {"status": "unknown", "name": "ec2:DescribeSubnets", "reason": $"no zone of {one.id}"}
}
