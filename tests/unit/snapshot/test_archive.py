"""Snapshots kept by digest: written once, read again the same, and never passed on where they are not."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.stub import ANY, Stubber

from benchmarks.estate import snapshot_document
from vpcguard.errors import ArchiveError, SnapshotError
from vpcguard.model import Snapshot
from vpcguard.policy.configuration import load_configuration
from vpcguard.snapshot import load_snapshot, parse_snapshot
from vpcguard.snapshot.archive import Bucket, Folder, SnapshotArchive, configuration_name, snapshot_name

BUCKET = "vpcguard-snapshots"
CONFIGURATION = load_configuration({"version": 1, "rules": {"az.single_az": {"severity": "low"}}})
NONE = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return parse_snapshot(snapshot_document(functions=5, vpcs=2))


@pytest.fixture
def s3() -> Any:
    session = botocore.session.Session()
    session.set_credentials("test", "test")
    return session.create_client("s3", region_name="eu-west-1")


@pytest.fixture
def answers(s3: Any) -> Iterator[Stubber]:
    with Stubber(s3) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_a_snapshot_comes_back_by_its_digest(snapshot: Snapshot, tmp_path: Path) -> None:
    archive = SnapshotArchive(Folder(tmp_path))

    archive.keep(snapshot, CONFIGURATION.document)

    file = tmp_path / snapshot_name(snapshot.digest())
    assert archive.get(snapshot.digest()) == snapshot.as_document()
    assert load_snapshot(file) == snapshot
    assert load_snapshot(file).digest() == snapshot.digest()
    kept = load_configuration(tmp_path / configuration_name(CONFIGURATION.digest))
    assert kept == CONFIGURATION


def test_the_same_snapshot_is_the_same_bytes(snapshot: Snapshot, tmp_path: Path) -> None:
    """No time in the gzip: what is written by two is the same file."""
    for folder in ("a", "b"):
        SnapshotArchive(Folder(tmp_path / folder)).keep(snapshot)

    name = snapshot_name(snapshot.digest())
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_what_is_there_is_not_written_again(snapshot: Snapshot, tmp_path: Path) -> None:
    file = tmp_path / snapshot_name(snapshot.digest())
    SnapshotArchive(Folder(tmp_path)).keep(snapshot)
    written = file.stat().st_mtime_ns

    SnapshotArchive(Folder(tmp_path)).keep(snapshot)

    assert file.stat().st_mtime_ns == written
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [file]


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:XYZ", "../../etc/passwd", NONE + "/..", "md5:0"])
def test_what_is_no_digest_is_refused(digest: str, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="a digest is"):
        SnapshotArchive(Folder(tmp_path)).get(digest)


def test_a_snapshot_that_is_not_kept_is_said(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=f"no snapshot {NONE} is kept"):
        SnapshotArchive(Folder(tmp_path)).get(NONE)


def test_another_content_under_a_digest_is_refused(snapshot: Snapshot, tmp_path: Path) -> None:
    """Somebody who may write the files must not be able to make up evidence."""
    archive = SnapshotArchive(Folder(tmp_path))
    archive.keep(snapshot)
    other = replace(snapshot, region="us-east-1").as_document()
    file = tmp_path / snapshot_name(snapshot.digest())

    for content in (gzip.compress(json.dumps(other).encode()), gzip.compress(b"[1]")):
        file.write_bytes(content)
        with pytest.raises(SnapshotError, match="is another one"):
            archive.get(snapshot.digest())


@pytest.mark.parametrize("content", [b"", b"\x1f\x8bcut", gzip.compress(b"{"), gzip.compress(b"NaN")])
def test_a_broken_file_is_refused(snapshot: Snapshot, tmp_path: Path, content: bytes) -> None:
    archive = SnapshotArchive(Folder(tmp_path))
    archive.keep(snapshot)
    (tmp_path / snapshot_name(snapshot.digest())).write_bytes(content)

    with pytest.raises(SnapshotError, match="does not hold JSON"):
        archive.get(snapshot.digest())


def test_a_folder_that_cannot_be_written_is_an_error(snapshot: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ArchiveError, match="could not be written"):
        SnapshotArchive(Folder(tmp_path / "file")).keep(snapshot)


def test_the_bucket_writes_only_what_is_not_there(snapshot: Snapshot, s3: Any, answers: Stubber) -> None:
    request = {"Bucket": BUCKET, "Key": snapshot_name(snapshot.digest()), "Body": ANY, "IfNoneMatch": "*"}
    answers.add_client_error("put_object", "PreconditionFailed", "there", 412, expected_params=request)
    archive = SnapshotArchive(Bucket(BUCKET, lambda: s3))

    archive.keep(snapshot)
    archive.keep(snapshot)  # this process knows already


def test_two_that_write_the_same_at_once_agree(snapshot: Snapshot, s3: Any, answers: Stubber) -> None:
    answers.add_client_error("put_object", "ConditionalRequestConflict", "now", 409)
    answers.add_client_error("put_object", "PreconditionFailed", "there", 412)

    SnapshotArchive(Bucket(BUCKET, lambda: s3)).keep(snapshot)


@pytest.mark.parametrize(("code", "times"), [("AccessDenied", 1), ("ConditionalRequestConflict", 3)])
def test_what_was_not_taken_is_an_error_and_is_tried_again(
    snapshot: Snapshot, s3: Any, answers: Stubber, code: str, times: int
) -> None:
    archive = SnapshotArchive(Bucket(BUCKET, lambda: s3))
    for _ in range(times):
        answers.add_client_error("put_object", code, "no", 403)

    with pytest.raises(ArchiveError, match=rf"s3://{BUCKET}/snapshots/.* could not be kept: .*{code}"):
        archive.keep(snapshot)
    answers.add_response("put_object", {})
    archive.keep(snapshot)


def test_the_client_is_made_when_it_is_needed(snapshot: Snapshot, s3: Any, answers: Stubber) -> None:
    """Most events change no verdict."""
    made: list[Any] = []

    def connect() -> Any:
        made.append(s3)
        return s3

    bucket = Bucket(BUCKET, connect)
    assert made == []
    for code in ("NoSuchKey", "AccessDenied"):
        answers.add_client_error("get_object", code, "no", 404)

    with pytest.raises(SnapshotError, match="no snapshot"):
        SnapshotArchive(bucket).get(NONE)
    with pytest.raises(ArchiveError, match=r"could not be read: .*AccessDenied"):
        SnapshotArchive(bucket).get(NONE)
    assert made == [s3]
