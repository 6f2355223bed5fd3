"""Which opa is started, and by what the started one is known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vpcguard.errors import ConfigurationError
from vpcguard.policy.server import find_opa, new_token, opa_version


def _program(path: Path, output: str) -> Path:
    path.write_text(f"#!/bin/sh\necho '{output}'\n")
    path.chmod(0o755)
    return path


def test_the_one_asked_for_is_taken(tmp_path: Path) -> None:
    opa = _program(tmp_path / "opa", "Version: 0.0.1")

    assert find_opa(opa) == opa
    with pytest.raises(ConfigurationError, match="is no file; it should be the opa binary"):
        find_opa(tmp_path / "missing")


def test_a_checkout_uses_its_pinned_one(tmp_path: Path) -> None:
    pinned = tmp_path / ".tools" / "bin" / "opa"
    pinned.parent.mkdir(parents=True)
    _program(pinned, "Version: 0.0.1")

    assert find_opa(checkout=tmp_path) == pinned


def test_one_on_the_path_must_be_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older ones lose logs, hang at shutdown or compare numbers wrongly."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"no opa found: put opa 1\.20\.2 or newer on PATH"):
        find_opa(checkout=tmp_path)

    _program(tmp_path / "opa", "Version: 1.20.1")
    with pytest.raises(ConfigurationError, match=r"is opa 1\.20\.1; 1\.20\.2 or newer is needed"):
        find_opa(checkout=tmp_path)

    _program(tmp_path / "opa", "Version: 1.100.0")
    assert find_opa(checkout=tmp_path) == tmp_path / "opa"


def test_a_program_that_is_no_opa_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not say its version"):
        opa_version(_program(tmp_path / "opa", "hello"))
    with pytest.raises(ConfigurationError, match="cannot be run"):
        opa_version(tmp_path / "missing")


def test_a_token_is_text_to_whoever_reads_numbers() -> None:
    """Digits alone, 1e5, true and null mean something to those who read --set; commas and dots divide it."""
    tokens = {new_token() for _ in range(20_000)}

    assert len(tokens) == 20_000
    assert all(re.fullmatch(r"t[0-9a-f]{16}", token) for token in tokens)
