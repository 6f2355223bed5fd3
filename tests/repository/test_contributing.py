"""The pages for contributors name files, targets and fields that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.repository.test_rules import FIELDS

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "contributing").glob("*.md"))
CODE = re.compile(r"`([^`\n]+)`")
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", [ROOT / "CONTRIBUTING.md", *PAGES], ids=lambda page: page.name)
def test_files_and_targets_that_a_page_names_exist(page: Path) -> None:
    named = CODE.findall(page.read_text("utf-8"))
    paths = [one for one in named if "/" in one and not re.search(r"[<*\s(]", one) and one[0] not in "-."]
    targets = [
        word for one in named if one.startswith("make ") for word in one.split()[1:] if "=" not in word
    ]

    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert set(targets) <= TARGETS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_numbered_steps_and_what_done_means(page: Path) -> None:
    text = page.read_text("utf-8")
    steps, _, done = text.partition("## Done means")

    numbers = [int(number) for number in re.findall(r"^(\d+)\. \*\*", steps, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 4
    assert re.findall(r"^- \[ \] ", done, re.MULTILINE)


def test_the_three_pages_are_linked() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")

    assert [page.name for page in PAGES if f"(docs/contributing/{page.name})" not in text] == []
    assert [page.stem for page in PAGES] == ["event", "fact", "rule"]


def test_the_page_on_rules_explains_every_field() -> None:
    rows = re.findall(
        r"^ *\| `(\w+)` \|", (ROOT / "docs/contributing/rule.md").read_text("utf-8"), re.MULTILINE
    )

    assert set(rows) == {"title", "description", "related_resources", *FIELDS}


def test_the_five_steps_of_the_readme_begin_with_the_command_and_name_every_field() -> None:
    """They are the page on rules in short: two ways to begin are one too many."""
    text = (ROOT / "README.md").read_text("utf-8").partition("## Add a rule\n\n")[2].partition("\n\n")[0]
    steps = text.splitlines()

    assert [step[:3] for step in steps] == [f"{number}. " for number in range(1, 6)]
    assert steps[0].startswith("1. `make rule FAMILY=")
    assert {"title", "description", "related_resources", *FIELDS} <= set(re.findall(r"\w+", steps[1]))
    assert "tests/contract/catalogue" in steps[4]
    assert "tests.contract.make_cases" in steps[4]


def test_the_page_on_rules_says_what_is_still_to_be_filled_in() -> None:
    """What `make rule` writes is no finished rule: the tests of this folder refuse it."""
    begin = (ROOT / "docs/contributing/rule.md").read_text("utf-8").partition("\n2. ")[0]

    assert "`FILL IN`" in begin
    assert "every check" not in begin
