# METADATA
# title: NAT instance
# description: |
#   The internet behind a network interface that a route names: it works if the instance is running, the interface
#   does not check source and destination, and its own subnet has a way out. That it translates is likely, never
#   seen. https://docs.aws.amazon.com/vpc/latest/userguide/work-with-nat-instances.html
package vpcguard.lib.nat_instance

import data.vpcguard.lib.coverage
import data.vpcguard.lib.exits
import data.vpcguard.lib.legs
import data.vpcguard.lib.network
import data.vpcguard.lib.outcomes

# METADATA
# description: |
#   The outcome (lib.outcomes) behind an interface, hops from there on. instance_id is what the route says, or "". One
#   failed condition proves that nothing gets out, whatever was not read.
# scope: document
of(trust, interface_id, instance_id, vpc_id) := _outcome(checks, exit) if {
	id := _instance_id(interface_id, instance_id)
	exit := _exit(trust, interface_id, vpc_id) := exits.of(trust, ways) if {
	ways := legs.of("ipv4", network.interfaces[interface_id].subnet_id, vpc_id)
}

# what is wrong with the interface says enough
_exit(_, interface_id, _) := outcomes.unknown(set(), []) if not network.interfaces[interface_id].subnet_id

_told := {one.id | some one in input.network_interfaces; is_boolean(one.source_dest_check)}
