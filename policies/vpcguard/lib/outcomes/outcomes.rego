# METADATA
# title: Outcomes
# description: |
#   What following a way ends in: {"state": works | none | unknown, "cause" (of none, else ""), "hops", "waits" (of
#   unknown), "root" (of none, the id whose repair would end it), "nat_ids" (NAT gateways on the way), "is_isolated"
#   (the subnet has no default route of its own), "is_ipv6_only" (it works, and only over IPv6)}.
package vpcguard.lib.outcomes

# METADATA
# description: A way out that works.
# scope: document
works(hops) := object.union(_blank, {"state": "works", "hops": hops})

# METADATA
# description: No way out, for a proven cause; root is the id whose repair would end it.
# scope: document
none(cause, root, hops) := object.union(_blank, {"state": "none", "cause": cause, "root": root, "hops": hops})

# METADATA
# description: A way out that may work or not.
# scope: document
unknown(waits, hops) := object.union(_blank, {"state": "unknown", "waits": waits, "hops": hops})

# METADATA
# description: The same outcome reached by these hops first, over these NAT gateways.
# scope: document
behind(hops, nat_ids, outcome) := object.union(outcome, {
	"hops": array.concat(hops, outcome.hops),
	"nat_ids": (nat_ids | outcome.nat_ids),
})

# METADATA
# description: |
#   The one outcome of traffic that goes several ways at once (two halves): none before unknown before works.
#   perhaps holds outcomes of routes that an unread prefix list may add, as {"outcome", "waits"}: only what they
#   would change is in doubt.
# scope: document
worst(outcomes, perhaps) := _combined(outcomes) if {
	_changing(_combined(outcomes), perhaps) == set()
}

worst(outcomes, perhaps) := object.union(settled, {
	"state": "unknown",
	"cause": "",
	"root": "",
	"waits": (settled.waits | union({one.waits | some one in changing})),
	"is_isolated": false,
}) if {
	settled := _combined(outcomes)
	changing := _changing(settled, perhaps)
	changing != set()
}

_changing(settled, perhaps) := {one |
	some one in perhaps
	[one.outcome.state, one.outcome.is_isolated] != [settled.state, settled.is_isolated]
}

_combined(outcomes) := outcome if {
	count(outcomes) == 1
	some outcome in outcomes
}

_combined(outcomes) := {
	"state": state,
	"cause": _first(_causes, {outcome.cause | some outcome in worst_ones}),
	"hops": [hop | some i, hop in hops; not hop in array.slice(hops, 0, i)],
	"waits": union({outcome.waits | some outcome in worst_ones}),
	"root": _shared({outcome.root | some outcome in worst_ones}),
	"nat_ids": union({outcome.nat_ids | some outcome in outcomes}),
	"is_isolated": false,
	"is_ipv6_only": false,
} if {
	count(outcomes) > 1
	state := _first(["none", "unknown", "works"], {outcome.state | some outcome in outcomes})
	worst_ones := {outcome | some outcome in outcomes; outcome.state == state}
	hops := [hop | some outcome in outcomes; some hop in outcome.hops]
}

_shared(roots) := [root | count(roots) == 1; some root in roots][0]

_shared(roots) := "" if count(roots) != 1

_first(order, found) := [one | some one in order; one in found][0]

_causes := [
	"blackhole",
	"public_subnet",
	"peering",
	"nat_unavailable",
	"nat_private",
	"internet_gateway_detached",
	"nat_without_internet_gateway",
	"nat_instance_unusable",
	"block_public_access",
	"no_default_route",
	"",
]

_blank := {
	"cause": "",
	"hops": [],
	"waits": set(),
	"root": "",
	"nat_ids": set(),
	"is_isolated": false,
	"is_ipv6_only": false,
}
