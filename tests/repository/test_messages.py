"""docs/messages.md shows what people read, and is read after every change of words."""

from __future__ import annotations

import re

import pytest

from tools import message_docs
from vpcguard.policy.catalogue import shipped_rules


@pytest.fixture(scope="module")
def page() -> str:
    return message_docs.page()


def test_the_page_of_messages_is_current(page: str) -> None:
    """Run `make docs` after a change of words."""
    assert message_docs.PAGE.read_text("utf-8") == page


def test_every_rule_shows_a_violation_and_what_to_do(page: str) -> None:
    """A rule that is not on it would be read by nobody before its users do."""
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    lacking = [
        rule.id
        for rule in shipped_rules()
        if f"**{rule.title}** (" not in " ".join(sections.get(rule.id, "").split())
    ]

    assert lacking == []
    assert page.count("\n- ") == page.count("\n  Do: ")
