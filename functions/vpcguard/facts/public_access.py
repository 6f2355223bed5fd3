"""VPC Block Public Access: the option of a whole account and region."""

from __future__ import annotations

from vpcguard.facts.coverage import subject_entries
from vpcguard.facts.estate import Estate
from vpcguard.facts.reading import Json, text

OPTIONS = "ec2:DescribeVpcBlockPublicAccessOptions"


def read_block_public_access(estate: Estate) -> tuple[list[Json], list[Json]]:
    """Return the mode of every account that was read, and the coverage by account id."""
    modes, statuses = [], {}
    for account in estate.accounts:
        mode = account.reading(OPTIONS, _mode, None)
        status = account.status(OPTIONS)
        statuses[account.id] = account.unread(OPTIONS) if status.is_known and mode is None else status
        if mode is not None:
            modes.append({"account_id": account.id, "internet_gateway_block_mode": mode.lower()})
    modes.sort(key=lambda one: str(one["account_id"]))
    return modes, subject_entries("block_public_access", statuses)


def _mode(answer: Json) -> str | None:
    return text(answer, "VpcBlockPublicAccessOptions", "InternetGatewayBlockMode")
