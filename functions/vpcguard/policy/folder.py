"""Where the policies lie."""

from __future__ import annotations

from pathlib import Path

from vpcguard.errors import ConfigurationError

_PACKAGE = Path(__file__).resolve().parent.parent


def find_policies() -> Path:
    """Return the folder that holds the policies: inside an installed package, or beside it in a checkout.

    Raises ConfigurationError where neither is there.
    """
    candidates = (_PACKAGE / "_policies", _PACKAGE.parent.parent / "policies")
    for candidate in candidates:
        if (candidate / "schemas").is_dir():
            return candidate
    places = " nor ".join(str(candidate) for candidate in candidates)
    raise ConfigurationError(
        f"the policies are missing: neither {places} holds them; install the package again"
    )
