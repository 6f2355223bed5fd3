"""What the items of the table say, from what is planned and back; and reads of them by their keys."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, fields
from typing import Any

from pynamodb.exceptions import PynamoDBException

from vpcguard.clock import Clock, system_clock
from vpcguard.errors import FindingStoreError
from vpcguard.findings.lifecycle import DAY, seconds
from vpcguard.findings.looks import TEXT_CHARACTERS, bounded_text
from vpcguard.findings.states import FindingChange, FindingState, FunctionState, Plan
from vpcguard.findings.table import (
    DETAIL,
    FINDING,
    HISTORY,
    LOOK,
    LOOK_SHARDS,
    SHARDS,
    DetailItem,
    FindingItem,
    LookItem,
    bound_table,
)
from vpcguard.model import Finding, finding_id

Function = tuple[str, str, str]  # account id, region, name

ATTEMPTS = 10
RETENTION_DAYS = 400  # of resolved findings and of history: longer than two export periods
SUMMARY_BYTES = 2_048  # of a finding without its detail: it stands in every index
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_KEYS_AT_ONCE = 100
_LONGEST_PAUSE_SECONDS = 0.5
_STATE_FIELDS = frozenset(one.name for one in fields(FindingState))
_DETAILED = ("advice", "evidence")  # fields of a finding that its detail alone has
# those that a finding cuts where there are too many bytes, and that its detail has whole
_WHOLE = (
    *("title", "message", "account_name", "organization_unit", "root_cause", "root_cause_name"),
    *("owner", "tags", "managed_by", "actor"),
)
# what a change tells of its finding
_TOLD = (
    *("account_name", "organization_unit", "function_arn", "vpc_id", "title", "owner", "tags"),
    *("root_cause", "root_cause_kind", "root_cause_account", "root_cause_name", "remediation_id"),
)
_SUMMARY_FIELDS = tuple(one.name for one in fields(Finding) if one.name not in _DETAILED)
_LIMITS = (TEXT_CHARACTERS, 250, 150, 100, 70, 50, 30, 20, 10)  # bytes of each text, until all fits
_KEPT = {"actor": 100, "managed_by": 20}  # bytes at most, since a write that does not know them leaves them
_LATER = (
    210  # bytes of the kind and the sort key, and that others may add: a resolution, ids of what covers it
)


def function_key(account_id: str, region: str, function_name: str) -> str:
    """Partition of everything that is kept about one function."""
    return f"F#{account_id}#{region}#{function_name}"


def shard_of(name: str, shards: Sequence[str]) -> str:
    """Return the shard of a finding's id or of a function's name: the same for ever."""
    return shards[hashlib.sha256(name.encode()).digest()[0] % len(shards)]


class FindingTable:
    """The findings table of one deployment, to read by key.

    client: a boto3 or botocore `dynamodb` client made with store.CLIENT_CONFIG; safe to share between
    threads. clock: decides what has expired. pause: waits between attempts, in seconds. Every method raises
    FindingStoreError where DynamoDB does not do what was asked, and the listings ListingError for a cursor
    or a page size that they do not take.
    """

    def __init__(
        self,
        client: Any,
        table_name: str,
        *,
        clock: Clock = system_clock,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.table = bound_table(table_name, client)
        self._clock = clock
        self._pause = pause

    def state(self, account_id: str, region: str, function_name: str) -> FunctionState:
        """Return what is remembered about a function: one strongly consistent read of one item.

        Revision 0 where there is none. Read early, it saves `record` its own read; the write is guarded
        all the same.
        """
        try:
            item = self.table.look.get(
                function_key(account_id, region, function_name), LOOK, consistent_read=True
            )
        except self.table.look.DoesNotExist:
            return FunctionState(account_id=account_id, region=region, function_name=function_name)
        except PynamoDBException as error:
            raise FindingStoreError(f"the look at {function_name} could not be read: {error}") from error
        return function_state(item)

    def states(
        self, functions: Collection[Function], *, consistent_read: bool = True
    ) -> dict[Function, FunctionState]:
        """Return what is remembered about many functions, 100 a request; revision 0: nothing yet."""
        states = {
            function: FunctionState(account_id=function[0], region=function[1], function_name=function[2])
            for function in functions
        }
        keys = [(function_key(*function), LOOK) for function in states]
        for item in map(self.table.look.from_raw_data, self._read(keys, consistent_read=consistent_read)):
            states[item.account_id, item.region, item.function_name] = function_state(item)
        return states

    def _read(self, keys: Collection[tuple[str, str]], *, consistent_read: bool) -> list[dict[str, Any]]:
        """Return the items with these keys as DynamoDB writes them, 100 a request, in any order.

        DynamoDB may leave keys unprocessed, when it throttles or has said 16 MB: those are asked for again,
        ten times at most.
        """
        found: list[dict[str, Any]] = []
        ordered = [{"pk": pk, "sk": sk} for pk, sk in sorted(keys)]
        for start in range(0, len(ordered), _KEYS_AT_ONCE):
            unread: Sequence[Any] = ordered[start : start + _KEYS_AT_ONCE]
            for attempt in range(ATTEMPTS):
                if attempt:
                    self._wait(attempt)
                try:
                    answer = self.table.connection.batch_get_item(
                        self.table.name, unread, consistent_read=consistent_read
                    )
                except PynamoDBException as error:
                    raise FindingStoreError(f"items could not be read: {error}") from error
                found.extend(answer["Responses"].get(self.table.name, ()))
                unread = answer.get("UnprocessedKeys", {}).get(self.table.name, {}).get("Keys", ())
                if not unread:
                    break
            else:
                raise FindingStoreError(
                    f"{len(unread)} items could not be read: DynamoDB left them out {ATTEMPTS} times in a row"
                )
        return found

    def _stored(self, state: FunctionState, rule_ids: Collection[str]) -> dict[str, Finding]:
        """Return a function's findings of these rules as they are stored, those that there are."""
        key = function_key(state.account_id, state.region, state.function_name)
        keys = [(key, kind + rule_id) for kind in (FINDING, DETAIL) for rule_id in rule_ids]
        read = {one["sk"]["S"]: one for one in self._read(keys, consistent_read=True)}
        found = {}
        for rule_id in rule_ids:
            summary, detail = read.get(FINDING + rule_id), read.get(DETAIL + rule_id)
            if summary and detail:
                items = self.table.finding.from_raw_data(summary), self.table.detail.from_raw_data(detail)
                found[rule_id] = stored_finding(*items, None)
        return found

    def _wait(self, attempt: int) -> None:
        """Wait before an attempt, longer each time, and not as long as others who wait for the same."""
        longest = min(_LONGEST_PAUSE_SECONDS, 0.01 * 2**attempt)
        self._pause(random.uniform(0, longest))  # noqa: S311 - spreads callers, keeps no secret


def look_values(state: FunctionState) -> dict[str, Any]:
    """Return every attribute of a look record but its key; None: absent."""
    is_deleted = state.deleted_at is not None
    looks_key = f"{state.account_id}#{state.region}#{shard_of(state.function_name, LOOK_SHARDS)}"
    return {
        "looks_key": None if is_deleted else looks_key,
        "account_id": state.account_id,
        "region": state.region,
        "function_name": state.function_name,
        "organization_unit": state.organization_unit,
        "judged_at": state.judged_at,
        "snapshot_digest": state.snapshot_digest,
        "policy_revision": state.policy_revision,
        "config_digest": state.config_digest,
        "trigger": state.trigger,
        "revision": state.revision,
        "findings": {
            rule_id: {name: value for name, value in asdict(one).items() if value is not None}
            for rule_id, one in sorted(state.findings.items())
        },
        "waiting": dict(state.waiting) or None,
        "last_event_at": state.last_event_at,
        "function_modified_at": state.modified_at,
        "deleted_at": state.deleted_at,
        "is_partial": state.is_partial or None,
        "ttl": seconds(state.judged_at) + RETENTION_DAYS * DAY if is_deleted else None,
    }


def finding_values(change: FindingChange, plan: Plan) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the attributes of a finding and of its detail that a change sets; None: removed."""
    state, finding = change.after, change.finding
    if state.status == "resolved":
        return _resolution(change, plan)
    shown: dict[str, Any] = {
        "status": state.status,
        "verdict": state.verdict,
        "exemption_id": state.exemption_id,
        "exemption_key": state.exemption_id,
        "opened_at": state.opened_at,
        "confirmed_at": state.confirmed_at,
        "last_seen": state.last_seen,
        "changed_at": plan.changed_at,
    }
    is_doubt_alone = change.kind in ("unconfirmed", "confirmed")
    if is_doubt_alone and change.before is not None and change.before.fingerprint == state.fingerprint:
        del shown["changed_at"]  # what it states is what it stated
    if finding is None:
        doubt = change.doubt
        if doubt is None:
            return shown, {}
        said = {"since": state.unconfirmed_since, "message": doubt.message}
        return shown, {"undetermined": {**said, "unknown": doubt.evidence.get("unknown", [])}}
    shard = shard_of(finding.finding_id, SHARDS)
    keys = {
        "shard": shard,
        "live_shard": shard,
        "account_sort": f"{finding.region}#{finding.rule_id}#{finding.function_name}",
        "rule_shard": f"{finding.rule_id}#{shard}",
        "cause_key": state.cause_id,
    }
    values = finding.as_document() | {
        "first_seen": state.first_seen,
        "times_reopened": max(0, state.times_opened - 1),
        "status_reason": None,
        "resolved_at": None,
        "ttl": None,
    }
    values |= keys | shown
    if "changed_at" not in shown:
        del values["changed_at"]
    for cause in ("actor", "managed_by"):
        if values[cause] is None and change.before is not None:
            del values[cause]  # a sweep does not know it and does not undo it
    if change.before is not None:  # other steps set it
        del values["remediation_id"]
    whole = {name: values[name] for name in (*_WHOLE, *_DETAILED) if name in values}
    detail = {**whole, "rule_id": finding.rule_id, "undetermined": None, "ttl": None}
    return _summary({name: value for name, value in values.items() if name not in _DETAILED}), detail


def _summary(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a finding, its texts cut so far that the item has at most SUMMARY_BYTES."""
    fixed = [value for name, value in values.items() if name not in _WHOLE and value is not None]
    size = sum(len(str(value).encode()) for value in (*FindingItem.get_attributes(), *fixed)) + _LATER
    size += len(function_key(values["account_id"], values["region"], values["function_name"]))
    size += len(values["rule_id"]) + sum(most for name, most in _KEPT.items() if name not in values)
    cut: dict[str, Any] = {}
    for limit in _LIMITS:
        cut = {
            name: one if len(json.dumps(one)) <= most else _cut(one, most)
            for name in _WHOLE
            if (one := values.get(name)) is not None
            for most in [min(limit, _KEPT.get(name, limit))]
        }
        # a text as such and tags as JSON
        lengths = [len((one if isinstance(one, str) else json.dumps(one)).encode()) for one in cut.values()]
        if size + sum(lengths) <= SUMMARY_BYTES:
            break
    return values | cut


def _cut(value: Any, limit: int) -> Any:
    """Return a text of at most so many bytes, or tags of few such texts."""
    if isinstance(value, dict):
        kept = {_cut(key, limit): _cut(one, limit) for key, one in list(value.items())[: limit // 10]}
        return kept if len(kept) == len(value) else {**kept, "…": f"{len(value) - len(kept)} more"}
    encoded = value.encode()
    return value if len(encoded) <= limit else encoded[: limit - 3].decode(errors="ignore") + "…"


def _resolution(change: FindingChange, plan: Plan) -> tuple[dict[str, Any], dict[str, Any]]:
    state, after = change.after, plan.after
    values: dict[str, Any] = {
        "status": state.status,
        "status_reason": change.status_reason,
        "verdict": state.verdict,
        "confirmed_at": state.confirmed_at,
        "last_seen": state.last_seen,
        "changed_at": plan.changed_at,
        "resolved_at": plan.changed_at,
        "ttl": state.ttl,
        **dict.fromkeys(("live_shard", "cause_key", "exemption_id", "exemption_key")),
    }
    if change.status_reason != "function_deleted":  # a deletion was seen in a listing, not judged
        values |= {
            "policy_revision": after.policy_revision,
            "config_digest": after.config_digest,
            "snapshot_digest": after.snapshot_digest,
        }
    return values, {"undetermined": None, "ttl": state.ttl}


def history_values(change: FindingChange, plan: Plan, stored: Finding | None) -> dict[str, Any]:
    """Return every attribute of a history item but its partition key.

    stored: the finding as it was, where the change brings no other. Sorted by the look record's revision the
    entries are in the order in which they were written, each beginning where the one before it ended. A
    repetition of the same look gives the same change_id.
    """
    after, state, finding = plan.after, change.after, change.finding or stored
    identity = finding_id(after.account_id, after.region, after.function_name, change.rule_id)
    # a look that goes on where it ended may say two things of one finding, with an exemption and without
    change_key = f"{identity}\n{plan.changed_at}\n{plan.reason}\n{change.kind}"
    said: dict[str, Any] = {}
    if finding is not None:
        said = {name: getattr(finding, name) for name in _TOLD}
        said["message"] = bounded_text((change.doubt or finding).message)
        said["managed_by"] = plan.managed_by or finding.managed_by
    return {
        **said,
        "sk": f"{HISTORY}{change.rule_id}#{after.revision:012}",
        "change_id": "vgc-" + hashlib.sha256(change_key.encode()).hexdigest()[:32],
        "change": change.kind,
        "finding_id": identity,
        "account_id": after.account_id,
        "region": after.region,
        "function_name": after.function_name,
        "rule_id": change.rule_id,
        "severity": state.severity,
        "stage": state.stage,
        "status_before": change.before.status if change.before else None,
        "status": state.status,
        "status_reason": change.status_reason,
        "verdict": state.verdict,
        "cause_id": state.cause_id,
        "actor": plan.actor,
        "exemption_id": state.exemption_id or (change.before.exemption_id if change.before else None),
        "trigger": after.trigger if plan.reason != "exemptions" else "exemptions",
        "first_seen": state.first_seen,
        "opened_at": state.opened_at,
        "confirmed_at": state.confirmed_at,
        "last_seen": state.last_seen,
        "changed_at": plan.changed_at,
        "policy_revision": after.policy_revision,
        "config_digest": after.config_digest,
        "snapshot_digest": after.snapshot_digest or None,
        "ttl": seconds(plan.changed_at) + RETENTION_DAYS * DAY,
    }


def stored_finding(item: FindingItem, detail: DetailItem | None, state: FindingState | None) -> Finding:
    """Return a finding as every interface shows it.

    detail: None where it was not asked for: the advice and the evidence are empty then, and texts may be cut.
    state: as the function's look record has it; it knows when the finding was last seen and
    confirmed. An open finding that later looks could not judge says so in its evidence, under "undetermined".
    """
    values = {name: getattr(item, name) for name in _SUMMARY_FIELDS} | {"advice": "", "evidence": {}}
    values["times_reopened"] = int(item.times_reopened)
    if state is not None and state.status == item.status:
        values |= {"last_seen": state.last_seen, "confirmed_at": state.confirmed_at}
    if detail is not None:
        values |= {name: getattr(detail, name) for name in (*_WHOLE, *_DETAILED)}
        if detail.undetermined is not None:
            values["evidence"] = {**detail.evidence, "undetermined": detail.undetermined}
    return Finding(**values)


def function_state(item: LookItem) -> FunctionState:
    """Return what a look record remembers; what a newer release added is left out."""
    return FunctionState(
        account_id=item.account_id,
        region=item.region,
        function_name=item.function_name,
        organization_unit=item.organization_unit,
        judged_at=item.judged_at,
        snapshot_digest=item.snapshot_digest,
        policy_revision=item.policy_revision,
        config_digest=item.config_digest,
        trigger=item.trigger,
        revision=int(item.revision),
        findings={
            rule_id: FindingState(**{name: state[name] for name in _STATE_FIELDS & state.keys()})
            for rule_id, state in item.findings.items()
        },
        waiting=item.waiting or {},
        deleted_at=item.deleted_at,
        is_partial=bool(item.is_partial),
        last_event_at=item.last_event_at,
        modified_at=item.function_modified_at,
    )
