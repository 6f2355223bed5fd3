"""What is written for people holds on any machine, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
MACHINE_PATH = re.compile(r"(?<![\w.*])/(?:home|root|Users|work|mnt|private)/|[A-Z]:\\\\")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_documents_name_no_path_of_a_machine(document: Path) -> None:
    assert MACHINE_PATH.findall(document.read_text()) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_links_inside_the_repository_lead_somewhere(document: Path) -> None:
    targets = [unquote(target) for target in LINK.findall(document.read_text())]

    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_the_architecture_has_a_line_for_every_file_of_the_package() -> None:
    """A newcomer finds the place for a change from the tree alone."""
    tree = (ROOT / "docs" / "architecture.md").read_text().split("```")[3]
    named = sorted(re.findall(r"[a-z_]+\.py", tree))
    files = [*(ROOT / "functions").glob("*.py"), *(ROOT / "functions" / "vpcguard").rglob("*.py")]

    assert named == sorted(file.name for file in files if not file.name.startswith("__"))
