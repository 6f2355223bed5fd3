"""Globs of exemptions mean what the same globs mean in the configuration, where OPA matches them."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpcguard.errors import ExemptionError
from vpcguard.findings.exemptions import glob_matches, made

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
CONFIG = json.loads((ROOT / "policies" / "schemas" / "config.json").read_text())
PATTERN = CONFIG["properties"]["overrides"]["items"]["properties"]["match"]["properties"]["function"][
    "pattern"
]
QUERY = "[[subject | some subject in one.subjects; glob.match(one.glob, null, subject)] | some one in input]"
TOKENS = ["a", "b", "-", "*", "?", "{a,aa}", "{ab,b}", "[ab]", "[!a]", "[a-z]", "[a*]", ","]
SUBJECTS = ["a", "aa", "ab", "ba", "aab", "aba", "abab", "-", "a-", "A", "b", "*", "a*", ",", "\n"]

PLAIN = "abzAZ09-_!,/"
PARTS = st.one_of(
    st.sampled_from(["*", "**", "?", "[a-z]", "[!a-z]", "[A-Z]", "[0-9]", "[!0-9]"]),
    st.text(PLAIN, min_size=1, max_size=3),
    st.builds("[{}{}]".format, st.sampled_from(["", "!"]), st.text("abzA09_,*?", min_size=1, max_size=3)),
    st.lists(st.text("abzA09-_!", min_size=1, max_size=3), min_size=1, max_size=3)
    .map(",".join)
    .map("{{{}}}".format),
)
QUESTIONS = st.tuples(
    st.lists(PARTS, min_size=1, max_size=5).map("".join),
    st.lists(st.text(PLAIN, min_size=1, max_size=6), min_size=1, max_size=8),
)


def opa_matches(questions: Sequence[tuple[str, Sequence[str]]]) -> list[list[str]]:
    """Return of each glob the subjects that OPA says it matches."""
    answer = subprocess.run(
        [ROOT / ".tools/bin/opa", "eval", "--stdin-input", QUERY],
        input=json.dumps([{"glob": glob, "subjects": subjects} for glob, subjects in questions]),
        capture_output=True,
        text=True,
        check=True,
    )
    (result,) = json.loads(answer.stdout)["result"]
    found: list[list[str]] = result["expressions"][0]["value"]
    return found


def assert_same(questions: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Of texts as long as a glob is for at least; test_where_opa_matches_too_much has others."""
    for (glob, subjects), matched in zip(questions, opa_matches(questions), strict=True):
        parts = re.findall(r"\[[^]]+\]|\{[^}]+\}|.", glob, re.DOTALL)
        shortest = sum(_shortest(part) for part in parts)
        long_enough = [subject for subject in subjects if len(subject) >= shortest]
        assert [one for one in subjects if glob_matches(glob, one)] == [
            one for one in matched if one in long_enough
        ], glob


def _shortest(part: str) -> int:
    """Return how many characters a part of a glob stands for at least."""
    if part[0] == "{":
        return min(map(len, part[1:-1].split(",")))
    return 0 if part == "*" else 1


def test_all_globs_of_few_parts_match_what_opa_matches() -> None:
    made = {"".join(parts) for count in (1, 2, 3) for parts in itertools.product(TOKENS, repeat=count)}
    globs = sorted(glob for glob in made if re.fullmatch(PATTERN, glob))

    assert len(globs) > 1000
    assert_same([(glob, SUBJECTS) for glob in globs])


@settings(max_examples=20, deadline=None)
@given(st.lists(QUESTIONS, min_size=1, max_size=60))
def test_any_glob_matches_what_opa_matches(questions: list[tuple[str, list[str]]]) -> None:
    assert all(re.fullmatch(PATTERN, glob) for glob, _ in questions)
    assert_same(questions)


@pytest.mark.parametrize(("glob", "subject"), [("ab*ba", "aba"), ("a*a", "a"), ("[!a]", "")])
def test_where_opa_matches_too_much_an_exemption_does_not(glob: str, subject: str) -> None:
    """OPA's library takes texts that are shorter than what the glob is for; once it does not, this can go."""
    assert opa_matches([(glob, [subject])]) == [[subject]]
    assert not glob_matches(glob, subject)


@pytest.mark.parametrize(("glob", "unit"), [("root/*ä*", "root/aäb"), ("root/b?ro", "root/büro")])
def test_characters_are_whole(glob: str, unit: str) -> None:
    """OPA's library takes some of these for several."""
    assert glob_matches(glob, unit)


def test_the_grammar_is_that_of_the_configuration() -> None:
    def is_taken(glob: str) -> bool:
        given = {"match": {"rule_id": "az.single_az", "function": glob}, "reason": "x", "owner": "x"}
        try:
            made(
                {**given, "expires_at": "2026-12-31"}, created_by="x", now=NOW, exemption_id="vx-" + 32 * "0"
            )
        except ExemptionError:
            return False
        return True

    tokens = [*TOKENS, "{", "}", "[", "]", "!", "\\", "{,}", "[]", "[z-a]"]
    for parts in itertools.chain.from_iterable(itertools.product(tokens, repeat=count) for count in (1, 2)):
        assert is_taken("".join(parts)) == bool(re.fullmatch(PATTERN, "".join(parts)))
