"""The replayable evidence: what AWS answered, in boto3's own shapes (docs/snapshot.md)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Failure:
    """A read that AWS refused: the facts that rest on it become unknown."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What one account answered.

    answers:  "<service>:<Operation>" -> the answer, pages merged; for an operation that is called
              once per resource an object keyed by that resource's name or id.
    failures: "<service>:<Operation>" -> Failure, or an object from resource key to Failure.
    """

    answers: Mapping[str, Any] = field(default_factory=dict)
    failures: Mapping[str, Failure | Mapping[str, Failure]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One scope of one account and region as it was read, newest read last.

    captured_at is taken before the first read: RFC 3339, UTC, microseconds, ending in Z.
    owners holds what the accounts that own shared subnets answered, by account id.
    """

    account_id: str
    region: str
    captured_at: str
    own: Answers
    owners: Mapping[str, Answers] = field(default_factory=dict)
    not_requested: tuple[str, ...] = ()
    account: Mapping[str, Any] | None = None

    def as_document(self) -> dict[str, Any]:
        """Return the JSON document of this snapshot, keys in the order of the format."""
        document: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "account_id": self.account_id,
            "region": self.region,
        }
        if self.account is not None:
            document["account"] = dict(self.account)
        document["captured_at"] = self.captured_at
        document |= _answers_document(self.own)
        if self.not_requested:
            document["not_requested"] = sorted(self.not_requested)
        if self.owners:
            document["owners"] = {
                owner: _answers_document(answers) for owner, answers in sorted(self.owners.items())
            }
        return document

    def digest(self) -> str:
        """Return "sha256:<hex>" of the canonical JSON document: the snapshot's name for ever."""
        canonical = json.dumps(self.as_document(), sort_keys=True, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def _answers_document(answers: Answers) -> dict[str, Any]:
    return {
        "answers": dict(answers.answers),
        "failures": {key: _failure_document(value) for key, value in answers.failures.items()},
    }


def _failure_document(failure: Failure | Mapping[str, Failure]) -> dict[str, Any]:
    if isinstance(failure, Failure):
        return {"code": failure.code, "message": failure.message}
    return {key: {"code": one.code, "message": one.message} for key, one in failure.items()}
