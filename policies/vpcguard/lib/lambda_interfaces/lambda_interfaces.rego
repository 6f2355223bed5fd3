# METADATA
# title: Interfaces
# description: |
#   Lambda's network interfaces. One serves every function of the account with the same subnet and the same set of
#   groups, so that only a pair without one needs a new address.
#   https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-enis
package vpcguard.lib.lambda_interfaces

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.facts

# METADATA
# description: |
#   By key of a cohort with subnets: {"present": subnets that hold the interface of the cohort's groups, "missing":
#   subnets that do not, "unseen": subnets where nobody could tell, "waits": what the unseen ones wait for}.
pairs := {key: _pairs[traits] | some key, traits in _traits}

# METADATA
# description: How many interfaces of Lambda this account was seen to have in each VPC that holds its functions.
count_by_vpc := {vpc_id: count(ids) |
	some vpc_id in _vpc_ids
	ids := {one.id | some one in _ours; one.vpc_id == vpc_id}
}

_vpc_ids := {spread.vpc_id | some spread in cohorts.spreads}

# METADATA
# description: What the interfaces of each of these VPCs wait for; empty where they were read.
waits := {vpc_id: facts.waits("lambda_interfaces", vpc_id) | some vpc_id in _vpc_ids}

# by spread and set of groups, which is all that counts
_pairs := {traits: found |
	some traits in {traits | some traits in _traits}
	spread := cohorts.spreads[traits[0]]
	present := spread.subnets & object.get(_holding, traits[1], set())
	absent := spread.subnets - present
	unseen := {true: set(), false: absent}[waits[spread.vpc_id] == set()]
	found := {"present": present, "missing": absent - unseen, "unseen": unseen, "waits": waits[spread.vpc_id]}
}

_traits := {key: [cohort.spread, cohort.named_groups] |
	some key, _ in cohorts.with_subnets
	cohort := cohorts.by_key[key]
}

# by set of groups, the subnets that hold an interface of them
_holding := {groups: subnet_ids |
	some groups in {groups | some groups in _groups_of}
	ids := {id | some id, other in _groups_of; other == groups}
	subnet_ids := {facts.interfaces[id].subnet_id | some id in ids}
}

_groups_of := {one.id: {id | some id in one.security_group_ids} | some one in _ours}

# in a shared VPC the owner's answer holds the interfaces of every participant
_ours := [one |
	some one in facts.interfaces
	one.is_lambda
	object.get(one, "owner_id", input.account.id) == input.account.id
]
