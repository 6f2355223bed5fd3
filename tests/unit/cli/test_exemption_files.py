"""A file of exemptions: what is wrong with it, by its place, and what it changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vpcguard.cli.exemption_files import Import, plan_import, read_exemptions
from vpcguard.clock import rfc3339
from vpcguard.errors import ConfigurationError
from vpcguard.findings.exemptions import Exemption, made, new_id

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FILE = """\
version: 1
source: payments
exemptions:
  # moves in March
  - id: partner-firewall
    match: {account_id: "111122223333", rule_id: nat.no_internet_egress}
    reason: the partner's firewall moves in March
    owner: payments
    ticket: NET-12
    expires_at: 2027-03-31

  - match:
      family: az
      function: batch-*
    covers: violation
    reason: nobody waits for them
    owner: batch
    expires_at: 2027-01-31T18:00:00Z
"""
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str, name: str = "exemptions.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return written


def plan(path: Path, kept: Iterable[Exemption] = (), *, now: datetime = NOW, prune: bool = False) -> Import:
    """What a file changes."""
    return plan_import(read_exemptions(path), kept, now, prune=prune)


def carried_out(found: Import, kept: Iterable[Exemption] = (), *, now: datetime = NOW) -> list[Exemption]:
    """The exemptions that there are after an import."""
    ended = {one.exemption_id for one in found.revoke}
    before = [
        replace(one, revoked_at=rfc3339(now), revoked_by="arn:r", revision=2)
        if one.exemption_id in ended
        else one
        for one in kept
    ]
    return before + [
        made(entry.given, created_by="arn:a", now=now, exemption_id=entry.exemption_id, source=entry.source)
        for entry in found.create
    ]


def test_a_file_makes_what_stands_in_it_once(write: Write) -> None:
    path = write(FILE)
    first = plan(path)
    kept = carried_out(first)

    assert [one.source for one in kept] == ["payments#partner-firewall", "payments"]
    assert [one.match.given() for one in kept] == [
        {"account_id": "111122223333", "rule_id": "nat.no_internet_egress"},
        {"family": "az", "function": "batch-*"},
    ]
    assert [one.expires_at for one in kept] == ["2027-04-01T00:00:00.000000Z", "2027-01-31T18:00:00.000000Z"]
    assert plan(path, kept, now=NOW + timedelta(days=9), prune=True) == Import(unchanged=2)
    assert first.faults == ()


def test_how_it_is_written_does_not_matter_nor_where_it_stands(write: Write, tmp_path: Path) -> None:
    kept = carried_out(plan(write(FILE)))
    document = {
        "exemptions": [
            {
                "expires_at": "2027-01-31T20:00:00+02:00",
                "owner": "batch",
                "reason": "nobody waits for them ",
                "match": {"function": "batch-*", "family": "az"},
            },
            {
                "id": "partner-firewall",
                "match": {"rule_id": "nat.no_internet_egress", "account_id": "111122223333"},
                "reason": "the partner's firewall moves in March",
                "owner": "payments",
                "ticket": "NET-12",
                "expires_at": "2027-04-01T00:00:00Z",
            },
        ],
        "source": "payments",
        "version": 1,
    }
    (tmp_path / "elsewhere").mkdir()

    assert plan(write(json.dumps(document), "elsewhere/others.json"), kept, prune=True) == Import(unchanged=2)


def test_a_changed_entry_ends_what_it_made_before(write: Write) -> None:
    kept = carried_out(plan(write(FILE)))
    path = write(FILE.replace("2027-03-31", "2027-06-30"))

    found = plan(path, kept)

    assert [one.name for one in found.create] == ["partner-firewall"]
    assert found.revoke == (kept[0],)
    assert (found.unchanged, found.left) == (1, ())
    assert plan(path, carried_out(found, kept)) == Import(unchanged=2)
    # the process died between making and revoking
    halfway = [*kept, *carried_out(found)]
    assert plan(path, halfway) == Import(unchanged=2, revoke=(kept[0],))


def test_a_content_that_comes_back_is_made_anew(write: Write) -> None:
    """Somebody reverted the change of an entry: the file asks for it, and nobody ever revoked it."""
    first, second = write(FILE), write(FILE.replace("NET-12", "NET-13"), "second.yaml")
    hours = [NOW + timedelta(hours=number) for number in range(5)]
    kept = carried_out(plan(first), now=hours[0])
    for hour, path in zip(hours[1:], (second, first, second, first), strict=True):
        found = plan(path, kept, now=hour)
        assert (len(found.create), len(found.revoke), found.over) == (1, 1, ())
        kept = carried_out(found, kept, now=hour)

        again = plan(path, kept, now=hour)
        assert (again.create, again.revoke, again.unchanged, again.over) == ((), (), 2, ())
        in_force = [one for one in kept if one.source == "payments#partner-firewall" and not one.revoked_at]
        assert len(in_force) == 1


def test_what_somebody_revoked_does_not_come_back_with_its_content(write: Write) -> None:
    first, second = write(FILE), write(FILE.replace("NET-12", "NET-13"), "second.yaml")
    kept = [
        replace(one, revoked_at=rfc3339(NOW + timedelta(hours=1)), revoked_by="arn:p", revision=2)
        for one in carried_out(plan(first))
    ]
    later = NOW + timedelta(hours=2)
    kept = carried_out(plan(second, kept, now=later), kept, now=later)

    found = plan(first, kept, now=later + timedelta(hours=1))

    assert found.create == ()
    assert [one.exemption_id for _, one in found.over] == [one.exemption_id for one in kept[:2]]


def test_what_is_gone_from_the_file_is_revoked_if_that_is_asked_for(write: Write) -> None:
    others = [
        made(
            {"match": {"family": "nat"}, "reason": "r", "owner": "o", "expires_at": "2027-01-01"},
            created_by="arn:a",
            now=NOW,
            exemption_id=new_id(),
            source=source,
        )
        for source in ("", "payments2", "pay", "other#payments", "payments2#a")
    ]
    mine = carried_out(plan(write(FILE)))
    path = write("version: 1\nsource: payments\nexemptions: []\n")

    assert plan(path, [*others, *mine]) == Import(left=tuple(mine))
    pruned = plan(path, [*others, *mine], prune=True)
    assert pruned == Import(revoke=tuple(mine))
    assert plan(path, [*others, *carried_out(pruned, mine)], prune=True) == Import()


def test_what_was_revoked_or_expired_does_not_come_back_and_is_told(write: Write) -> None:
    path = write(FILE)
    first, second = carried_out(plan(path))
    revoked = replace(first, revoked_at=rfc3339(NOW), revoked_by="arn:b", revision=2)
    later = datetime(2027, 2, 20, tzinfo=UTC)

    found = plan(path, [revoked, second], now=later)

    assert [(entry.name, one) for entry, one in found.over] == [("partner-firewall", revoked), ("", second)]
    assert (found.create, found.revoke, found.unchanged, found.faults) == ((), (), 0, ())
    again = plan(write(FILE.replace("moves in March", "moves in June")), [revoked, second], now=later)
    assert [one.name for one in again.create] == ["partner-firewall"]


def test_an_entry_whose_time_is_over_and_that_made_nothing_is_a_fault(write: Write) -> None:
    found = plan(write(FILE), now=datetime(2027, 2, 20, tzinfo=UTC))

    assert [one.partition(": ")[2] for one in found.faults] == [
        "expires_at: 2027-01-31T18:00:00Z is in the past"
    ]
    assert (found.create, found.revoke) == ((), ())


def test_every_fault_is_named_by_its_line_and_entry(write: Write) -> None:
    path = write("""\
version: 2
sauce: payments
exemptions:
  - id: "a b"
    reason: r
  - match: {account_id: 111122223333}
    owner: o

  - just a text
  - {id: x, match: {family: az}, reason: r, owner: o, expires_at: 2027-01-01, created_by: me}
""")

    found = plan(path)

    name = "expected 1 to 90 letters, digits, dots, dashes, underscores or slashes"
    known = "match, covers, reason, ticket, owner, expires_at"
    time = "expected a day, which is its last, or an RFC 3339 time: 2026-12-31 or 2026-12-31T18:00:00Z"
    assert [one.removeprefix(str(path)) for one in found.faults] == [
        ": 'sauce' is not known here",
        ": version: expected 1",
        f": source: {name.replace('expected', 'expected a name for this file:')}",
        f", line 4, entry 1: id: {name}",
        ", line 6, entry 2: match.account_id: expected a text, not int; write it in quotes",
        ", line 6, entry 2: reason: it is missing",
        f", line 6, entry 2: expires_at: {time}; it is missing",
        ", line 9, entry 3: expected match, reason, owner, expires_at; id, covers, ticket",
        f", line 10, entry 4: created_by: not known here; known are {known}",
    ]
    assert (found.create, found.revoke) == ((), ())


def test_one_fault_keeps_all_others_from_being_made(write: Write) -> None:
    found = plan(write(FILE.replace("2027-03-31", "2028-03-31")))

    (fault,) = found.faults
    assert "line 5, entry 1: expires_at: 2028-03-31 is more than 365 days away" in fault
    assert found.create == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "  - match:\n      family: az",
            "  - id: partner-firewall\n    match:\n      family: az",
            "its id is",
        ),
        ("exemptions:\n", "exemptions:\n" + FILE[FILE.index("  - match:\n") :], "it repeats"),
    ],
)
def test_what_stands_twice_is_a_fault(write: Write, old: str, new: str, words: str) -> None:
    (fault,) = plan(write(FILE.replace(old, new))).faults

    assert words in fault
    assert fault.count("entry") == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "- 1",
        "a: 1\na: 2",
        "exemptions: &a []\nother: *a",
        "exemptions: !!python/name:os.system",
        "{",
        "\x00",
    ],
)
@pytest.mark.parametrize("name", ["x.yaml", "x.json"])
def test_what_is_no_such_file_is_refused(write: Any, text: str, name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        read_exemptions(write(text, name))


def test_hostile_texts_are_faults_of_their_entry(write: Any) -> None:
    entry = {"match": {"family": "az"}, "reason": "r", "owner": "o", "expires_at": "2027-01-01"}
    nasty: list[Any] = [
        {**entry, "reason": "\ud800"},
        {**entry, "owner": "a\u0000b"},
        {**entry, "match": {"function": "[" * 600}},
        {**entry, "match": [["x"]]},
        {**entry, "id": ["x"]},
        {**entry, "": 1},
        None,
        7,
    ]
    path = write(json.dumps({"version": 1, "source": "x", "exemptions": nasty}), "x.json")

    assert {one.partition("entry ")[2].partition(":")[0] for one in plan(path).faults} == set("12345678")
    deep = write("[" * 100_000, "y.json")
    with pytest.raises(ConfigurationError):
        read_exemptions(deep)
