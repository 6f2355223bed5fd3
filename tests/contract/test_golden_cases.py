"""Stored snapshots to facts to the real OPA to verdicts: every branch that the semantics name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.contract import make_cases
from tests.contract.expectations import pinned, verdicts
from tests.contract.make_cases import CASES_FOLDER, stale_cases
from tests.contract.scopes import of_function, with_strangers
from vpcguard.facts import build_facts
from vpcguard.model import Snapshot
from vpcguard.policy.configuration import Configuration, load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.snapshot import load_snapshot, parse_snapshot

Json = dict[str, Any]
NAMES = sorted(path.name for path in CASES_FOLDER.iterdir())


def _configuration(case: Path) -> Configuration:
    path = case / "config.yaml"
    return load_configuration(path if path.exists() else None)


def _found(policy: Policy, case: Path, snapshot: Snapshot, *, at_most: int = 500) -> tuple[Json, Json]:
    """Return the verdicts that a case pins, cut to what it says of them, and what it expects."""
    facts = build_facts(snapshot)
    decision = policy.decide(facts, _configuration(case), at_most=at_most)
    expected: Json = json.loads((case / "expected.json").read_text("utf-8"))
    names = [function["name"] for function in facts["functions"]]
    found = {rule_id: verdicts(decision, rule_id, names) for rule_id in expected}
    return pinned(found, expected), expected


@pytest.mark.parametrize("name", NAMES)
def test_verdicts_of_a_case(policy: Policy, name: str) -> None:
    case = CASES_FOLDER / name

    found, expected = _found(policy, case, load_snapshot(case / "snapshot.json"))

    assert found == expected


@pytest.mark.parametrize("name", NAMES)
def test_verdicts_do_not_depend_on_the_cut_or_the_order(policy: Policy, name: str) -> None:
    """Every function asked about alone, from answers in another order."""
    case = CASES_FOLDER / name
    document = json.loads((case / "snapshot.json").read_text("utf-8"))
    document["answers"] = _shuffled(document["answers"], Random(name))  # noqa: S311  no secret

    found, expected = _found(policy, case, parse_snapshot(document), at_most=1)

    assert found == expected


@pytest.mark.parametrize("name", NAMES)
def test_verdicts_do_not_depend_on_the_scope(policy: Policy, name: str) -> None:
    """Each function judged from its own snapshot, and in an account where more is broken."""
    case = CASES_FOLDER / name
    document = json.loads((case / "snapshot.json").read_text("utf-8"))
    expected: Json = json.loads((case / "expected.json").read_text("utf-8"))

    wide, _ = _found(policy, case, parse_snapshot(with_strangers(document)))
    narrow: Json = {rule_id: {} for rule_id in expected}
    for function in document["answers"]["lambda:ListFunctions"]["Functions"]:
        alone, _ = _found(policy, case, parse_snapshot(of_function(document, function["FunctionName"])))
        for rule_id, verdict in alone.items():
            narrow[rule_id] |= verdict

    assert wide == expected
    assert narrow == expected


def test_what_a_rule_declares_as_its_statement_is_in_its_evidence(policy: Policy) -> None:
    """A misspelt part would be the same for ever, and the finding never change."""
    declared: dict[str, set[str]] = {}
    stated: dict[str, set[str]] = {}
    for name in NAMES:
        case = CASES_FOLDER / name
        facts = build_facts(load_snapshot(case / "snapshot.json"))
        for rule in policy.decide(facts, _configuration(case)).rules:
            declared[rule.id] = set(rule.statement)
            for violation in rule.violations:
                stated.setdefault(rule.id, set()).update(_parts(violation.evidence))

    assert {rule_id: parts - stated.get(rule_id, set()) for rule_id, parts in declared.items()} == {
        rule_id: set() for rule_id in declared
    }


def _parts(evidence: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a statement can be made of: keys, and fields of the entries of lists."""
    for key, value in evidence.items():
        yield key
        entries = value if isinstance(value, list) else []
        yield from (f"{key}.{of_each}" for one in entries if isinstance(one, dict) for of_each in one)


def test_the_stored_cases_are_those_of_the_catalogue() -> None:
    """Run `python -m tests.contract.make_cases` after a change of the catalogue."""
    assert stale_cases() == []


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["one_case"], 2), (["--check"], 2)])
def test_arguments_write_no_case(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
) -> None:
    """Who asks for help, or for one case alone, does not want all of them written anew."""
    written: list[None] = []
    monkeypatch.setattr(make_cases, "write_cases", lambda: written.append(None))

    with pytest.raises(SystemExit) as ended:
        make_cases.main(arguments)

    assert (ended.value.code, written) == (code, [])
    assert "usage: python -m tests.contract.make_cases" in "".join(capsys.readouterr())


def _shuffled(value: Any, dice: Random) -> Any:
    if isinstance(value, dict):
        return {key: _shuffled(one, dice) for key, one in value.items()}
    if isinstance(value, list):
        items = [_shuffled(one, dice) for one in value]
        dice.shuffle(items)
        return items
    return value
