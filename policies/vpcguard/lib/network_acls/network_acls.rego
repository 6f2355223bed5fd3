# METADATA
# title: Network ACLs
# description: |
#   Whether the ACL of a subnet lets TCP through. Rules count by number; a deny of a smaller network than the one asked
#   about is left out of account. https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
package vpcguard.lib.network_acls

import data.vpcguard.lib.facts
import data.vpcguard.lib.result

# METADATA
# description: |
#   Id of a subnet's ACL; undefined where it was not read, or is several: waits says what for.
# scope: document
of(subnet_id) := min(_of[subnet_id]) if count(_of[subnet_id]) == 1

# METADATA
# description: What the ACL of a subnet that was seen waits for; empty where it was read.
# scope: document
waits(subnet_id) := set() if {
	of(subnet_id)
} else := {facts.contradiction(subnet_id, "in", _of[subnet_id])} if {
	_of[subnet_id]
} else := unread if {
	unread := facts.waits_within("network_acls", subnet_id, facts.subnets[subnet_id].vpc_id)
	unread != set()
} else := {{"status": "opaque", "name": "ec2:DescribeNetworkAcls", "reason": $"no ACL of {subnet_id}"}}

# METADATA
# description: |
#   What an ACL keeps a client of HTTPS from doing with a network, of IPv4 or IPv6: a set of "out" (TCP 443 to it is not
#   allowed) and "back" (some of TCP 1024-65535 from it is not).
# scope: document
blocks(acl_id, cidr) := set() if {
	acl_id in _open[_family(cidr)]
} else := {"out" | not _is_whole(acl_id, true, [443, 443], cidr)} | {"back" |
	not _is_whole(acl_id, false, [1024, 65535], cidr)
}

# METADATA
# description: |
#   What an ACL keeps clients of HTTPS in a network from doing with a NAT in its subnet: a set of "in" (TCP 443 from
#   them is not allowed) and "return" (some of TCP 1024-65535 to them is not).
# scope: document
blocks_clients(acl_id, cidr) := set() if {
	acl_id in _open[_family(cidr)]
} else := {"in" | not _is_whole(acl_id, false, [443, 443], cidr)} | {"return" |
	not _is_whole(acl_id, true, [1024, 65535], cidr)
}

# METADATA
# description: Subnets whose ACL lets everything of a family (ipv4, ipv6) through, before it denies anything.
open_subnets := {family: {subnet_id | some subnet_id, acl_ids in _of; acl_ids - open == set()} |
	some family, open in _open
}

# METADATA
# description: "How people know an ACL: its id and its name, or that it is the default one of its VPC."
# scope: document
shown(acl_id) := $"{acl_id} (the VPC's default ACL)" if {
	_by_id[acl_id].is_default
} else := result.named(acl_id)

_of := facts.grouped([[subnet_id, acl.id] | some acl in input.network_acls; some subnet_id in acl.subnet_ids])

_open := {family: ids |
	some family, everything in {"ipv4": "0.0.0.0/0", "ipv6": "::/0"}
	ids := {acl.id |
		some acl in input.network_acls
		every is_egress in [true, false] {
			number := min({acl.entries[i].rule_number | some i in _speaking[[acl.id, is_egress, family]]})
			[acl.id, is_egress, number, everything] in _wide
		}
	}
}

_wide := {[acl.id, entry.is_egress, entry.rule_number, _network[acl.id][i]] |
	some acl in input.network_acls
	some i, entry in acl.entries
	entry.action == "allow"
	entry.protocol == "-1"
}

_by_id := {acl.id: acl | some acl in input.network_acls}

# Between two ports at which some rule begins or ends, all ports are alike: each such stretch is looked at by its first
# port.
_is_whole(acl_id, is_egress, ports, cidr) if {
	every port in _stretches(acl_id, is_egress, ports, _family(cidr)) {
		_is_allowed(acl_id, is_egress, port, cidr)
	}
}

_stretches(acl_id, is_egress, ports, family) := {ports[0]} | {port |
	some i in _speaking[[acl_id, is_egress, family]]
	some port in [_span[acl_id][i].from, _span[acl_id][i].to + 1]
	port > ports[0]
	port <= ports[1]
}

_is_allowed(acl_id, is_egress, port, cidr) if {
	at_port := {i |
		some i in _speaking[[acl_id, is_egress, _family(cidr)]]
		_span[acl_id][i].from <= port
		_span[acl_id][i].to >= port
	}
	end := _first_full_deny(acl_id, at_port, cidr)
	allowed := net.cidr_merge({_network[acl_id][i] |
		some i in at_port
		_by_id[acl_id].entries[i].action == "allow"
		_by_id[acl_id].entries[i].rule_number < end
	})
	_covers(allowed, cidr)
}

# the number at which the denies so far hold the whole network; what is behind it changes nothing
_first_full_deny(acl_id, at_port, cidr) := min({number |
	some i in at_port
	_by_id[acl_id].entries[i].action != "allow"
	number := _by_id[acl_id].entries[i].rule_number
	denied := net.cidr_merge({_network[acl_id][j] |
		some j in at_port
		_by_id[acl_id].entries[j].action != "allow"
		_by_id[acl_id].entries[j].rule_number <= number
	})
	_covers(denied, cidr)
} | {_behind_all})

_behind_all := 32768

_covers(cidrs, cidr) if {
	some one in cidrs
	net.cidr_contains(one, cidr)
}

# the rules of one direction that speak of TCP over a family, by their place
_speaking := facts.grouped([[[acl.id, entry.is_egress, _family(_network[acl.id][i])], i] |
	some acl in input.network_acls
	some i, entry in acl.entries
	_span[acl.id][i]
])

# each rule is about one network, of either family
_network := {acl.id: networks |
	some acl in input.network_acls
	networks := {i: cidr |
		some i, entry in acl.entries
		some cidr in [object.get(entry, "ipv4_cidr", ""), object.get(entry, "ipv6_cidr", "")]
		net.cidr_is_valid(cidr)
	}
}

_family(cidr) := {true: "ipv6", false: "ipv4"}[contains(cidr, ":")]

_span := {acl.id: spans |
	some acl in input.network_acls
	spans := {i: span |
		some i, entry in acl.entries
		span := _ports(entry.protocol, object.get(entry, "from_port", 0), object.get(entry, "to_port", 65535))
	}
}

_ports("-1", _, _) := {"from": 0, "to": 65535}

_ports(protocol, from_port, to_port) := {"from": from_port, "to": to_port} if lower(protocol) in {"6", "tcp"}
