"""Regions of one audit that cannot be read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NoReturn

import pytest
from botocore.exceptions import EndpointConnectionError

from vpcguard.cli import reading
from vpcguard.cli.report import Unread
from vpcguard.errors import ConfigurationError, ReadError

READERS = [SimpleNamespace(account_id="111122223333", region=region) for region in ("eu-west-1", "xx-west-1")]


@pytest.fixture(autouse=True)
def _unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def capture(*_: object, **__: object) -> NoReturn:
        raise ReadError("no way there") from EndpointConnectionError(endpoint_url="https://nowhere")

    monkeypatch.setattr(reading, "capture", capture)
    monkeypatch.setattr(
        reading,
        "_readers",
        lambda wanted: [r for r in READERS if not wanted.regions or r.region in wanted.regions],
    )


def test_a_region_out_of_reach_beside_others_is_a_failed_read() -> None:
    """The others are judged all the same."""
    found = list(reading.read_regions(reading.Selection(regions=("eu-west-1", "xx-west-1"))))

    assert [(one.region, one.code) for one in found if isinstance(one, Unread)] == [
        ("eu-west-1", "ReadError"),
        ("xx-west-1", "ReadError"),
    ]


@pytest.mark.parametrize("regions", [(), ("xx-west-1",), ("xx-west-1", "xx-west-1")])
def test_the_only_region_out_of_reach_is_a_mistake_of_the_command(regions: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="out of reach"):
        list(reading.read_regions(reading.Selection(regions=regions)))
