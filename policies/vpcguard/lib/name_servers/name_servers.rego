# METADATA
# title: Name servers
# description: |
#   Who resolves names in a VPC: Amazon's resolver, or servers that its DHCP options name. An interface endpoint's
#   private name, and what a gateway endpoint needs, Amazon's resolver alone knows.
#   https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
package vpcguard.lib.name_servers

import data.vpcguard.lib.facts

# METADATA
# description: By id of a VPC whose DHCP options name others than Amazon's, those others.
own := {one.id: servers |
	some one in input.vpcs
	servers := {server | some server in one.name_servers; not _is_amazons(server, one)}
	servers != set()
}

# METADATA
# description: By id of a VPC, whether its DHCP options name Amazon's resolver, perhaps among others.
amazons contains one.id if {
	some one in input.vpcs
	some server in one.name_servers
	_is_amazons(server, one)
}

# METADATA
# description: |
#   What it takes to know who resolves names in a VPC. What was never asked for, in a file that is older than the read,
#   is no doubt about a name that leads to an endpoint: Amazon's resolver is the default.
waits(vpc_id) := {_silent(vpc_id)} if {
	facts.vpcs[vpc_id].name_servers == []
} else := facts.waits("dhcp_options", vpc_id)

# METADATA
# description: As waits, and those that a VPC with servers of its own has for knowing what Amazon's resolver would say.
doubts(vpc_id) := {{"status": "opaque", "name": vpc_id, "reason": reason}} if {
	servers := own[vpc_id]
	reason := $"has name servers of its own ({concat(", ", sort(servers))})"
} else := {wait | some wait in waits(vpc_id); wait.status != "not_requested"}

# METADATA
# description: What it takes to know the DNS attributes of a VPC.
attribute_waits(vpc_id) := set() if {
	facts.vpcs[vpc_id].dns_support
	facts.vpcs[vpc_id].dns_hostnames
} else := waits if {
	waits := facts.waits("vpc_attributes", vpc_id)
	waits != set()
} else := {{"status": "unknown", "name": "ec2:DescribeVpcAttribute", "reason": $"not read for {vpc_id}"}}

# METADATA
# description: Why Amazon's resolver leads no name to an endpoint of a VPC; undefined where no attribute is known to be off.
off(vpc_id) := "dns_support_disabled" if {
	facts.vpcs[vpc_id].dns_support == false
} else := "dns_hostnames_disabled" if {
	facts.vpcs[vpc_id].dns_hostnames == false
}

_silent(vpc_id) := {"status": "opaque", "name": vpc_id, "reason": "has DHCP options that name no name servers"}

_is_amazons(server, _) if server in {"AmazonProvidedDNS", "169.254.169.253", "fd00:ec2::253"}

# the address after the network's router's: a VPC's network ends at a multiple of 16
_is_amazons(server, vpc) if {
	some cidr in vpc.ipv4_cidrs
	bytes := split(split(cidr, "/")[0], ".")
	server == concat(".", array.concat(array.slice(bytes, 0, 3), [format_int(to_number(bytes[3]) + 2, 10)]))
}
