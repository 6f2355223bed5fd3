"""How every client calls: bounded in time and in attempts, and under our name."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from botocore.config import Config

CONNECT_TIMEOUT_SECONDS = 2
READ_TIMEOUT_SECONDS = 10
ATTEMPTS = 4
POOL_CONNECTIONS = 16  # the threads of one snapshot


@lru_cache(maxsize=1)
def client_config() -> Config:
    """Return the one configuration of all clients."""
    return Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=POOL_CONNECTIONS,
        user_agent_extra=f"vpcguard/{_version()}",
    )


def _version() -> str:
    try:
        return version("vpcguard")
    except PackageNotFoundError:  # the Lambda package holds the code without its metadata
        return "unpackaged"
