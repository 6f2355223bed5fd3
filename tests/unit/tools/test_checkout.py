"""The checkout points at the tools, and notices when they are no longer what they were."""

from pathlib import Path

import pytest

from tools.bootstrap.checkout import LINKS, is_current, link_tools


@pytest.fixture
def found(tmp_path: Path) -> dict[str, Path]:
    """Every tool, somewhere on the machine."""
    folder = tmp_path / "machine"
    folder.mkdir()
    for name in LINKS:
        (folder / name).write_text(name)
    return {name: folder / name for name in LINKS}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout."""
    return tmp_path / "checkout"


def test_every_tool_has_a_fixed_place(found: dict[str, Path], root: Path) -> None:
    link_tools(found, root)

    assert {name: (root / ".tools" / place).read_text() for name, place in LINKS.items()} == {
        n: n for n in LINKS
    }
    assert is_current(root)


def test_a_new_checkout_is_not_current(root: Path) -> None:
    assert not is_current(root)


def test_a_tool_that_was_replaced_or_removed_is_noticed(found: dict[str, Path], root: Path) -> None:
    link_tools(found, root)
    found["java"].write_text("another java")
    assert not is_current(root)

    link_tools(found, root)
    found["java"].unlink()
    assert not is_current(root)


def test_linking_again_replaces_the_links(found: dict[str, Path], root: Path, tmp_path: Path) -> None:
    link_tools(found, root)
    newer = tmp_path / "newer-opa"
    newer.write_text("newer")

    link_tools({**found, "opa": newer}, root)

    assert (root / ".tools" / "bin" / "opa").read_text() == "newer"
    assert is_current(root)
