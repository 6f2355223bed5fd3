"""Everything the bootstrap raises on purpose.

BootstrapError
├── UnavailableError    one source cannot give a tool; the next one is tried
└── ToolError           no source could give it; the user has to act
"""

from collections.abc import Sequence


class BootstrapError(Exception):
    """Set-up cannot go on as it was meant to."""


class UnavailableError(BootstrapError):
    """One source cannot give a tool; the message is the reason, in a few words."""


class ToolError(BootstrapError):
    """No source could give a tool; the message says which were tried and what to do."""

    def __init__(self, tool: str, tried: Sequence[tuple[str, str]], advice: str) -> None:
        lines = [f"{tool} could not be made available. Tried:"]
        lines += [f"  - {source}: {reason}" for source, reason in tried]
        super().__init__("\n".join([*lines, advice]))
        self.tool = tool
        self.tried = tuple(tried)
