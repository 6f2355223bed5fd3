# METADATA
# title: Blocks
# description: |
#   VPC Block Public Access at the subnet whose route table holds the internet or egress-only gateway.
#   https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html
package vpcguard.lib.blocks

import data.vpcguard.lib.facts

# METADATA
# description: |
#   Whether traffic through a gateway in this subnet's route table is blocked: {"answer": open | blocked | unknown,
#   "waits"}. The subnet's own state counts; our account's option only where a subnet of ours has none.
# scope: document
of(subnet_id, _) := _judged(mode, subnet_id) if {
	mode := facts.subnets[subnet_id].internet_gateway_block_mode
}

of(subnet_id, vpc_id) := _by_account(_owner(subnet_id, vpc_id)) if {
	facts.subnets[subnet_id]
	not facts.subnets[subnet_id].internet_gateway_block_mode
	_owner(subnet_id, vpc_id) == input.account.id
}

# our option says nothing about a subnet that somebody else owns, and AWS shows its own state with the subnet
of(subnet_id, vpc_id) := {"answer": "open", "waits": set()} if {
	facts.subnets[subnet_id]
	not facts.subnets[subnet_id].internet_gateway_block_mode
	_owner(subnet_id, vpc_id) != input.account.id
}

# a subnet that nobody could read may be excluded from its account's block
of(subnet_id, vpc_id) := by_account if {
	not facts.subnets[subnet_id]
	by_account := _by_account(_owner(subnet_id, vpc_id))
	by_account.answer != "blocked"
}

of(subnet_id, vpc_id) := {"answer": "unknown", "waits": {wait}} if {
	not facts.subnets[subnet_id]
	_by_account(_owner(subnet_id, vpc_id)).answer == "blocked"
	wait := {"status": "unknown", "name": "ec2:DescribeSubnets", "reason": $"Block Public Access of {subnet_id}"}
}

_judged("off", _) := {"answer": "open", "waits": set()}

_judged("block-ingress", _) := {"answer": "open", "waits": set()}

_judged("block-bidirectional", _) := {"answer": "blocked", "waits": set()}

_judged(mode, id) := {"answer": "unknown", "waits": {wait}} if {
	not mode in {"off", "block-ingress", "block-bidirectional"}
	wait := {"status": "undecidable", "name": id, "reason": $"Block Public Access {mode}"}
}

_by_account(owner) := _judged(_options[owner], owner)

_by_account(owner) := {"answer": "unknown", "waits": waits} if {
	not _options[owner]
	unread := facts.waits("block_public_access", owner)
	waits := unread | {wait |
		unread == set()
		wait := {"status": "opaque", "name": owner, "reason": "its Block Public Access option"}
	}
}

# an account without an entry has the option off, but only about our own account do we know that it has none
_options := object.union(
	{input.account.id: "off" | facts.is_known("block_public_access", input.account.id)},
	{one.account_id: one.internet_gateway_block_mode | some one in input.block_public_access},
)

_owner(subnet_id, vpc_id) := array.flatten([
	[owner | owner := facts.subnets[subnet_id].owner_id],
	[owner | owner := facts.vpcs[vpc_id].owner_id],
	input.account.id,
])[0]
