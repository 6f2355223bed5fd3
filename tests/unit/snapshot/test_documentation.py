"""docs/snapshot.md names every field that a snapshot keeps, and no other."""

from __future__ import annotations

from pathlib import Path

from vpcguard.aws.operations import Each, Kind, Shape
from vpcguard.snapshot import OPERATIONS

PAGE = Path(__file__).parents[3] / "docs" / "snapshot.md"


def _written(shape: Shape) -> str:
    if isinstance(shape, Kind):
        return ""
    if isinstance(shape, list):
        return f"[]{_written(shape[0])}"
    if isinstance(shape, Each):
        return f"{{*}}{_written(shape.shape)}"
    return "{" + ", ".join(f"{field}{_written(inner)}" for field, inner in shape.items()) + "}"


def table() -> str:
    """Return the table of operations and fields as the page has it."""
    rows = [f"| {key} | {_written(each.shape)[1:-1]} |" for key, each in OPERATIONS.items()]
    return "\n".join(["| operation | fields |", "|---|---|", *rows]) + "\n"


def test_the_page_ends_with_the_table_of_fields() -> None:
    assert PAGE.read_text().endswith(table())
