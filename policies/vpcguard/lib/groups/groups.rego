# METADATA
# title: Groups
# description: |
#   What security groups admit on TCP 443, once per group.
#   https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
package vpcguard.lib.groups

import data.vpcguard.lib.coverage
import data.vpcguard.lib.network

# METADATA
# description: |
#   By group id, from where the group admits TCP 443: {"group_ids", "ipv4_cidrs", "ipv6_cidrs", "prefix_list_ids"}.
inbound := {one.id: admitted |
	some one in input.security_groups
	admitted := {
		"group_ids": {id | some i in _inbound_rules[one.id]; some id in one.ingress[i].group_ids},
		"ipv4_cidrs": {cidr | some i in _inbound_rules[one.id]; some cidr in one.ingress[i].ipv4_cidrs},
		"ipv6_cidrs": {cidr | some i in _inbound_rules[one.id]; some cidr in one.ingress[i].ipv6_cidrs},
		"prefix_list_ids": {id | some i in _inbound_rules[one.id]; some id in one.ingress[i].prefix_list_ids},
	}
}

# METADATA
# description: By group id, to where the group admits TCP 443, in the form of inbound.
outbound := {one.id: admitted |
	some one in input.security_groups
	admitted := {
		"group_ids": {id | some i in _outbound_rules[one.id]; some id in one.egress[i].group_ids},
		"ipv4_cidrs": {cidr | some i in _outbound_rules[one.id]; some cidr in one.egress[i].ipv4_cidrs},
		"ipv6_cidrs": {cidr | some i in _outbound_rules[one.id]; some cidr in one.egress[i].ipv6_cidrs},
		"prefix_list_ids": {id | some i in _outbound_rules[one.id]; some id in one.egress[i].prefix_list_ids},
	}
}

# METADATA
# description: What several groups admit together, given a table (inbound or outbound) and ids; unseen ids add nothing.
# scope: document
together(table, ids) := {
	"group_ids": union({table[id].group_ids | some id in ids}),
	"ipv4_cidrs": union({table[id].ipv4_cidrs | some id in ids}),
	"ipv6_cidrs": union({table[id].ipv6_cidrs | some id in ids}),
	"prefix_list_ids": union({table[id].prefix_list_ids | some id in ids}),
}

# METADATA
# description: |
#   The networks of prefix lists: {"cidrs", "waits"}. waits says what lists whose entries were not read wait for.
# scope: document
prefix_lists(ids) := {
	"cidrs": {cidr | some id in ids; some cidr in network.prefix_lists[id].cidrs},
	"waits": union({coverage.waits("prefix_list_entries", id) | some id in ids}),
}

_inbound_rules := {one.id: rules |
	some one in input.security_groups
	rules := {i |
		some i, rule in one.ingress
		_admits(lower(rule.protocol), {port | port := rule.from_port}, {port | port := rule.to_port})
	}
}

_outbound_rules := {one.id: rules |
	some one in input.security_groups
	rules := {i |
		some i, rule in one.egress
		_admits(lower(rule.protocol), {port | port := rule.from_port}, {port | port := rule.to_port})
	}
}

_admits("-1", _, _) := true

_admits(protocol, from_ports, to_ports) if {
	protocol in {"tcp", "6"}
	every port in from_ports { port <= 443 }
	every port in to_ports { port >= 443 }
}
