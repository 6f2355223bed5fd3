"""A pack gives the same findings wherever it is judged: on the command line, in the handler, in the layer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evaluate_change import handler
from tests.support.appconfig import deployed
from tests.support.dynamodb import create_findings_table, local_client
from tests.support.ministack import ACCOUNT, REGION
from tests.support.sandbox import ROOT, sandbox
from tests.support.world import FUNCTION, World
from tests.unit.handlers.conftest import Context
from vpcguard.audit.dependencies import build_dependencies
from vpcguard.findings.store import FindingStore
from vpcguard.policy.packs import read_packs
from vpcguard.policy.server import running_opa
from vpcguard.settings import load_settings

PACK = ROOT / "examples" / "own-rules"
CREATED = json.loads((ROOT / "events" / "CreateFunction20150331.terraform.json").read_text())
CONFIGURATION = {
    "version": 1,
    "tags": ["team"],
    "rules": {
        "org.approved_subnets": {"stage": "warn", "parameters": {"subnets": {"shop": ["subnet-elsewhere"]}}},
        "org.few_security_groups": {"severity": "high", "parameters": {"most": 0}},
        "org.inspected_egress": {"parameters": {"through": ["vpce-firewall"]}},
    },
}
# what differs between two looks at the same thing, and who caused it, which an event alone knows
OF_THE_LOOK = {
    "first_seen",
    "opened_at",
    "confirmed_at",
    "last_seen",
    "changed_at",
    "snapshot_digest",
    "times_reopened",
}
OF_THE_EVENT = {"actor", "managed_by"}


def test_the_command_line_the_handler_and_the_layer_find_the_same(
    world: World, layer_with_own_rules: Path, opa_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(CONFIGURATION))
    variables = {
        **world.environment("EvaluateChangeFunction"),
        **deployed(world.account, file.read_bytes()).variables(),
    }

    in_the_layer = _by_the_layer(layer_with_own_rules, variables, opa_url, world)
    in_the_handler = _by_the_handler(variables, tmp_path, world, monkeypatch)
    on_the_command_line = _by_the_command_line(file, world)

    assert on_the_command_line == in_the_handler == in_the_layer
    own = {rule_id: one for rule_id, one in in_the_layer.items() if rule_id.startswith("org.")}
    assert {rule_id: (one["severity"], one["stage"], one["tags"]) for rule_id, one in own.items()} == {
        "org.approved_subnets": ("medium", "warn", {"team": "shop"}),
        "org.few_security_groups": ("high", "audit", {"team": "shop"}),
    }
    assert "nat.no_internet_egress" in in_the_layer


def _by_the_layer(layer: Path, variables: dict[str, str], opa_url: str, world: World) -> dict[str, Any]:
    with sandbox(
        layer,
        opa_url=opa_url,
        task_root=ROOT / "functions",
        handler="evaluate_change.handler",
        environment=variables,
    ) as environment:
        environment.api.invoke(CREATED)
    return _stored(world.store)


def _by_the_handler(
    variables: dict[str, str], folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """In this process, with an OPA of the command line's, and a table of its own."""
    packs = read_packs([PACK])
    (folder / "own_rules.json").write_text(json.dumps(packs.rules))
    client, table = local_client(world.database), "in-process"
    create_findings_table(client, table)
    try:
        with running_opa(packs=packs) as url:
            here = {"TABLE_NAME": table, "OPA_URL": url, "OWN_RULES": str(folder / "own_rules.json")}
            for name, value in {**variables, **here}.items():
                monkeypatch.setenv(name, value)
            deps = build_dependencies(load_settings(requires=("TABLE_NAME",)), report=lambda _: None)
            handler(CREATED, Context(), deps=deps)
        return _stored(FindingStore(client, table))
    finally:
        client.delete_table(TableName=table)


def _by_the_command_line(config: Path, world: World) -> dict[str, Any]:
    aws = {"AWS_ENDPOINT_URL": world.account.url, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    command = ["-m", "vpcguard.cli", "audit", "--region", REGION, "--function", FUNCTION, "--format", "jsonl"]
    done = subprocess.run(
        [sys.executable, *command, "--policies", PACK, "--config", config],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "functions"), **aws},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return _comparable([json.loads(line) for line in done.stdout.splitlines()])


def _stored(store: FindingStore) -> dict[str, Any]:
    page = store.list_by_function(ACCOUNT, REGION, FUNCTION)
    return _comparable([one.as_document() for one in page.items])


def _comparable(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the findings by rule, without what no two looks share; policies and configuration included."""
    return {
        one["rule_id"]: {name: value for name, value in one.items() if name not in OF_THE_LOOK | OF_THE_EVENT}
        for one in documents
    }
