"""A verdict is the same whichever scope it was reached from: the real collectors read one account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from benchmarks.estate import snapshot_document
from tests.contract.crosscheck.documents import make_case
from tests.contract.properties.golden import INCOMPLETE, golden_cases
from tests.contract.properties.merging import Verdicts, verdicts_of
from tests.contract.properties.serving import aws_of
from tests.support.recorded_aws import ACCOUNT, REGION, RecordedAws
from vpcguard.facts import build_facts
from vpcguard.model import Scope
from vpcguard.policy.configuration import Configuration, load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.snapshot import ON_REQUEST, CaptureOptions, capture

Json = dict[str, Any]

# what a sweep and an audit leave out on purpose would be the only difference
EVERYTHING = CaptureOptions(states=True, aliases=True, reads=ON_REQUEST)
_CLEAN = {"pass", "not_applicable"}


# a sweep does not read the State that tells of a deletion
UNLIKE = {*INCOMPLETE, "function_that_is_being_deleted"}


def _accounts() -> dict[str, tuple[Json, Json]]:
    """Return snapshots in which every read was answered, with their configurations."""
    generated = make_case(3, blind=False)
    whole = {
        case.name: (case.snapshot, case.configuration)
        for case in golden_cases()[::8]
        if not case.names_functions and _is_wholly_read(case.snapshot) and case.name not in UNLIKE
    }
    return {
        "estate": (snapshot_document(functions=20, vpcs=9), {"version": 1}),
        "shared and own networks": (generated.snapshot, generated.configuration),
        **whole,
    }


def _is_wholly_read(snapshot: Json) -> bool:
    accounts = [snapshot, *snapshot["owners"].values()]
    is_read_now = "reader" not in snapshot
    return (
        is_read_now
        and "tag:GetResources" in snapshot["answers"]
        and not any(one["failures"] for one in accounts)
    )


ACCOUNTS = _accounts()


class Reader:
    """Reads and judges one account in any scope."""

    def __init__(self, policy: Policy, aws: RecordedAws, configuration: Configuration) -> None:
        self._policy, self._aws, self._configuration = policy, aws, configuration

    def judged(self, kind: Any, *, options: CaptureOptions = EVERYTHING, **more: Any) -> Verdicts:
        """Return the verdicts over the functions of one scope."""
        scope = Scope(kind=kind, account_id=ACCOUNT, region=REGION, **more)
        facts = build_facts(capture(scope, self._aws, clock=_noon, options=options))
        return verdicts_of(self._policy.decide(facts, self._configuration), facts)


def _noon() -> datetime:
    return datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_scope_gives_the_same_verdicts(patient_policy: Policy, name: str) -> None:
    snapshot, configuration = ACCOUNTS[name]
    reader = Reader(patient_policy, aws_of(snapshot), load_configuration(configuration))
    functions = snapshot["answers"]["lambda:ListFunctions"]["Functions"]
    vpc_ids = {one["VpcConfig"]["VpcId"] for one in functions if one.get("VpcConfig", {}).get("VpcId")}

    of_account = reader.judged("account")
    of_vpcs = [reader.judged("vpc", vpc_id=vpc_id) for vpc_id in sorted(vpc_ids)]
    of_functions = [reader.judged("function", function_names=(one["FunctionName"],)) for one in functions[:5]]

    narrow = [(key, verdict) for found in (*of_vpcs, *of_functions) for key, verdict in found.items()]
    assert [(key, verdict, of_account[key]) for key, verdict in narrow if verdict != of_account[key]] == []
    assert len(of_functions) == min(len(functions), 5)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_what_a_sweep_leaves_out_silences_rules_and_changes_none(patient_policy: Policy, name: str) -> None:
    snapshot, configuration = ACCOUNTS[name]
    reader = Reader(patient_policy, aws_of(snapshot), load_configuration(configuration))

    whole, swept = reader.judged("account"), reader.judged("account", options=CaptureOptions())

    changed = {
        key: (verdict["verdict"], swept[key]["verdict"])
        for key, verdict in whole.items()
        if not _is_same(verdict["verdict"], swept[key]["verdict"])
    }
    assert changed == {}


def _is_same(whole: str, swept: str) -> bool:
    return swept in {whole, "silent"} or {whole, swept} <= _CLEAN
