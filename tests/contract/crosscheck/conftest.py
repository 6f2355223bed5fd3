"""An OPA with the path and the rules that speak of it: the others cost time and say nothing here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from vpcguard.policy.bundle import build_bundle
from vpcguard.policy.deciding import Policy
from vpcguard.policy.schemas import find_policies
from vpcguard.policy.server import running_opa


@pytest.fixture(scope="session")
def path_policy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Policy]:
    folder = tmp_path_factory.mktemp("path")
    shutil.copytree(find_policies(), folder / "policies")
    for family in (folder / "policies" / "vpcguard" / "rules").iterdir():
        if family.name != "nat":
            shutil.rmtree(family)
    bundle = Path(folder) / "bundle.tar.gz"
    build_bundle(folder / "policies", bundle)
    with running_opa(bundle) as url, Policy(url, timeout_seconds=60) as policy:
        yield policy
