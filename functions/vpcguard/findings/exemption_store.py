"""Exemptions in the findings table: all of them in one partition, since every look needs them all.

An item that cannot be read as an exemption, whoever wrote it, exempts nothing, is named, and keeps no other
from being read. What has ended is kept for 400 days, which its ttl says from the beginning.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Any

from pynamodb.exceptions import PutError, PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition

from vpcguard.clock import Clock, rfc3339, system_clock
from vpcguard.errors import ExemptionError, FindingStoreError, NoExemptionError, RevisionError
from vpcguard.findings.exemptions import Exemption, Exemptions, Matcher, State, checked
from vpcguard.findings.pages import PAGE_SIZE, Page, read_page
from vpcguard.findings.records import EXEMPTIONS, JOB, ExemptionItem, JobItem
from vpcguard.findings.table import bound_model

ACTIONS = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query")
_RETENTION = timedelta(days=400)
_ATTEMPTS = 5
_WHOLE_PASS = f"{JOB}#exemptions"
_CHECK_FAILED = "ConditionalCheckFailedException"


class _Item(ExemptionItem):
    """An exemption as the table has it; one whose attributes cannot be read has none."""

    @classmethod
    def from_raw_data(cls, data: dict[str, dict[str, Any]]) -> _Item:
        try:
            return super().from_raw_data(data)
        except (TypeError, ValueError, RecursionError):  # another type than the model's, or what is no JSON
            return cls(data["pk"]["S"], data["sk"]["S"])


@dataclass(frozen=True, slots=True)
class StoredExemption:
    """An exemption and what else the table knows of it.

    applied: what the stored findings show of it, as whoever applied it wrote. covered: what it exempted when
    that was last looked up.
    """

    exemption: Exemption
    applied: str | None = None
    covered: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class WholePass:
    """How far a pass over all findings has come: when it began, and where it goes on; None: nowhere."""

    begun_at: str | None = None
    cursor: str | None = None


class ExemptionStore:
    """The exemptions of one deployment.

    client: as of a FindingStore. Every method raises FindingStoreError where DynamoDB does not do what was
    asked.
    """

    def __init__(self, client: Any, table_name: str, *, clock: Clock = system_clock) -> None:
        self._model = bound_model(_Item, table_name, client)
        self._bound_job = partial(bound_model, JobItem, table_name, client)
        self._clock = clock

    def read(self) -> Exemptions:
        """Return all that have not ended, and the keys of what cannot be read; strongly consistent."""
        now = self._clock().astimezone(UTC)
        found, malformed = self._read(now + _RETENTION)
        return Exemptions(tuple(one.exemption for one in found), malformed)

    def read_all(self) -> tuple[list[StoredExemption], tuple[str, ...]]:
        """Return all that are kept, those that ended too, and the keys of what cannot be read; as `read`."""
        return self._read(self._clock().astimezone(UTC))

    def _read(self, gone_until: datetime) -> tuple[list[StoredExemption], tuple[str, ...]]:
        found, malformed = list[StoredExemption](), list[str]()
        try:
            for item in self._model.query(
                EXEMPTIONS, filter_condition=self._is_kept(gone_until), consistent_read=True
            ):
                try:
                    found.append(_stored(item))
                except ExemptionError:
                    malformed.append(item.sk)
        except PynamoDBException as error:
            raise FindingStoreError(f"the exemptions could not be read: {error}") from error
        return found, tuple(malformed)

    def page(
        self, *, state: State | None = None, page_size: int = PAGE_SIZE, cursor: str | None = None
    ) -> Page[Exemption]:
        """Return a page of them by id, those of one state alone or all; ListingError as of any listing.

        What cannot be read as one is left out: `read_all` names it.
        """
        now = self._clock()
        wanted = self._is_kept(now) if state is None else self._is_kept(now) & self._is(state, now)
        page = read_page(
            self._model,
            self._model.query,
            [EXEMPTIONS],
            page_size=page_size,
            cursor=cursor,
            filter_condition=wanted,
            consistent_read=True,
        )
        found = list[Exemption]()
        for item in page.items:
            try:
                found.append(_stored(item).exemption)
            except ExemptionError:
                continue
        return Page(tuple(found), page.cursor)

    def get(self, exemption_id: str) -> StoredExemption:
        """Return one; raises NoExemptionError, also for what cannot be read as one."""
        try:
            item = self._model.get(EXEMPTIONS, exemption_id, consistent_read=True)
        except self._model.DoesNotExist as error:
            raise NoExemptionError(f"there is no exemption {exemption_id[:80]!r}") from error
        except PynamoDBException as error:
            raise FindingStoreError(f"the exemption {exemption_id} could not be read: {error}") from error
        try:
            return _stored(item)
        except ExemptionError as error:
            words = "is malformed and exempts nothing; delete its item, and make it anew"
            raise NoExemptionError(f"{exemption_id} {words}: {error}") from error

    def create(self, exemption: Exemption) -> Exemption:
        """Keep a new one, and return what is kept under its id: what was there before stays."""
        values = asdict(checked(exemption)) | {"match": exemption.match.given()}
        values |= {"source": exemption.source or None, "ttl": _goes_at(exemption)}
        item = self._model(EXEMPTIONS, values.pop("exemption_id"), **values)
        try:
            item.save(condition=self._model.sk.does_not_exist())
        except PutError as error:
            if error.cause_response_code != _CHECK_FAILED:
                raise FindingStoreError(f"the exemption could not be kept: {error}") from error
            return self.get(exemption.exemption_id).exemption
        return exemption

    def revoke(self, exemption_id: str, *, revoked_by: str, revision: int | None = None) -> Exemption:
        """End one now, and return it; one that has ended stays as it is.

        revision: the one that the caller saw; RevisionError where it is another by now. Otherwise as `get`.
        """
        for _ in range(_ATTEMPTS):
            found = self.get(exemption_id).exemption
            if revision not in (None, found.revision):
                raise RevisionError(
                    f"{exemption_id} was changed meanwhile: its revision is {found.revision}, not {revision}"
                )
            now = rfc3339(self._clock())
            if found.state(now) != "in_force":
                return found
            revoked = replace(found, revoked_at=now, revoked_by=revoked_by, revision=found.revision + 1)
            checked(revoked)
            model = self._model
            actions = [
                model.revoked_at.set(now),
                model.revoked_by.set(revoked_by),
                model.revision.set(revoked.revision),
                model.ttl.set(_goes_at(revoked)),
            ]
            if self._update(exemption_id, actions, model.revision == found.revision):
                return revoked
        raise FindingStoreError(f"{exemption_id}: others wrote first {_ATTEMPTS} times in a row")

    def note(self, seen: StoredExemption, *, applied: str | None, covered: Mapping[str, Any] | None) -> bool:
        """Keep what the findings show of one; False where somebody changed it since it was seen."""
        model = self._model
        actions = [model.applied.set(applied)] if applied is not None else []
        actions += [model.covered.set(dict(covered))] if covered is not None else []
        return self._update(seen.exemption.exemption_id, actions, model.revision == seen.exemption.revision)

    @cached_property
    def _job(self) -> type[JobItem]:
        """Of whoever goes through all findings; who judges pays for no model that it does not use."""
        return self._bound_job()

    def whole_pass(self) -> WholePass:
        """Return how far the latest pass has come that applies exemptions to all findings."""
        try:
            item = self._job.get(_WHOLE_PASS, JOB, consistent_read=True)
        except self._job.DoesNotExist:
            return WholePass()
        except PynamoDBException as error:
            raise FindingStoreError(f"the pass over all findings could not be read: {error}") from error
        return WholePass(item.requested_at, (item.result or {}).get("cursor"))

    def keep_whole_pass(self, whole: WholePass) -> None:
        """Keep how far the pass has come."""
        now = self._clock()
        item = self._job(
            _WHOLE_PASS,
            JOB,
            kind="apply_exemptions",
            status="done" if whole.cursor is None else "running",
            request={},
            requested_by="schedule",
            requested_at=whole.begun_at,
            changed_at=rfc3339(now),
            result={"cursor": whole.cursor},
            ttl=math.ceil((now + _RETENTION).timestamp()),
        )
        try:
            item.save()
        except PynamoDBException as error:
            raise FindingStoreError(f"the pass over all findings could not be kept: {error}") from error

    def _update(self, exemption_id: str, actions: list[Any], condition: Condition) -> bool:
        try:
            self._model(EXEMPTIONS, exemption_id).update(actions, condition=condition)
        except UpdateError as error:
            if error.cause_response_code != _CHECK_FAILED:
                raise FindingStoreError(f"{exemption_id} could not be changed: {error}") from error
            return False
        return True

    def _is_kept(self, moment: datetime) -> Condition:
        """True for what goes after a moment; of another type than a number it is no ttl, and stays."""
        condition: Condition = ~(self._model.ttl <= int(moment.timestamp()))
        return condition

    def _is(self, state: State, now: datetime) -> Condition:
        model, moment = self._model, rfc3339(now)
        if state == "revoked":
            return model.revoked_at.exists()
        is_expired = model.expires_at <= moment if state == "expired" else model.expires_at > moment
        condition: Condition = model.revoked_at.does_not_exist() & is_expired
        return condition


def _stored(item: _Item) -> StoredExemption:
    """Return what an item holds; raises ExemptionError where that is no exemption."""
    try:
        match = Matcher(**item.match)
    except TypeError as error:
        raise ExemptionError("match", "it is none") from error
    exemption = Exemption(
        exemption_id=item.sk,
        covers=item.covers,  # type: ignore[arg-type]  # checked below
        match=match,
        reason=item.reason,
        ticket=item.ticket,
        owner=item.owner,
        created_by=item.created_by,
        created_at=item.created_at,
        expires_at=item.expires_at,
        revoked_at=item.revoked_at,
        revoked_by=item.revoked_by,
        revision=item.revision,  # type: ignore[arg-type]
        source=item.source or "",
    )
    return StoredExemption(checked(exemption), item.applied, item.covered)


def _goes_at(exemption: Exemption) -> int:
    """Return when an exemption may go, in seconds since 1970."""
    return math.ceil((datetime.fromisoformat(exemption.ends_at) + _RETENTION).timestamp())
