"""The quota of Lambda's network interfaces per VPC, read live because AWS documents two numbers for it."""

from __future__ import annotations

from vpcguard.model import Answers
from vpcguard.snapshot.merging import merge
from vpcguard.snapshot.operation import Operation
from vpcguard.snapshot.reading import Reads
from vpcguard.snapshot.shapes import FLAG, NUMBER, Shape, texts

_QUOTA: dict[str, Shape] = {
    "Quota": texts("ServiceCode QuotaCode QuotaName")
    | {"Value": NUMBER, "Adjustable": FLAG, "GlobalQuota": FLAG}
}
GET_QUOTA = Operation(service="servicequotas", name="GetServiceQuota", shape=_QUOTA, keys=1)
GET_DEFAULT_QUOTA = Operation(service="servicequotas", name="GetAWSDefaultServiceQuota", shape=_QUOTA, keys=1)
ACTIONS = (GET_QUOTA.key, GET_DEFAULT_QUOTA.key)

INTERFACES_PER_VPC = "L-9FEE3D26"
_PARAMETERS = {"ServiceCode": "lambda", "QuotaCode": INTERFACES_PER_VPC}


def collect_quotas(reads: Reads) -> Answers:
    """Read the account's own quota; AWS's default only where Service Quotas says that there is none."""
    own = reads.read(GET_QUOTA, _PARAMETERS)
    answers = own.under(GET_QUOTA, INTERFACES_PER_VPC)
    if own.answer is not None or own.failure is not None:
        return answers
    default = reads.read(GET_DEFAULT_QUOTA, _PARAMETERS)
    return merge((answers, default.under(GET_DEFAULT_QUOTA, INTERFACES_PER_VPC)))
