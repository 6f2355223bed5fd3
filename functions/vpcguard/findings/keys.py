"""The keys of the findings table: how the words of the domain become partition and sort keys.

The function's name comes last in a key, so that no name can be mistaken for another part. Keys that
would gather every finding of the organization (a rule, a status) are spread over shards, taken from the
finding's own id: one partition takes 1,000 writes a second
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

FINDING = "FINDING#"
HISTORY = "HISTORY#"
LOOK = "LOOK"
SHARDS: Sequence[str] = "0123456789abcdef"  # of a rule or status: the first digit of the finding id
LOOK_SHARDS: Sequence[str] = "0123"  # of an account-region: a sweep writes all its looks within seconds


def function_key(account_id: str, region: str, function_name: str) -> str:
    """Partition of everything that is kept about one function."""
    return f"F#{account_id}#{region}#{function_name}"


def finding_sort(rule_id: str) -> str:
    """Sort key of a function's finding by one rule."""
    return FINDING + rule_id


def history_prefix(rule_id: str) -> str:
    """Begin of the sort keys of one finding's history; the rule id ends with the mark."""
    return f"{HISTORY}{rule_id}#"


def account_sort(region: str, function_name: str, rule_id: str) -> str:
    """Sort key of a finding within its account."""
    return f"{region}#{rule_id}#{function_name}"


def shard(finding_id: str) -> str:
    """Return the shard of a finding: the same for ever, since the id is."""
    return finding_id.removeprefix("vg-")[0]


def sharded(value: str, shard_name: str) -> str:
    """Partition of one shard of a rule or a status."""
    return f"{value}#{shard_name}"


def looks_key(account_id: str, region: str, shard_name: str) -> str:
    """Partition of one shard of the looks at an account and region."""
    return f"{account_id}#{region}#{shard_name}"


def look_shard(function_name: str) -> str:
    """Return the shard of a function's look record."""
    digest = hashlib.sha256(function_name.encode()).digest()
    return LOOK_SHARDS[digest[0] % len(LOOK_SHARDS)]


def change_id(finding_id: str, judged_at: str, snapshot_digest: str) -> str:
    """Return the stable id of one change of a finding: a repetition of the same look gives the same id."""
    key = f"{finding_id}\n{judged_at}\n{snapshot_digest}"
    return "vgc-" + hashlib.sha256(key.encode()).hexdigest()[:32]


def history_sort(rule_id: str, judged_at: str, snapshot_digest: str) -> str:
    """Sort key of a history entry: in the order in which looks supersede each other."""
    return f"{history_prefix(rule_id)}{judged_at}#{snapshot_digest.removeprefix('sha256:')[:16]}"
