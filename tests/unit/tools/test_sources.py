"""Sources are tried in order, and the user learns why each one could not help."""

from pathlib import Path

import pytest

from tools.bootstrap.errors import ToolError, UnavailableError
from tools.bootstrap.sources import Source, first_that_works, require_version, version_in


def _unavailable(reason: str) -> Path:
    raise UnavailableError(reason)


def test_the_first_source_that_works_is_used_and_the_others_are_not_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sources = [
        Source("PATH", lambda: _unavailable("not found")),
        Source("release", lambda: Path("/release")),
        Source("build", lambda: pytest.fail("was asked")),
    ]

    assert first_that_works("opa", sources, "advice") == Path("/release")
    assert capsys.readouterr().err == "opa: PATH: not found\n"


def test_the_last_message_says_what_was_tried_and_what_to_do() -> None:
    sources = [
        Source("PATH", lambda: _unavailable("is 1.4.2, needs at least 1.20.2 and below 2")),
        Source("release", lambda: _unavailable("no such server")),
    ]

    with pytest.raises(ToolError) as raised:
        first_that_works("opa 1.20.2", sources, "Install OPA.")

    assert str(raised.value) == (
        "opa 1.20.2 could not be made available. Tried:\n"
        "  - PATH: is 1.4.2, needs at least 1.20.2 and below 2\n"
        "  - release: no such server\n"
        "Install OPA."
    )


@pytest.mark.parametrize(
    ("text", "pattern", "version"),
    [
        ("uv 0.13.8 (x86_64-unknown-linux-gnu)", r"\d+(?:\.\d+)+", (0, 13, 8)),
        ("go version go1.26.8 linux/amd64", r"go(\d+(?:\.\d+)+)", (1, 26, 8)),
        ("java.specification.version = 17", r"version = (\d+(?:\.\d+)*)", (17,)),
    ],
)
def test_versions_are_read_as_numbers(text: str, pattern: str, version: tuple[int, ...]) -> None:
    """1.9 is older than 1.10."""
    assert version_in(text, pattern) == version


def test_a_program_that_says_no_version_is_not_used() -> None:
    with pytest.raises(UnavailableError, match=r"^says no version$"):
        version_in("Version: unknown")


@pytest.mark.parametrize("version", [(1, 4, 2), (1, 19), (2,), (2, 0, 1)])
def test_a_version_out_of_range_is_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(UnavailableError, match=r"needs at least 1\.20\.2 and below 2$"):
        require_version(version, at_least=(1, 20, 2), below=(2,))


@pytest.mark.parametrize("version", [(1, 20, 2), (1, 22), (1, 100, 0)])
def test_a_version_in_range_is_accepted(version: tuple[int, ...]) -> None:
    require_version(version, at_least=(1, 20, 2), below=(2,))
