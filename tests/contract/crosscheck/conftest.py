"""An OPA with the path and the rules that speak of it: the others cost time and say nothing here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.crosscheck.judgements import RULES
from vpcguard.policy.bundle import build_bundle
from vpcguard.policy.deciding import Policy
from vpcguard.policy.schemas import find_policies
from vpcguard.policy.server import running_opa


@pytest.fixture(scope="session")
def path_policy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Policy]:
    folder = tmp_path_factory.mktemp("path")
    shutil.copytree(find_policies(), folder / "policies")
    rules = folder / "policies" / "vpcguard" / "rules"
    for fault in rules.glob("*/*"):
        if f"{fault.parent.name}.{fault.name}" not in RULES:
            shutil.rmtree(fault)
    bundle = Path(folder) / "bundle.tar.gz"
    build_bundle(folder / "policies", bundle)
    with running_opa(bundle) as url, Policy(url, timeout_seconds=60) as policy:
        yield policy
