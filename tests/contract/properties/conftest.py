"""An OPA with all policies that is given time: the questions here hold hundreds of networks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vpcguard.policy.deciding import Policy
from vpcguard.policy.server import running_opa


@pytest.fixture(scope="session")
def patient_opa() -> Iterator[str]:
    with running_opa() as url:
        yield url


@pytest.fixture(scope="session")
def patient_policy(patient_opa: str) -> Iterator[Policy]:
    with Policy(patient_opa, timeout_seconds=120) as policy:
        yield policy
