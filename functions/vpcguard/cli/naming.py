"""Functions as the caller spells them: names, or ARNs of what is read."""

from __future__ import annotations

from vpcguard.changes import function_name
from vpcguard.errors import ConfigurationError


def named(spelling: str) -> str:
    """Return the name that a name or an ARN stands for; raises ConfigurationError if it is neither."""
    name = function_name(spelling)
    if name is None:
        raise ConfigurationError(f"{spelling[:200]!r} is neither the name nor the ARN of a function")
    return name


def check_place(spelling: str, account_id: str, region: str) -> None:
    """Refuse the ARN of another account's or region's function: its namesake here is another function."""
    if spelling.startswith("arn:") and spelling.split(":")[3:5] != [region, account_id]:
        where = f"{account_id} {region}"
        raise ConfigurationError(f"what was read is {where}, and {spelling[:200]!r} is elsewhere")
