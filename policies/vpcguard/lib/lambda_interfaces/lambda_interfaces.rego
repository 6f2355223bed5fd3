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
pairs := {key: {"present": present, "missing": absent - unseen, "unseen": unseen, "waits": waits[cohort.vpc_id]} |
	some key, cohort in cohorts.with_subnets
	present := cohort.subnets & object.keys(object.get(_holding, cohort.named_groups, {}))
	absent := cohort.subnets - present
	unseen := {id | waits[cohort.vpc_id] != set(); some id in absent}
}

# METADATA
# description: How many interfaces of Lambda this account was seen to have in each VPC that holds its functions.
count_by_vpc := {vpc_id: count(ids) |
	some vpc_id, _ in waits
	ids := {one.id | some one in _ours; one.vpc_id == vpc_id}
}

# METADATA
# description: What the interfaces of each of these VPCs wait for; empty where they were read.
waits := {cohort.vpc_id: facts.waits("lambda_interfaces", cohort.vpc_id) | some cohort in cohorts.by_key}

# by set of groups, the subnets that hold an interface of them
_holding := object.union_n([{{id | some id in one.security_group_ids}: {one.subnet_id: true}} | some one in _ours])

# in a shared VPC the owner's answer holds the interfaces of every participant
_ours := [one |
	some one in facts.interfaces
	one.is_lambda
	object.get(one, "owner_id", input.account.id) == input.account.id
]
