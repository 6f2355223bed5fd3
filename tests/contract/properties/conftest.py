"""An OPA with all policies that is given time: the questions here hold hundreds of networks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vpcguard.policy.deciding import Policy
from vpcguard.policy.server import running_opa


@pytest.fixture(scope="session")
def patient_policy() -> Iterator[Policy]:
    with running_opa() as url, Policy(url, timeout_seconds=120) as policy:
        yield policy
