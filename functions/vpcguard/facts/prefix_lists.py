"""Managed prefix lists and the networks they hold."""

from __future__ import annotations

from collections.abc import Iterable

from vpcguard.facts.account import KNOWN, Status, worst
from vpcguard.facts.coverage import default_entry, subject_entries
from vpcguard.facts.estate import Estate
from vpcguard.facts.reading import Json, gather, known, required_text, text

LISTS = "ec2:DescribeManagedPrefixLists"
ENTRIES = "ec2:GetManagedPrefixListEntries"


def read_prefix_lists(estate: Estate, referenced: Iterable[str]) -> tuple[dict[str, Json], list[Json]]:
    """Return the prefix lists by id, and their coverage.

    referenced: the ids that routes and groups name; each gets an entry that says whether its
    networks are known. A list of a shared VPC's owner may be one that only the owner reads.
    """
    lists = estate.union(LISTS, "PrefixLists", _list)
    for account in estate.accounts:
        for list_id in account.subjects(ENTRIES):
            lists.setdefault(list_id, {"id": list_id, "cidrs": []})
            cidrs = account.entry(ENTRIES, list_id, lambda item: gather(item, "Entries", field="Cidr"))
            lists[list_id]["cidrs"] = lists[list_id]["cidrs"] or cidrs or []
    statuses = {list_id: _status(estate, list_id) for list_id in {*lists, *referenced}}
    for list_id, status in statuses.items():
        if not status.is_known and list_id in lists:
            lists[list_id]["cidrs"] = []
    default = estate.own.entry_status(ENTRIES)
    return lists, [
        default_entry("prefix_lists", estate.own.status(LISTS)),
        default_entry("prefix_list_entries", default),
        *subject_entries("prefix_list_entries", statuses, default=default),
    ]


def _status(estate: Estate, list_id: str) -> Status:
    statuses = [account.entry_status(ENTRIES, list_id) for account in estate.accounts]
    return KNOWN if KNOWN in statuses else worst(estate.own.entry_status(ENTRIES, list_id))


def _list(item: Json) -> Json:
    return known(
        {
            "id": required_text(item, "PrefixListId"),
            "name": text(item, "PrefixListName"),
            "owner_id": text(item, "OwnerId"),
            "cidrs": [],
        }
    )
