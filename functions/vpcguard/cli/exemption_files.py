"""Exemptions from a file under version control: what it asks for, and what that changes of those there are.

```yaml
version: 1
source: payments                # names the file, wherever it lies
exemptions:
  - id: partner-firewall        # where given: a change of this entry ends the exemption that it made before
    match: {account_id: "111122223333", rule_id: nat.no_internet_egress}
    reason: the partner's firewall moves in March
    owner: payments
    expires_at: 2027-03-31
```

An exemption's id is derived from its entry, so the same file changes nothing the second time. One that
somebody revoked stays so, whatever the file says; one that only gave way to another content of its entry is
made anew when that content comes back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from vpcguard.clock import rfc3339
from vpcguard.errors import ConfigurationError
from vpcguard.findings.exemptions import Exemption, derived_id, problems, said
from vpcguard.policy.configuration import parse_file

_KEYS = ("version", "source", "exemptions")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,89}")
_EXPECTED_NAME = "1 to 90 letters, digits, dots, dashes, underscores or slashes"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a file.

    place: where it stands, for messages. name: its own id; empty: it has none. after: the id of the exemption
    of another content that it comes back after; empty: it was never replaced.
    """

    place: str
    name: str
    given: Mapping[str, Any]
    source: str
    after: str = ""

    @property
    def exemption_id(self) -> str:
        """The id of the exemption that it makes: another entry, or another content, is another exemption."""
        first = derived_id(self.source, json.dumps(said(self.given), sort_keys=True))
        return derived_id(first, self.after) if self.after else first


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What a file changes.

    create: entries without an exemption yet. revoke: what an entry made before it was changed, and what is
    gone from the file, if that was asked for. unchanged: how many are as the file says. over: entries whose
    exemption has expired or was revoked. left: exemptions in force whose entry is gone from the file. faults:
    what is wrong with the file, each with its place; then there is nothing else.
    """

    create: tuple[Entry, ...] = ()
    revoke: tuple[Exemption, ...] = ()
    unchanged: int = 0
    over: tuple[tuple[Entry, Exemption], ...] = ()
    left: tuple[Exemption, ...] = ()
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExemptionFile:
    """What stands in a file. faults: what is wrong with it, each with its place."""

    source: str
    entries: tuple[Entry, ...] = ()
    faults: tuple[str, ...] = ()


def read_exemptions(path: Path) -> ExemptionFile:
    """Return what a YAML or JSON file asks for; ConfigurationError for what is neither."""
    document = parse_file(path)
    if not isinstance(document, Mapping):
        raise ConfigurationError(f"{path}: expected the keys {', '.join(_KEYS)}")
    faults = [f"{path}: {str(key)[:80]!r} is not known here" for key in document if key not in _KEYS]
    if document.get("version") != 1 or isinstance(document.get("version"), bool):
        faults.append(f"{path}: version: expected 1")
    source, listed = document.get("source"), document.get("exemptions")
    if not (isinstance(source, str) and _NAME.fullmatch(source)):
        faults.append(f"{path}: source: expected a name for this file: {_EXPECTED_NAME}")
        source = ""
    if not isinstance(listed, list):
        faults.append(f"{path}: exemptions: expected a list, [] for none")
        listed = []
    places = _places(path, len(listed))
    entries = []
    for place, one in zip(places, listed, strict=True):
        name = one.get("id", "") if isinstance(one, Mapping) else ""
        if not isinstance(one, Mapping):
            faults.append(f"{place}: expected match, reason, owner, expires_at; id, covers, ticket")
        elif "id" in one and not (isinstance(name, str) and _NAME.fullmatch(name)):
            faults.append(f"{place}: id: expected {_EXPECTED_NAME}")
        else:
            given = {key: value for key, value in one.items() if key != "id"}
            entries.append(Entry(place, name, given, f"{source}#{name}" if name else source))
            faults += [f"{place}: {problem}" for problem in problems(given, None)]
    return ExemptionFile(source, tuple(entries), tuple(faults))


def _places(path: Path, count: int) -> list[str]:
    """Return where each entry of a file stands: in YAML by its line."""
    lines: list[str] = [""] * count
    if path.suffix != ".json":
        root = yaml.compose(path.read_text("utf-8"), Loader=yaml.SafeLoader)
        pairs = root.value if isinstance(root, yaml.MappingNode) else []
        for key, value in pairs:
            if key.value == "exemptions" and isinstance(value, yaml.SequenceNode):
                lines = [f", line {one.start_mark.line + 1}" for one in value.value]
    return [f"{path}{line}, entry {number}" for number, line in enumerate(lines, start=1)]


def plan_import(file: ExemptionFile, kept: Iterable[Exemption], now: datetime, *, prune: bool) -> Import:
    """Return what a file changes of the exemptions that there are; prune: revoke what is gone from it."""
    if file.faults:
        return Import(faults=file.faults)
    there = {one.exemption_id: one for one in kept}
    moment = rfc3339(now)
    wanted = {entry.exemption_id: entry for entry in (_come_back(one, there) for one in file.entries)}
    create = tuple(entry for exemption_id, entry in wanted.items() if exemption_id not in there)
    faults = list(_repeated(file.entries))
    for entry in create:
        faults += [f"{entry.place}: {problem}" for problem in problems(entry.given, now)]
    if faults:
        return Import(faults=tuple(faults))
    matched = [(entry, there[one]) for one, entry in wanted.items() if one in there]
    over = tuple((entry, one) for entry, one in matched if one.state(moment) != "in_force")
    named = {entry.source for entry in file.entries if entry.name}
    stale = [
        one
        for one in there.values()
        if one.exemption_id not in wanted
        and one.state(moment) == "in_force"
        and (one.source == file.source or one.source.startswith(f"{file.source}#"))
    ]
    return Import(
        create=create,
        revoke=tuple(one for one in stale if prune or one.source in named),
        unchanged=len(matched) - len(over),
        over=over,
        left=tuple(one for one in stale if not prune and one.source not in named),
    )


def _come_back(entry: Entry, there: Mapping[str, Exemption]) -> Entry:
    """Return an entry whose exemption gave way to another content of it as one that makes a new exemption."""
    first = there.get(entry.exemption_id)
    if not entry.name or first is None or first.revoked_at is None:
        return entry
    later = sorted(
        (one for one in there.values() if one.source == entry.source and one.created_at > first.created_at),
        key=lambda one: one.created_at,
    )
    if not later or first.revoked_at < later[0].created_at:  # an import makes the new one first
        return entry
    again = {replace(entry, after=one.exemption_id).exemption_id: one.exemption_id for one in later}
    latest = later[-1].exemption_id
    return replace(entry, after=again.get(latest, latest))


def _repeated(entries: Iterable[Entry]) -> Iterator[str]:
    names, ids = dict[str, str](), dict[str, str]()
    for entry in entries:
        if entry.name and entry.name in names:
            yield f"{entry.place}: its id is that of {names[entry.name]}"
        elif entry.exemption_id in ids:
            yield f"{entry.place}: it repeats {ids[entry.exemption_id]}"
        names[entry.name] = ids[entry.exemption_id] = entry.place
