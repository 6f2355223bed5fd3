"""Tags of functions, which declare intent: lambda:ListTags for a few, tag:GetResources for many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from vpcguard.snapshot.operation import Operation
from vpcguard.snapshot.reading import Reads
from vpcguard.snapshot.shapes import TEXT, Each, texts
from vpcguard.snapshot.threads import Task

LIST_TAGS = Operation(service="lambda", name="ListTags", shape={"Tags": Each(TEXT)}, keys=1)
GET_RESOURCES = Operation(
    service="tag",
    name="GetResources",
    shape={"ResourceTagMappingList": [{"ResourceARN": TEXT, "Tags": [texts("Key Value")]}]},
    paged=True,
    page_size=100,
)
# a list of ARNs excludes everything about pages
# https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
GET_BY_ARN = replace(GET_RESOURCES, paged=False, page_size=None)
ACTIONS = (LIST_TAGS.key, GET_RESOURCES.key)

# ListTags shows a tag at once, GetResources after a while, and an event may be about the tag; but every
# ListTags is a call out of Lambda's small bucket.
FEW = 5
_ARNS_A_CALL = 100


def tag_reads(reads: Reads, arns: Mapping[str, str]) -> Iterator[Task]:
    """Yield the reads of the tags of single functions; arns: function name -> unqualified ARN."""
    if len(arns) <= FEW:
        for name, arn in arns.items():
            yield reads.each(LIST_TAGS, name, Resource=arn)
        return
    every = sorted(arns.values())
    for start in range(0, len(every), _ARNS_A_CALL):
        yield reads.once(GET_BY_ARN, ResourceARNList=every[start : start + _ARNS_A_CALL])


def all_tag_reads(reads: Reads) -> Iterator[Task]:
    """Yield the read of the tags of all functions of the account and region, one call per hundred."""
    yield reads.once(GET_RESOURCES, ResourceTypeFilters=["lambda:function"])
