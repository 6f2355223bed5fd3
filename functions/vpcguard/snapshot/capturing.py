"""capture: one scope of one account and region, read now."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vpcguard.clock import Clock, rfc3339
from vpcguard.model import Answers, Scope, Snapshot
from vpcguard.snapshot.account_plan import read_account_scope
from vpcguard.snapshot.collectors import all_roles
from vpcguard.snapshot.function_plan import read_function_scope, read_vpc_scope
from vpcguard.snapshot.options import Captured, CaptureOptions, Plan
from vpcguard.snapshot.reading import Aws, Reads
from vpcguard.snapshot.threads import Threads

_PLANS: Mapping[str, Callable[[Scope, Reads, CaptureOptions], Plan]] = {
    "function": read_function_scope,
    "vpc": read_vpc_scope,
    "account": read_account_scope,
}
_DEFAULTS = CaptureOptions()


def capture(scope: Scope, aws: Aws, *, clock: Clock, options: CaptureOptions = _DEFAULTS) -> Snapshot:
    """Read a scope and return what AWS answered, or would not.

    What AWS refuses becomes a Failure in the snapshot. Raises ThrottledError when throttling outlasts its
    retries, ReadError for what else passes, and botocore's own errors for the rest (credentials, our faults).
    """
    return capture_pages(scope, aws, clock=clock, options=options).snapshot


def capture_pages(scope: Scope, aws: Aws, *, clock: Clock, options: CaptureOptions = _DEFAULTS) -> Captured:
    """Read a scope as `capture` does, and return with it where to go on if options.max_pages ended it."""
    captured_at = rfc3339(clock())  # before the first read: nothing in the snapshot is older
    with Threads(options.threads) as threads:
        plan = _PLANS[scope.kind](scope, Reads(aws, threads, progress=options.progress), options)
    snapshot = Snapshot(
        account_id=scope.account_id,
        region=scope.region,
        captured_at=captured_at,
        own=plan.own,
        owners=plan.owners,
        not_requested=tuple(sorted(plan.not_requested)),
        account=options.account,
    )
    return Captured(snapshot, plan.next_marker)


def read_account_roles(aws: Aws, *, options: CaptureOptions = _DEFAULTS) -> Answers:
    """Read all roles of an account once, for CaptureOptions.account_roles of its regions' captures."""
    with Threads(1) as threads:
        return all_roles.collect_all_roles(Reads(aws, threads, progress=options.progress))
