"""Lambda's environment on this machine: a layer with the real extension and OPA, and what is around it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import networks
from dev.processes import dynamodb_local, free_port, ministack
from tests.support.appconfig import deployed
from tests.support.dynamodb import create_findings_table, local_client
from tests.support.ministack import ACCOUNT, REGION, Account
from tests.support.sandbox import ROOT, lay_out_layer
from tests.support.world import FUNCTION, SNAPSHOTS, TABLE, World
from vpcguard.findings.store import FindingStore
from vpcguard.policy.bundle import build_bundle

POLICY = 'package sample\n\nanswer := sprintf("judged %s", [input.function])\n'


@pytest.fixture(scope="session")
def opa() -> Path:
    found = ROOT / ".tools" / "bin" / "opa"
    return found if found.exists() else Path(str(shutil.which("opa")))


@pytest.fixture
def opa_url() -> str:
    """A free port: two checkouts may be tested at once."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="session")
def sample_layer(tmp_path_factory: pytest.TempPathFactory, opa: Path) -> Path:
    """A layer whose policy is one line: for what the extension does, whatever the policies say."""
    folder = tmp_path_factory.mktemp("sample")
    (folder / "sample.rego").write_text(POLICY)
    bundle = folder / "bundle.tar.gz"
    subprocess.run([opa, "build", "--bundle", ".", "--output", bundle], cwd=folder, check=True)
    lay_out_layer(folder / "opt", opa=opa, bundle=bundle)
    return folder / "opt"


@pytest.fixture(scope="session")
def layer(tmp_path_factory: pytest.TempPathFactory, opa: Path) -> Path:
    """The layer that is deployed, but for OPA's platform."""
    folder = tmp_path_factory.mktemp("layer")
    build_bundle(ROOT / "policies", folder / "bundle.tar.gz")
    lay_out_layer(folder / "opt", opa=opa, bundle=folder / "bundle.tar.gz")
    return folder / "opt"


@pytest.fixture(scope="session")
def layer_with_own_rules(tmp_path_factory: pytest.TempPathFactory, opa: Path) -> Path:
    """The same, built with the example pack, as `make sam-build POLICIES=...` builds it."""
    folder = tmp_path_factory.mktemp("layer-with-own-rules")
    script, packs = ROOT / "extension" / "build_bundle.py", ROOT / "examples" / "own-rules"
    subprocess.run([sys.executable, script, folder / "bundle.tar.gz", packs], check=True)
    lay_out_layer(folder / "opt", opa=opa, bundle=folder / "bundle.tar.gz")
    return folder / "opt"


@pytest.fixture(scope="session")
def servers() -> Iterator[tuple[str, Account]]:
    """DynamoDB Local, and the stand-in with a function in public subnets that says it needs the internet."""
    with dynamodb_local() as database, ministack(account_id=ACCOUNT, region=REGION) as aws:
        account = Account(aws)
        home = networks.public_subnets(account.network("shop"))
        account.function(FUNCTION, home, {"vpcguard:egress": "internet", "team": "shop"})
        location = {"LocationConstraint": REGION}
        account.client("s3").create_bucket(Bucket=SNAPSHOTS, CreateBucketConfiguration=location)
        yield database, account


@pytest.fixture
def world(servers: tuple[str, Account]) -> Iterator[World]:
    """The account, with an empty table and queues."""
    database, account = servers
    client = local_client(database)
    create_findings_table(client, TABLE)
    yield World(
        account=account,
        database=database,
        store=FindingStore(client, TABLE),
        queue=account.queue("vpcguard-changes"),
        dead_letters=account.queue("vpcguard-changes-dead"),
        configuration=deployed(account, b'{"version": 1}').variables(),
    )
    client.delete_table(TableName=TABLE)
