"""Rules of one's own on the command line: one that fails is told, and tags are shown."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]
Run = Callable[..., subprocess.CompletedProcess[str]]
NAME = "function-00003"
WRONG = """\
# METADATA
# title: Wrong
# custom: {severity: low, advice: Mend it.}
package custom.vpcguard.rules.org.wrong

deny contains {"function": fn.name, "message": "x"} if { some fn in input.functions; to_number(fn.name) > 0 }
"""


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """A pack whose rule errs when it is asked."""
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "wrong.rego").write_text(WRONG)
    return folder


@pytest.mark.parametrize("output", ["table", "json", "jsonl"])
def test_a_rule_that_fails_is_told_once_on_stderr_with_what_to_do(
    vpcguard: Run, write: Callable[[Json], Path], document: Json, wrong: Path, output: str
) -> None:
    run = vpcguard("audit", "--snapshot", write(document), "--policies", wrong, "--format", output)

    [line] = [line for line in run.stderr.splitlines() if "org.wrong" in line]
    assert run.returncode == 0
    assert line.startswith("Your rule org.wrong failed, and nothing is known of the functions it was ")
    assert "to_number" in line
    assert line.endswith("switch it off: rules.org.wrong.enabled: false")


def test_an_explanation_tells_it_too(
    vpcguard: Run, write: Callable[[Json], Path], document: Json, wrong: Path
) -> None:
    run = vpcguard("explain", NAME, "--snapshot", write(document), "--policies", wrong)

    assert run.returncode == 0
    assert "Your rule org.wrong failed" in run.stderr


def test_tags_that_the_configuration_asks_for_are_shown_and_no_others(
    vpcguard: Run, write: Callable[[Json], Path], document: Json, tmp_path: Path
) -> None:
    """As they stand, in escapes where a terminal would obey them; null where they were not read."""
    document = copy.deepcopy(document)
    mappings = document["answers"]["tag:GetResources"]["ResourceTagMappingList"]
    arns = {
        one["FunctionName"]: one["FunctionArn"]
        for one in document["answers"]["lambda:ListFunctions"]["Functions"]
    }
    mappings[:] = [one for one in mappings if one["ResourceARN"] != arns[NAME]]
    tags = [{"Key": "Team", "Value": "pay\x1b[31m\u202ements"}, {"Key": "salary", "Value": "7"}]
    mappings.append({"ResourceARN": arns[NAME], "Tags": tags})
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"version": 1, "tags": ["team"]}))

    def shown(document: Json) -> dict[str, Any]:
        run = vpcguard("audit", "--snapshot", write(document), "--config", config, "--format", "jsonl")
        assert run.stdout.isascii()
        assert "\x1b" not in run.stdout
        assert "salary" not in run.stdout
        return {one["function_name"]: one["tags"] for one in map(json.loads, run.stdout.splitlines())}

    of_all = shown(document)
    assert of_all.pop(NAME) == {"team": "pay\x1b[31m\u202ements"}
    assert list(of_all.values()) == [{}] * len(of_all)
    del document["answers"]["tag:GetResources"]
    document["failures"] = {"tag:GetResources": {"code": "AccessDenied", "message": "x"}}
    assert set(map(str, shown(document).values())) == {"None"}
