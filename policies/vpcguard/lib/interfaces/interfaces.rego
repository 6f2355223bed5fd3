# METADATA
# title: Interfaces
# description: |
#   Lambda's network interfaces. One serves every function of the account with the same subnet and the same set of
#   groups, so that only a pair without one needs a new address.
#   https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-enis
package vpcguard.lib.interfaces

import data.vpcguard.lib.cohorts
import data.vpcguard.lib.coverage
import data.vpcguard.lib.network

# METADATA
# description: |
#   By key of a cohort with subnets: {"present": subnets that hold the interface of the cohort's groups, "missing":
#   subnets that do not, "unseen": subnets where nobody could tell, "waits": what the unseen ones wait for}.
pairs := {key: found |
	some key in cohorts.with_subnets
	cohort := cohorts.by_key[key]
	present := {id | some id in cohort.subnets; [id, cohort.named_groups] in _seen}
	waits := coverage.waits("lambda_interfaces", cohort.vpc_id)
	found := object.union({"present": present, "waits": waits}, _absent(cohort.subnets - present, waits))
}

# METADATA
# description: How many interfaces of Lambda this account was seen to have in each VPC that holds its functions.
count_by_vpc := {vpc_id: count(ids) |
	some vpc_id in {cohort.vpc_id | some cohort in cohorts.by_key}
	ids := {one.id | some one in _ours; one.vpc_id == vpc_id}
}

_absent(ids, waits) := {"missing": ids, "unseen": set()} if waits == set()

_absent(ids, waits) := {"missing": set(), "unseen": ids} if waits != set()

_seen := {[one.subnet_id, {id | some id in one.security_group_ids}] | some one in _ours}

# in a shared VPC the owner's answer holds the interfaces of every participant
_ours := [one |
	some one in network.interfaces
	one.is_lambda
	object.get(one, "owner_id", input.account.id) == input.account.id
]
