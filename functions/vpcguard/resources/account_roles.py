"""The roles of an account, read once for all of its regions: IAM is one and the same in each of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from vpcguard.clock import Clock, rfc3339
from vpcguard.model import Answers
from vpcguard.resources.roles import GET_ALL, collect_all_roles

if TYPE_CHECKING:
    from vpcguard.aws.reading import Reads


class AccountRoles:
    """Every role of one account, as CaptureOptions.account_roles of captures that follow each other.

    Nothing is read before a region needs it. read_at: when what is kept was read, RFC 3339; None: not yet.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept = Answers({}, {})
        self.read_at: str | None = None

    def holding(self, reads: Reads, names: Collection[str]) -> Answers:
        """Return every role and every policy in use, read again where that may tell more.

        A role may have been made for a function after the roles were read: that these do not hold it proves
        nothing. An answer that was refused, or is a part, serves nobody but the region that asked.
        Raises as `Reads.run` does; what was kept before is kept then.
        """
        if self._kept.failures or not self._kept_names().issuperset(names):
            read_at = rfc3339(self._clock())
            self._kept = collect_all_roles(reads)
            self.read_at = read_at
        return self._kept

    def _kept_names(self) -> set[str]:
        answer = self._kept.answers.get(GET_ALL.key, {"RoleDetailList": []})
        return {role["RoleName"] for role in answer["RoleDetailList"] if "RoleName" in role}
