"""What `sam build` puts into the functions: all they need, and nothing of the command line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sandbox import ROOT
from vpcguard.api.edges import CATALOGUE
from vpcguard.api.models import Rule
from vpcguard.policy.catalogue import shipped_rules

# Imports every module of the package as it was built, and refuses what its layer does not hold.
_IMPORT_ALL = """
import importlib, importlib.metadata, pkgutil, sys

package, allowed = sys.argv[1], set(sys.argv[2:])
home = importlib.metadata.packages_distributions()

class OnlyTheLayer:
    def find_spec(self, name, path=None, target=None):
        owners = home.get(name.partition(".")[0], [])
        if owners and not {owner.lower().replace("_", "-") for owner in owners} & allowed:
            raise ModuleNotFoundError(f"{name} is not in the layer")

# an editable install points at the checkout; here only what was built may be found
sys.path = [package] + [path for path in sys.path if "functions" not in path]
sys.meta_path = [OnlyTheLayer()] + [finder for finder in sys.meta_path if "editable" not in repr(finder)]
import vpcguard
assert vpcguard.__file__.startswith(package), vpcguard.__file__
with_yaml = {"bundle", "catalogue", "packs", "server"}  # of vpcguard.policy, for the CLI
for module in pkgutil.walk_packages([package]):
    if module.name not in {f"vpcguard.policy.{name}" for name in with_yaml}:
        importlib.import_module(module.name)
        print(module.name)
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The function's package, built as `sam build` builds it."""
    artifacts = tmp_path_factory.mktemp("package")
    subprocess.run(
        ["make", "--silent", "--makefile", ROOT / "functions" / "Makefile", "build-EvaluateChangeFunction"],
        cwd=ROOT / "functions",
        env={**os.environ, "ARTIFACTS_DIR": str(artifacts)},
        check=True,
    )
    return artifacts


def test_the_package_holds_handlers_package_and_schemas(package: Path) -> None:
    schemas = {file.name for file in (package / "vpcguard" / "_policies" / "schemas").iterdir()}

    assert {file.name for file in package.glob("*.py")} == {
        file.name for file in (ROOT / "functions").glob("*.py")
    }
    for data in ("reads.json", "vpcguard/config/retired/data.json"):
        packaged = package / "vpcguard" / "_policies" / data
        assert packaged.read_bytes() == (ROOT / "policies" / data).read_bytes()
    assert schemas == {file.name for file in (ROOT / "policies" / "schemas").iterdir()}
    assert _rules(package / "vpcguard" / "_policies") == _rules(ROOT / "policies")
    assert not (package / "vpcguard" / "cli").exists()


def test_the_package_imports_nothing_that_its_layer_lacks(package: Path) -> None:
    """What a developer has installed beside it (Rich, YAML ...) would hide a function that cannot start."""
    requirements = (ROOT / "functions" / "requirements.txt").read_text()
    layer = [
        name.lower().replace("_", "-") for name in re.findall(r"^([\w.-]+)==", requirements, re.MULTILINE)
    ]

    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL, package, *layer],
        capture_output=True,
        text=True,
        check=False,
        cwd=package,
        env={"AWS_DEFAULT_REGION": "eu-west-1", "PATH": os.environ["PATH"]},
    )

    assert done.returncode == 0, done.stderr
    assert "vpcguard.changes.events" in done.stdout


def test_the_api_has_the_rules_as_a_file(tmp_path: Path) -> None:
    """Its function has no YAML; of a pack the folder's name alone leaves the machine that builds."""
    subprocess.run(
        ["make", "--silent", "--makefile", ROOT / "functions" / "Makefile", "build-ApiFunction"],
        cwd=ROOT / "functions",
        env={**os.environ, "ARTIFACTS_DIR": str(tmp_path), "POLICIES": str(ROOT / "examples" / "own-rules")},
        check=True,
    )

    rules = json.loads((tmp_path / "vpcguard" / "_policies" / CATALOGUE).read_text())

    assert [rule["id"] for rule in rules if rule["pack"] is None] == [rule.id for rule in shipped_rules()]
    assert {rule["pack"] for rule in rules} == {None, "own-rules"}
    assert all(Rule.model_validate(rule) for rule in rules)


def test_a_pack_is_built_into_the_layer_wherever_it_is_named_from(tmp_path: Path) -> None:
    """`sam build` runs make for the layer in a folder of its own, where a relative path leads nowhere."""
    sam = tmp_path / "uv"
    sam.write_text(
        f"#!/bin/sh\ncd {tmp_path} && make --dry-run --makefile {ROOT}/extension/Makefile build-OpaLayer"
        " ARTIFACTS_DIR=/layer\n"
    )
    sam.chmod(0o755)

    done = subprocess.run(
        ["make", "--assume-old=setup", "sam-build", "POLICIES=examples/own-rules", f"TOOLS={tmp_path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert f"/layer/opa/bundle.tar.gz {ROOT}/examples/own-rules\n" in done.stdout


def _rules(policies: Path) -> set[str]:
    """The files of the rules, by which a configuration's rule ids are checked; no tests."""
    rules = (policies / "vpcguard" / "rules").glob("*/*/*.rego")
    return {file.name for file in rules if policies.name == "_policies" or not file.stem.endswith("_test")}
