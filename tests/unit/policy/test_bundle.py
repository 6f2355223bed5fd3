"""The bundle: same policies, same bytes, same name."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from vpcguard.errors import ConfigurationError
from vpcguard.policy.bundle import build_bundle
from vpcguard.policy.schemas import find_policies


def _policies(folder: Path) -> Path:
    files = {
        "vpcguard/vpcguard.rego": "package vpcguard\n",
        "vpcguard/vpcguard_test.rego": "package vpcguard_test\n",
        "vpcguard/config/data.yaml": "a: 1\n",
        "vpcguard/notes.yaml": "b: 1\n",
        "schemas/input.json": "{}",
        ".manifest": "{}",
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def _contents(bundle: Path) -> dict[str, bytes]:
    with tarfile.open(bundle) as archive:
        members = [(member.name, archive.extractfile(member)) for member in archive]
        return {name: content.read() for name, content in members if content is not None}


def test_a_bundle_holds_policies_and_their_data_alone(tmp_path: Path) -> None:
    """A test in it would be evaluated nowhere and shipped everywhere."""
    revision = build_bundle(_policies(tmp_path / "policies"), tmp_path / "out" / "bundle.tar.gz")

    contents = _contents(tmp_path / "out" / "bundle.tar.gz")
    of_rules = [f"vpcguard/{name}/data.json" for name in ("own_rules", "rule_metadata", "rule_texts")]
    names = ["vpcguard/config/data.yaml", *of_rules, "vpcguard/vpcguard.rego"]
    assert list(contents) == [".manifest", *names]
    assert json.loads(contents[".manifest"]) == {"revision": revision, "roots": [""], "rego_version": 1}


def test_what_rules_say_of_themselves_becomes_data(tmp_path: Path) -> None:
    """The decision shows it, and a rule of which nothing was known would vanish."""
    policies = _policies(tmp_path / "policies")
    rule = policies / "vpcguard" / "rules" / "nat" / "broken" / "broken.rego"
    rule.parent.mkdir(parents=True)
    said = "# title: It is broken\n# custom:\n#   advice: >-\n#     Repair\n#     it.\n#   passes: Whole.\n"
    rule.write_text(f"# METADATA\n{said}package vpcguard.rules.nat.broken\n")
    before = build_bundle(policies, tmp_path / "bundle.tar.gz")

    contents = _contents(tmp_path / "bundle.tar.gz")
    shown = contents["vpcguard/rule_metadata/data.json"]
    assert json.loads(shown) == {"nat.broken": {"title": "It is broken", "advice": "Repair it."}}
    explained = contents["vpcguard/rule_texts/data.json"]
    assert json.loads(explained) == {"nat.broken": {"passes": "Whole."}}

    rule.write_text(f"# METADATA\n{said.replace('broken', 'torn')}package vpcguard.rules.nat.broken\n")
    assert build_bundle(policies, tmp_path / "bundle.tar.gz") != before


@pytest.mark.parametrize(
    "text", ["", "# METADATA\n# title: t\n", "# METADATA\n# a: [\n", "# METADATA\n# x\n"]
)
def test_a_rule_that_does_not_describe_itself_is_refused(tmp_path: Path, text: str) -> None:
    policies = _policies(tmp_path / "policies")
    rule = policies / "vpcguard" / "rules" / "nat" / "broken" / "broken.rego"
    rule.parent.mkdir(parents=True)
    rule.write_text(f"{text}package vpcguard.rules.nat.broken\n")

    with pytest.raises(ConfigurationError, match=r"broken\.rego does not describe itself"):
        build_bundle(policies, tmp_path / "bundle.tar.gz")


def test_the_same_policies_give_the_same_bytes_anywhere(tmp_path: Path) -> None:
    """The revision stands beside every verdict and has to mean one thing."""
    first, second = _policies(tmp_path / "first"), _policies(tmp_path / "second")
    os.utime(second / "vpcguard" / "vpcguard.rego", (1, 1))

    revisions = {build_bundle(folder, folder / "bundle.tar.gz") for folder in (first, second)}

    assert len(revisions) == 1
    assert (first / "bundle.tar.gz").read_bytes() == (second / "bundle.tar.gz").read_bytes()


@pytest.mark.parametrize("name", ["vpcguard/vpcguard.rego", "vpcguard/config/data.yaml"])
def test_another_content_or_another_place_is_another_revision(tmp_path: Path, name: str) -> None:
    policies, output = _policies(tmp_path / "policies"), tmp_path / "bundle.tar.gz"
    before = build_bundle(policies, output)

    (policies / name).write_text((policies / name).read_text() + "# x\n")
    changed = build_bundle(policies, output)
    (policies / name).rename(policies / "data.yaml" if name.endswith("yaml") else policies / "moved.rego")
    moved = build_bundle(policies, output)

    assert len({before, changed, moved}) == 3


@pytest.mark.parametrize(
    ("defaults", "reason"),
    [
        ("{stage: audit, thresholds: {ip_flor: 8}}", "ip_flor"),
        ("{stage: loud}", "audit"),
        ("{rules: {}}", "stage"),
        ("{stage: audit, rules: {nat.no: {}}}", "no such rule"),
        ("[]", "expected a mapping"),
        ("stage: [", "line 1"),
    ],
)
def test_defaults_that_break_the_schema_are_refused(tmp_path: Path, defaults: str, reason: str) -> None:
    """A misspelt threshold is none, and what lacks addresses would pass."""
    policies = _policies(tmp_path / "policies")
    path = policies / "vpcguard" / "config" / "defaults" / "data.yaml"
    path.parent.mkdir()
    path.write_text("{stage: audit, thresholds: {ip_floor: 8}}")
    build_bundle(policies, tmp_path / "bundle.tar.gz")

    path.write_text(defaults)
    with pytest.raises(ConfigurationError, match=rf"defaults/data\.yaml: .*{reason}"):
        build_bundle(policies, tmp_path / "bundle.tar.gz")


@pytest.mark.parametrize(
    ("retired", "reason"),
    [
        ('{"nat.torn": {"since": "2026-11-29"}, "nat.torn": {"since": "2026-11-29"}}', "given twice"),
        ('{"nat.torn": {}}', "since"),
        ('{"nat.torn": {"since": "29 November"}}', "the day of the release that lacks it"),
        ('{"nat": {"since": "2026-11-29"}}', "nat"),
        ('{"nat.broken": {"since": "2026-11-29"}}', "nat.broken is still there"),
        ('["nat.torn"]', "object"),
        ("{", "Expecting"),
    ],
)
def test_retired_rules_that_break_the_schema_or_are_still_there_are_refused(
    tmp_path: Path, retired: str, reason: str
) -> None:
    """What is misspelt here stays open for ever."""
    policies = _policies(tmp_path / "policies")
    (policies / "vpcguard" / "rules" / "nat" / "broken").mkdir(parents=True)
    path = policies / "vpcguard" / "config" / "retired" / "data.json"
    path.parent.mkdir()
    path.write_text('{"nat.torn": {"since": "2026-11-29"}}')
    build_bundle(policies, tmp_path / "bundle.tar.gz")

    path.write_text(retired)
    with pytest.raises(ConfigurationError, match=rf"retired/data\.json: .*{reason}"):
        build_bundle(policies, tmp_path / "bundle.tar.gz")


def test_a_folder_without_policies_is_refused(tmp_path: Path) -> None:
    """OPA would start with it and answer everything with nothing."""
    with pytest.raises(ConfigurationError, match="holds no policies"):
        build_bundle(tmp_path, tmp_path / "bundle.tar.gz")


def test_the_policies_of_a_checkout_are_found() -> None:
    assert find_policies() == Path(__file__).resolve().parents[3] / "policies"
