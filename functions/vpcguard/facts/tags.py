"""Tags of functions: what declares intent, and the owner; no other tag leaves the answers."""

from __future__ import annotations

from collections.abc import Sequence

from vpcguard.facts.account import KNOWN, Account, Status, worst
from vpcguard.facts.coverage import default_entry, subject_entries
from vpcguard.facts.reading import Json, each, known, mapping, required_text, text

GET_RESOURCES = "tag:GetResources"
LIST_TAGS = "lambda:ListTags"
_PREFIX = "vpcguard:"
_OWNER = "owner"


def add_tags(own: Account, functions: Sequence[Json]) -> list[Json]:
    """Add the tags that we read to every function; return their coverage.

    Either tag:GetResources or lambda:ListTags is enough. GetResources answers about every tagged
    function, so a function that a complete answer lacks has no tags:
    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """
    by_arn = dict(own.documents(GET_RESOURCES, "ResourceTagMappingList", _mapping))
    listed = set(own.subjects(LIST_TAGS))
    for function in functions:
        name = function["name"]
        if name in listed:
            function["tags"] = own.entry(LIST_TAGS, name, _listed) or []
        else:
            function["tags"] = by_arn.get(function["arn"], [])
    default = _status(own, None)
    named = own.named(LIST_TAGS)
    statuses = {
        function["name"]: KNOWN if function["arn"] in by_arn else _status(own, function["name"])
        for function in functions
        if function["arn"] in by_arn or function["name"] in named
    }
    return [
        default_entry("function_tags", default),
        *subject_entries("function_tags", statuses, default=default),
    ]


def _status(own: Account, name: str | None) -> Status:
    either = (own.status(GET_RESOURCES), own.entry_status(LIST_TAGS, name, is_asked_for_all=True))
    if KNOWN in either:
        return KNOWN
    return worst(*either)  # silence only where both were left out on purpose


def _mapping(item: Json) -> tuple[str, list[Json]]:
    return required_text(item, "ResourceARN"), _kept(each(item, "Tags", convert=_tag))


def _listed(answer: Json) -> list[Json]:
    tags = mapping(answer, "Tags")
    return _kept([{"key": key, "value": text(tags, key) or ""} for key in tags])


def _tag(item: Json) -> Json:
    return known({"key": required_text(item, "Key"), "value": text(item, "Value") or ""})


def _kept(tags: Sequence[Json]) -> list[Json]:
    kept = [tag for tag in tags if tag["key"].startswith(_PREFIX) or tag["key"].lower() == _OWNER]
    return sorted(kept, key=lambda tag: str(tag["key"]))
