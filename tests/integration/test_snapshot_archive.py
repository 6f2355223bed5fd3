"""What a verdict rests on, from the archive to the command line: the same verdict again, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from dev.processes import ministack
from tests.integration.conftest import Json, Run
from tests.support.ministack import ACCOUNT as STAND_IN
from tests.support.ministack import REGION
from tests.support.ministack import Account as StandIn
from tests.unit.audit.fakes import Account, dependencies
from vpcguard.audit.changes import audit_functions
from vpcguard.audit.sweep import Swept, audit_account
from vpcguard.errors import ArchiveError
from vpcguard.findings.store import FindingStore
from vpcguard.model import Finding, Scope, Snapshot
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.policy.server import running_opa
from vpcguard.snapshot import Captured, CaptureOptions, Page, parse_snapshot
from vpcguard.snapshot.archive import Bucket, Folder, SnapshotArchive, configuration_name, snapshot_name

BUCKET = "vpcguard-snapshots"
CONFIGURATION = load_configuration(
    {"version": 1, "rules": {"az.single_az": {"severity": "low", "stage": "warn"}}}
)
SAME = ("rule_id", "severity", "status", "stage", "title", "message", "advice", "evidence", "root_cause")


@dataclass
class Hub:
    """A sweep of a stored account over the real OPA and table; archive: where its snapshots go."""

    policy: Policy
    store: FindingStore
    document: Json

    def snapshot(self, minute: int = 0) -> Snapshot:
        """Return the account as it was read at a minute."""
        return parse_snapshot({**self.document, "captured_at": f"2026-11-20T12:{minute:02}:00.000000Z"})

    def deps(self, archive: SnapshotArchive | None, minute: int = 0) -> Any:
        """Return edges that read the stored account."""

        def capture(scope: Scope, _: object, /, *, options: CaptureOptions) -> Captured:
            names = [
                one["FunctionName"] for one in self.document["answers"]["lambda:ListFunctions"]["Functions"]
            ]
            pages = (Page(None, tuple(names[:30])), Page("30", tuple(names[30:])))
            return Captured(self.snapshot(minute), None, pages)

        edges = replace(dependencies(Account({})), capture=capture, policy=self.policy, store=self.store)
        return replace(edges, configuration=lambda: CONFIGURATION, archive=archive)

    def sweep(self, archive: SnapshotArchive | None, minute: int = 0) -> Swept:
        """Sweep the account, whatever time it takes."""
        snapshot = self.snapshot()
        return audit_account(snapshot.account_id, snapshot.region, deps=self.deps(archive, minute))

    def findings(self) -> list[Finding]:
        """Return all that is in the table."""
        return list(self.store.list_all(page_size=1_000).items)


@pytest.fixture(scope="module")
def policy() -> Iterator[Policy]:
    with running_opa() as url, Policy(url) as policy:
        yield policy


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with ministack(account_id=STAND_IN, region=REGION) as url:
        client = StandIn(url).client("s3")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield client


@pytest.fixture
def hub(policy: Policy, dynamodb: Any, table_name: str, document: Json) -> Hub:
    return Hub(policy, FindingStore(dynamodb, table_name), document)


def _in_bucket(s3: Any) -> dict[str, str]:
    listed = s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())
    return {one["Key"]: str(one["LastModified"]) for one in listed}


def test_a_findings_snapshot_gives_its_verdict_again(
    hub: Hub, s3: Any, vpcguard: Run, tmp_path: Path
) -> None:
    hub.sweep(SnapshotArchive(Bucket(BUCKET, lambda: s3)))
    stored = hub.findings()
    (digest,), (config,) = (
        {getattr(one, name) for one in stored} for name in ("snapshot_digest", "config_digest")
    )
    names = snapshot_name(digest), configuration_name(config)
    assert set(_in_bucket(s3)) == set(names)
    files = [tmp_path / "snapshot.json.gz", tmp_path / "config.json"]
    for name, file in zip(names, files, strict=True):
        file.write_bytes(s3.get_object(Bucket=BUCKET, Key=name)["Body"].read())

    told = vpcguard("audit", "--snapshot", files[0], "--config", files[1], "--format", "json")

    assert told.returncode == 0, told.stderr
    again = {one["finding_id"]: one for one in json.loads(told.stdout)["findings"]}
    assert len(stored) > 50
    assert {one.status for one in stored} == {"open", "undetermined"}
    for one in stored:
        replayed = again[one.finding_id]
        for name in (*SAME, "snapshot_digest", "config_digest", "policy_revision"):
            assert json.dumps(replayed[name]) == json.dumps(getattr(one, name)), (one.finding_id, name)


def test_what_changes_no_verdict_is_not_kept(hub: Hub, tmp_path: Path) -> None:
    """One object for each change of a network, not for each look at it."""
    archive = SnapshotArchive(Folder(tmp_path))
    hub.sweep(archive)
    kept = {one for one in tmp_path.rglob("*") if one.is_file()}

    hub.sweep(archive, minute=10)

    assert {one for one in tmp_path.rglob("*") if one.is_file()} == kept
    assert len(kept) == 2
    assert {one.snapshot_digest for one in hub.findings()} == {hub.snapshot().digest()}


def test_an_event_keeps_its_snapshot_before_it_records(hub: Hub, tmp_path: Path) -> None:
    archive = SnapshotArchive(Folder(tmp_path))
    snapshot = hub.snapshot()
    name = snapshot.as_document()["answers"]["lambda:ListFunctions"]["Functions"][0]["FunctionName"]
    place = {"account_id": snapshot.account_id, "region": snapshot.region}

    audit_functions(Scope(kind="function", function_names=(name,), **place), deps=hub.deps(archive))

    assert archive.get(snapshot.digest()) == snapshot.as_document()


def test_without_its_snapshot_no_verdict_is_recorded(hub: Hub, tmp_path: Path) -> None:
    """A finding whose digest leads to nothing could not be explained; the message comes back."""
    (tmp_path / "file").touch()
    broken = SnapshotArchive(Folder(tmp_path / "file"))
    snapshot = hub.snapshot()
    name = snapshot.as_document()["answers"]["lambda:ListFunctions"]["Functions"][0]["FunctionName"]
    scope = Scope(
        kind="function", function_names=(name,), account_id=snapshot.account_id, region=snapshot.region
    )

    with pytest.raises(ArchiveError):
        audit_functions(scope, deps=hub.deps(broken))
    swept = hub.sweep(broken)

    assert hub.findings() == []
    assert {type(error) for error in swept.errors} == {ArchiveError}
    assert hub.sweep(SnapshotArchive(Folder(tmp_path / "good")), minute=1).counts["not_judged"] == 0
    assert hub.findings()


def test_without_an_archive_verdicts_are_recorded(hub: Hub) -> None:
    hub.sweep(None)

    assert hub.findings()
