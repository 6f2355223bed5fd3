"""Exemptions of a deployed API, as the command line works with them: `exemptions.ExemptionBackend`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from vpcguard.audit.exemptions import Coverage, ExemptionReport, ShownExemption
from vpcguard.cli.hub import Hub, Json
from vpcguard.errors import ConfigurationError, ReadError
from vpcguard.findings.exemptions import Exemption, Matcher, State

T = TypeVar("T")
_MOST = 1_000_000  # of a listing: all of them
_FIELDS = tuple(one.name for one in fields(Exemption))


class ApiExemptions:
    """Works on exemptions by an API; account: only on those that name this account, below its path.

    Methods raise what Hub.ask does: ConfigurationError too for an exemption that there is not, or whose
    revision is another by now.
    """

    def __init__(self, hub: Hub, account: str | None = None) -> None:
        self._hub = hub
        self._path = _path(account)

    def all(self, *, state: State | None = None) -> Iterator[ShownExemption]:
        """Yield all of them, or those of one state."""
        query = {} if state is None else {"state": state}
        for part in self._hub.pages(*self._path, query=query, name="exemptions", limit=_MOST):
            for document in part.items:
                yield self._read(_shown, document)

    def show(self, exemption_id: str, /) -> ShownExemption:
        """Return one with what it covers."""
        return self._read(_shown, self._hub.get(*self._path, exemption_id))

    def create(
        self, given: Mapping[str, Any], /, *, exemption_id: str | None = None, source: str = ""
    ) -> Exemption:
        """Make the one that is asked for; of one account where it names one, below that account's path."""
        if exemption_id is not None or source:
            raise ConfigurationError("a file is imported into the table: name it with --table, not --api")
        match = dict(given["match"])
        path = self._path
        if (account := match.get("account_id")) and account.isdecimal():
            path = _path(match.pop("account_id"))
        made, _ = self._hub.ask(
            "POST",
            *path,
            document={**given, "match": match},
            headers={"idempotency-key": str(uuid.uuid4())},
        )
        return self._read(_shown, made).exemption

    def revoke(self, exemption_id: str, /, *, revision: int | None = None) -> ShownExemption:
        """End one now."""
        tag = "*" if revision is None else f'"{revision}"'
        revoked, _ = self._hub.ask("DELETE", *self._path, exemption_id, headers={"if-match": tag})
        return self._read(_shown, revoked)

    def report(self) -> ExemptionReport:
        """Say which of them deserve a look."""
        return self._read(_report, self._hub.get(*self._path, "report"))

    def _read(self, read: Callable[[Json], T], document: Json) -> T:
        try:
            return read(document)
        except (KeyError, TypeError, AttributeError) as error:
            words = "answered with what is no exemption: is this the API?"
            raise ReadError(f"{self._hub.place} {words}") from error


def _path(account: str | None) -> tuple[str, ...]:
    return ("accounts", account, "exemptions") if account else ("exemptions",)


def _shown(document: Json) -> ShownExemption:
    known = {name: document[name] for name in _FIELDS if name != "match"}
    covered = document["covered"]
    return ShownExemption(
        Exemption(**known, match=Matcher(**document["match"])),
        document["state"],
        None if covered is None else Coverage(**{**covered, "first": tuple(covered["first"])}),
    )


def _report(document: Json) -> ExemptionReport:
    kinds = {kind: tuple(map(_shown, document[kind])) for kind in ("unused", "expiring", "lapsed")}
    return ExemptionReport(
        reported_at=document["reported_at"],
        in_force=document["in_force"],
        malformed=tuple(document["malformed"]),
        **kinds,
    )
