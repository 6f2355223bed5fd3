"""Captures in each of which one call goes wrong, one after the other in one process, as in a warm Lambda.

    python -m tests.support.failing_captures SEED HOW_MANY

Ends by itself once all have ended and no thread of theirs is left; what hangs is shown, and ends with 1.
"""

from __future__ import annotations

import faulthandler
import random
import sys
import threading
from datetime import UTC, datetime
from itertools import count

from tests.support import full_answers
from tests.support.recorded_aws import ACCOUNT, REGION, Answer, Json, RecordedAws, a_function, functions
from vpcguard.errors import ReadError
from vpcguard.model import Scope
from vpcguard.snapshot import ON_REQUEST, OPERATIONS, CaptureOptions, capture

PATIENCE_SECONDS = 120
NAMES = [f"function-{number}" for number in range(6)]
MOST_CALLS = 60  # of one capture; an error at a later call never comes


class FailingAws:
    """An account in which one call, counted over all operations, raises."""

    def __init__(self) -> None:
        answers = {key: self._counted(full_answers.answer_of(one)) for key, one in OPERATIONS.items()}
        listed = functions(*(a_function(name) for name in NAMES))
        self.aws = RecordedAws(answers | {key: self._failing(one) for key, one in listed.items()})
        self.begin(0, ReadError())

    def begin(self, fails_at: int, error: Exception) -> None:
        """Start anew: the call of that number is the one that raises."""
        self._calls, self._fails_at, self._error = count(), fails_at, error

    def _counted(self, answer: Json) -> Answer:
        return self._failing(lambda _: answer)

    def _failing(self, answer: Answer) -> Answer:
        def answered(parameters: Json) -> Json:
            if next(self._calls) == self._fails_at:
                raise self._error
            return answer(parameters)

        return answered


def main() -> None:
    """Take the captures."""
    seed, how_many = map(int, sys.argv[1:])
    faulthandler.dump_traceback_later(PATIENCE_SECONDS, exit=True)
    dice = random.Random(seed)  # noqa: S311  a choice that can be repeated, no secret
    account, failed = FailingAws(), 0
    scopes = (
        Scope(kind="account", account_id=ACCOUNT, region=REGION),
        Scope(kind="function", account_id=ACCOUNT, region=REGION, function_names=tuple(NAMES)),
        Scope(kind="vpc", account_id=ACCOUNT, region=REGION, vpc_id="vpc-0a"),
    )
    for _ in range(how_many):
        error = dice.choice((ReadError("passes"), RuntimeError("foreseen by nobody")))
        account.begin(dice.randrange(MOST_CALLS), error)
        options = CaptureOptions(
            states=True, aliases=True, reads=ON_REQUEST, threads=dice.choice((1, 2, 16)), raises=ReadError
        )
        try:
            capture(dice.choice(scopes), account.aws, clock=lambda: datetime.now(UTC), options=options)
        except (ReadError, RuntimeError):
            failed += 1
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join()
    print(f"{how_many} ended, {failed} with an error")  # noqa: T201  that is its answer


if __name__ == "__main__":
    main()
