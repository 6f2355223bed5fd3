"""Every file of events/ is there for a test; one that none reads would rot unseen."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_event_file_is_named_in_a_test() -> None:
    texts = {
        node.value.removesuffix(".json")
        for file in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    assert [file.name for file in sorted((ROOT / "events").iterdir()) if file.stem not in texts] == []
