# METADATA
# title: NAT instance
# description: |
#   The internet behind a network interface that a route names: it works if the instance is running, the interface
#   does not check source and destination, and its own subnet has a way out. That it translates is likely, never
#   seen. https://docs.aws.amazon.com/vpc/latest/userguide/work-with-nat-instances.html
package vpcguard.lib.nat_instance

import data.vpcguard.lib.exits
import data.vpcguard.lib.facts
import data.vpcguard.lib.legs
import data.vpcguard.lib.outcomes

# METADATA
# description: |
#   The outcome (lib.outcomes) behind an interface, hops from there on. instance_id is what the route says, or "". One
#   failed condition proves that nothing gets out, whatever was not read.
# scope: document
of(trust, interface_id, instance_id, vpc_id) := _outcome(checks, exit) if {
	id := _instance_id(interface_id, instance_id)
	exit := _exit(trust, interface_id, vpc_id)
	checks := [_interface(interface_id, vpc_id), _instance(interface_id, id, vpc_id)]
}

_outcome(checks, exit) := outcomes.none("nat_instance_unusable", failed[0], array.concat(_hops(checks), exit.hops)) if {
	failed := [check.hop.id | some check in checks; check.is_failed]
	failed != []
}

_outcome(checks, exit) := outcomes.none(_cause(exit.cause), exit.root, array.concat(_hops(checks), exit.hops)) if {
	not _has_failed(checks)
	exit.state == "none"
}

_outcome(checks, exit) := outcomes.unknown(waits | exit.waits, array.concat(_hops(checks), exit.hops)) if {
	not _has_failed(checks)
	exit.state != "none"
	waits := union({check.waits | some check in checks})
	waits != set()
}

_outcome(checks, exit) := outcomes.behind(_hops(checks), set(), exit) if {
	not _has_failed(checks)
	exit.state != "none"
	union({check.waits | some check in checks}) == set()
}

_hops(checks) := [check.hop | some check in checks]

_has_failed(checks) if {
	some check in checks
	check.is_failed
}

_cause("block_public_access") := "block_public_access"

_cause(cause) := "nat_instance_unusable" if cause != "block_public_access"

_instance_id(interface_id, _) := facts.interfaces[interface_id].instance_id

_instance_id(interface_id, told) := told if not facts.interfaces[interface_id].instance_id

_interface(id, vpc_id) := {"hop": hop, "is_failed": false, "waits": waits} if {
	not facts.interfaces[id]
	waits := facts.waits("network_interfaces", vpc_id)
	waits != set()
	hop := {"id": id, "kind": "network_interface", "state": "unknown"}
}

_interface(id, vpc_id) := {"hop": hop, "is_failed": true, "waits": set()} if {
	not facts.interfaces[id]
	facts.is_known("network_interfaces", vpc_id)
	hop := {"id": id, "kind": "network_interface", "state": "missing"}
}

_interface(id, _) := {"hop": hop, "is_failed": true, "waits": set()} if {
	facts.interfaces[id].source_dest_check
	hop := {"id": id, "kind": "network_interface", "state": "source_dest_check"}
}

_interface(id, _) := {"hop": hop, "is_failed": false, "waits": waits} if {
	facts.interfaces[id]
	not facts.interfaces[id].source_dest_check
	waits := {wait |
		some reason in _untold(id)
		wait := {"status": "undecidable", "name": id, "reason": reason}
	}
	state := {true: "likely", false: "unknown"}[waits == set()]
	hop := {"id": id, "kind": "network_interface", "state": state}
}

_untold(id) := {"no SourceDestCheck" | not id in _told} | {"no subnet" | not facts.interfaces[id].subnet_id}

_told := {one.id | some one in input.network_interfaces; is_boolean(one.source_dest_check)}

# an interface attached to something that is no instance may be anything
_instance(interface_id, "", _) := {"hop": hop, "is_failed": false, "waits": {wait}} if {
	hop := {"id": interface_id, "kind": "instance", "state": "unknown"}
	wait := {"status": "opaque", "name": interface_id, "reason": "attached to no instance that is known"}
}

_instance(_, id, _) := {"hop": hop, "is_failed": is_failed, "waits": set()} if {
	hop := {"id": id, "kind": "instance", "state": facts.instances[id].state}
	is_failed := {true: false, false: true}[lower(hop.state) == "running"]
}

_instance(_, id, vpc_id) := {"hop": hop, "is_failed": true, "waits": set()} if {
	id != ""
	not facts.instances[id]
	facts.is_known("instances", vpc_id)
	hop := {"id": id, "kind": "instance", "state": "missing"}
}

_instance(_, id, vpc_id) := {"hop": hop, "is_failed": false, "waits": waits} if {
	id != ""
	not facts.instances[id]
	waits := facts.waits("instances", vpc_id)
	waits != set()
	hop := {"id": id, "kind": "instance", "state": "unknown"}
}

_exit(trust, interface_id, vpc_id) := exits.of(trust, ways) if {
	ways := legs.of("ipv4", facts.interfaces[interface_id].subnet_id, vpc_id)
}

# the state of the interface says enough
_exit(_, interface_id, _) := outcomes.unknown(set(), []) if not facts.interfaces[interface_id].subnet_id
