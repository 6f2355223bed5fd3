"""One OPA with the policies as they stand, for all cases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vpcguard.policy.deciding import Policy
from vpcguard.policy.server import running_opa


@pytest.fixture(scope="session")
def policy() -> Iterator[Policy]:
    with running_opa() as url, Policy(url) as policy:
        yield policy
