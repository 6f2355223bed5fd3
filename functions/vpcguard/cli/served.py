"""What an alias or version of a function serves, and the snapshot in which that stands where $LATEST stood.

A published version keeps its network for ever, and callers of an alias never see $LATEST:
https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from vpcguard.aws.answers import Json, items, text, value
from vpcguard.aws.codes import PARTIAL
from vpcguard.aws.operations import Operation
from vpcguard.errors import ConfigurationError, ReadError
from vpcguard.model import Answers, Failure, Snapshot
from vpcguard.resources.filters import SECURITY_GROUPS
from vpcguard.resources.function_details import LIST_ALIASES, LIST_VERSIONS
from vpcguard.resources.functions import (
    GET_FUNCTION_CONFIGURATION,
    LATEST,
    LIST_FUNCTIONS,
    functions_in,
    network_of,
)
from vpcguard.resources.networks import SUBNETS, VPCS

_MOST_NAMES = 3
_MOST_LISTED = 5
_STATE_FIELDS = ("State", "LastUpdateStatus")  # and their reasons
_OF_VERSIONS = (LIST_ALIASES.key, LIST_VERSIONS.key)


class Share(NamedTuple):
    """A version and its share of the calls, of 1."""

    version: str
    weight: float


def shares(snapshot: Snapshot, name: str, qualifier: str) -> tuple[Share, ...]:
    """Return the versions that a qualifier of a function means, the one that gets most calls first.

    Whether a version exists is not looked at. Raises ConfigurationError for an alias that does not exist, and
    ReadError where the aliases were not read.
    """
    if qualifier.startswith("$") or qualifier.isdecimal():
        return (Share(qualifier, 1.0),)
    aliases: list[Json] = _read(snapshot, LIST_ALIASES, name, qualifier).get("Aliases", [])
    for alias in aliases:
        if alias.get("Name") == qualifier and (main := text(alias, "FunctionVersion")):
            weights: Mapping[str, float] = value(alias, "RoutingConfig", "AdditionalVersionWeights") or {}
            found = [Share(main, round(1 - sum(weights.values()), 6)), *map(Share, weights, weights.values())]
            return tuple(sorted(found, key=lambda share: -share.weight))
    names = [one["Name"] for one in aliases if "Name" in one]
    raise _lacking(snapshot, LIST_ALIASES, name, qualifier, names)


def in_place(snapshot: Snapshot, name: str, version: str) -> Snapshot:
    """Return a stored snapshot in which a version's network stands in the place of that of $LATEST.

    Snapshots keep the network of versions alone. Raises ConfigurationError for a version that does not exist,
    and ReadError where the versions, or the VPC of this one, were not read.
    """
    listed: list[Json] = _read(snapshot, LIST_VERSIONS, name, version).get("Versions", [])
    found = next((one for one in listed if one.get("Version") == version), None)
    if found is None:
        numbers = [one["Version"] for one in listed if "Version" in one]
        raise _lacking(snapshot, LIST_VERSIONS, name, version, numbers)
    network: Json = found.get("VpcConfig") or {}
    vpc_id = network.get("VpcId")
    if vpc_id and vpc_id not in _vpc_ids(snapshot):
        message = f"version {version} of {name} is attached to {vpc_id}, of which this snapshot holds nothing"
        raise ReadError(f"{message}: explain it live, without --snapshot")
    latest = functions_in(snapshot.own)[name]
    kept = {key: one for key, one in latest.items() if not key.startswith(_STATE_FIELDS)}
    own = _with(
        snapshot.own, LIST_FUNCTIONS, {"Functions": [{**kept, "FunctionName": name, "VpcConfig": network}]}
    )
    own = _without(own, GET_FUNCTION_CONFIGURATION.key)
    if LIST_FUNCTIONS.key not in snapshot.own.answers:  # the groups of other VPCs were read by their names
        seen = {
            one.get("GroupId") for account in _accounts(snapshot) for one in items(account, SECURITY_GROUPS)
        }
        if not seen.issuperset(network.get("SecurityGroupIds", ())):
            partial = Failure(PARTIAL, f"not asked for what version {version} names")
            own = replace(own, failures={SECURITY_GROUPS.key: partial, **own.failures})
    return _alone(replace(snapshot, own=own), GET_FUNCTION_CONFIGURATION.key)


def as_latest(snapshot: Snapshot, name: str) -> Snapshot:
    """Return a snapshot that was read of a version as one of $LATEST, which is what rules judge."""
    read = snapshot.own.answers.get(GET_FUNCTION_CONFIGURATION.key, {})
    entries = {name: {**read[name], "Version": LATEST}} if name in read else {}
    return _alone(replace(snapshot, own=_with(snapshot.own, GET_FUNCTION_CONFIGURATION, entries)))


def is_same_network(one: Snapshot, other: Snapshot, name: str) -> bool:
    """True if a function has the same subnets and groups in two snapshots."""
    first, second = (network_of(functions_in(snapshot.own)[name]) for snapshot in (one, other))
    return all(set(first[key]) == set(second[key]) for key in ("subnet_ids", "security_group_ids"))


def near(name: str, names: Iterable[str]) -> str:
    """Return in words which name was probably meant; nothing where none is near."""
    by_folded = {one.casefold(): one for one in sorted(names)}
    close = [by_folded[one] for one in difflib.get_close_matches(name.casefold(), by_folded, _MOST_NAMES)]
    return f"; did you mean {', '.join(close)}?" if close else ""


def unknown(name: str, kind: str, qualifier: str, others: Iterable[str]) -> ConfigurationError:
    """Return the error for an alias or version that does not exist, with those that do, the newest ones."""
    found = sorted(others, key=lambda one: (len(one), one))[-_MOST_LISTED:]
    there = f"; it has {', '.join(found)}" if found else ""
    return ConfigurationError(f"{name} has no {kind} {qualifier!r}{near(qualifier, found) or there}")


def _alone(snapshot: Snapshot, *left_out: str) -> Snapshot:
    """Return it without aliases and versions: whether they differ from $LATEST is not asked of one."""
    own = _without(snapshot.own, *_OF_VERSIONS)
    return replace(
        snapshot, own=own, not_requested=tuple(sorted({*snapshot.not_requested, *left_out, *_OF_VERSIONS}))
    )


def _read(snapshot: Snapshot, operation: Operation, name: str, qualifier: str) -> Json:
    found: Json | None = snapshot.own.answers.get(operation.key, {}).get(name)
    if found is None:
        raise _unread(snapshot, operation, name, qualifier)
    return found


def _unread(snapshot: Snapshot, operation: Operation, name: str, qualifier: str) -> ReadError:
    failure = _failure(snapshot, operation, name)
    why = f"was refused: {failure.code}: {failure.message}" if failure else "was not read"
    advice = (
        f"it needs the permission {operation.key}, and in a snapshot `vpcguard capture --function {name}`"
    )
    return ReadError(f"what {name}:{qualifier} serves is not known: {operation.key} {why}; {advice}")


def _failure(snapshot: Snapshot, operation: Operation, name: str) -> Failure | None:
    failed = snapshot.own.failures.get(operation.key)
    return failed if failed is None or isinstance(failed, Failure) else failed.get(name)


def _lacking(
    snapshot: Snapshot, operation: Operation, name: str, qualifier: str, others: list[str]
) -> ReadError | ConfigurationError:
    """Return the error for what a list lacks: it does not exist, or the list was not read to its end."""
    if _failure(snapshot, operation, name):
        return _unread(snapshot, operation, name, qualifier)
    return unknown(name, "alias" if operation is LIST_ALIASES else "version", qualifier, others)


def _vpc_ids(snapshot: Snapshot) -> set[Any]:
    """Return the VPCs that a snapshot tells of."""
    seen = {
        one.get("VpcId")
        for account in _accounts(snapshot)
        for operation in (VPCS, SUBNETS)
        for one in items(account, operation)
    }
    return seen | {value(one, "VpcConfig", "VpcId") for one in functions_in(snapshot.own).values()}


def _accounts(snapshot: Snapshot) -> list[Answers]:
    return [snapshot.own, *snapshot.owners.values()]


def _with(answers: Answers, operation: Operation, answer: Json) -> Answers:
    return Answers({**answers.answers, operation.key: answer}, _keyless(answers.failures, operation.key))


def _without(answers: Answers, *keys: str) -> Answers:
    return Answers(_keyless(answers.answers, *keys), _keyless(answers.failures, *keys))


def _keyless(found: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: one for key, one in found.items() if key not in keys}
