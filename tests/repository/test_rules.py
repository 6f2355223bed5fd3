"""Every rule says of itself what people ask, and docs/rules.md repeats it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools import rule_docs
from tools.rule_reach import reach_of_rules
from vpcguard.policy.catalogue import shipped_rules
from vpcguard.snapshot import ON_REQUEST

ROOT = Path(__file__).parents[2]
RULES = sorted(
    file for file in (ROOT / "policies/vpcguard/rules").glob("*/*/*.rego") if file.stem == file.parent.name
)
FIELDS = {
    "doubt": str,
    "severity": str,
    "advice": str,
    "remediation": str,
    "applies_to": str,
    "applies_if": list,
    "passes": str,
    "judged": str,
    "configuration": list,
    "reads": list,
    "statement": list,
}
THRESHOLD = re.compile(r"\b((?:ip|eni)_[a-z_]*(?:margin|floor|percent)|peak_concurrency)\b")


def _metadata(rule: Path) -> dict[str, Any]:
    block = rule.read_text("utf-8").split("\npackage ", 1)[0].removeprefix("# METADATA\n")
    found: dict[str, Any] = yaml.safe_load("\n".join(line[2:] for line in block.splitlines()))
    return found


def _configurable() -> set[str]:
    sections = json.loads((ROOT / "policies/schemas/config.json").read_text("utf-8"))["properties"]
    thresholds = {f"thresholds.{name}" for name in sections["thresholds"]["properties"]}
    return thresholds | set(sections) - {"version", "overrides", "rules", "thresholds"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.stem)
def test_a_rule_describes_itself_in_every_respect(rule: Path) -> None:
    """Where one is missing, the explanation or the documentation has a hole."""
    metadata = _metadata(rule)
    custom = metadata["custom"]

    wrong = [name for name, kind in FIELDS.items() if not isinstance(custom.get(name), kind)]
    empty = [name for name, kind in FIELDS.items() if kind is str and not str(custom.get(name, "")).strip()]

    assert (wrong, empty, sorted(custom)) == ([], [], sorted(FIELDS))
    assert metadata["description"].strip()
    assert metadata["related_resources"]
    assert "FILL IN" not in rule.read_text("utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.stem)
def test_what_becomes_a_reason_reads_as_one(rule: Path) -> None:
    """Reasons are "It applies to <applies_to>." where a rule does not, and <passes> where it passes.

    What nobody knows is titled <doubt>: the fault is proven of nobody.
    """
    custom = _metadata(rule)["custom"]

    assert re.fullmatch(r"functions [^.]*[^. ]", custom["applies_to"])
    assert re.fullmatch(r"Not known whether [^.\n]*[^. ]", custom["doubt"])
    assert re.fullmatch(r"[A-Z][^.\n]*(\.[^. \n][^.\n]*)*\.", custom["passes"])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.stem)
def test_a_rule_names_the_settings_that_it_reads(rule: Path) -> None:
    """Who changes a threshold has to know which verdicts move."""
    named = set(_metadata(rule)["custom"]["configuration"])
    code = rule.read_text("utf-8").split("\npackage ", 1)[1]

    assert named <= _configurable()
    assert {name for name in named if name.startswith("thresholds.")} == {
        f"thresholds.{name}" for name in THRESHOLD.findall(code)
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.stem)
def test_conditions_and_reads_are_words_that_are_known(rule: Path) -> None:
    """A misspelt condition would be no reason in an explanation, and a misspelt operation never read."""
    custom = _metadata(rule)["custom"]

    assert set(custom["applies_if"]) <= _conditions()
    assert ("attached" in custom["applies_if"]) == ("in a VPC" in custom["applies_to"])
    assert ("subnets" in custom["applies_if"]) == bool(
        re.search(r"a subnet (and a security group )?left", custom["applies_to"])
    )


def _conditions() -> set[str]:
    """Return what an explanation can say that a function is not."""
    text = (ROOT / "policies/vpcguard/explanation/reasons/reasons.rego").read_text("utf-8")
    return set(re.findall(r'^_unmet\("(\w+)"', text, re.MULTILINE)) | set(
        re.findall(r'^_is_outside\(.* if "(\w+)" in', text, re.MULTILINE)
    )


def test_a_rule_names_what_has_to_be_read_for_it_beside_the_rest() -> None:
    """Unnamed, it is never read and the rule never fires; named in vain, it costs calls and tells nothing."""
    text = (ROOT / "policies/vpcguard/config/operations/data.yaml").read_text("utf-8")
    kinds = {kind: ON_REQUEST & {*operations} for kind, operations in yaml.safe_load(text).items()}
    policies = ROOT / "policies"
    told, used = {}, {}
    for reach in reach_of_rules(policies):
        family, fault = reach.id.split(".")
        rule = policies / "vpcguard/rules" / family / fault / f"{fault}.rego"
        code = " ".join(file.read_text("utf-8") for file in (rule, *(policies / one for one in reach.files)))
        told[reach.id] = set(_metadata(rule)["custom"]["reads"])
        used[reach.id] = {
            name for kind, names in kinds.items() if re.search(rf"\b{kind}\b", code) for name in names
        }

    assert told == used
    assert set().union(*told.values()) == ON_REQUEST


def test_what_settles_a_wait_is_a_sentence_that_exists() -> None:
    """A misspelt one would leave an undetermined finding without any advice."""
    sentences = yaml.safe_load((ROOT / "policies/vpcguard/config/settling/data.yaml").read_text("utf-8"))
    named = {
        means
        for file in (ROOT / "policies").rglob("*.rego")
        for means in re.findall(r'"settled_by": "(\w+)"', file.read_text("utf-8"))
    }

    assert {*named, *sentences["opaque"].values()} <= sentences["sentences"].keys()
    assert named >= {"central_endpoints", "permissions", "rule"}


@pytest.mark.parametrize("name", ["decision", "explanation"])
def test_the_kinds_of_root_causes_are_those_of_the_schema(name: str) -> None:
    """A kind that the schema lacks would refuse the whole answer."""
    data = yaml.safe_load((ROOT / "policies/vpcguard/config/causes/data.yaml").read_text("utf-8"))
    schema = (ROOT / f"policies/schemas/{name}.json").read_text("utf-8")

    (listed,) = re.findall(r'"root_cause_kind": \{\s+"type": "string",\s+"enum": \[([^]]+)\]', schema)
    assert sorted(re.findall(r"\w+", listed)) == sorted({*data["kinds"].values(), *data["of_participants"]})


def test_every_threshold_is_read_by_a_rule() -> None:
    """A setting that nothing reads is a promise that nobody keeps."""
    read = {name for rule in RULES for name in _metadata(rule)["custom"]["configuration"]}

    assert {name for name in _configurable() if name.startswith("thresholds.")} <= read


def test_the_page_of_rules_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """Run `make docs` after a change of a rule's metadata."""
    assert rule_docs.main(["--check"]) == 0, capsys.readouterr().out


def test_a_missing_and_a_stale_page_are_noticed(tmp_path: Path) -> None:
    page = tmp_path / "rules.md"
    assert rule_docs.main(["--check", str(page)]) == 1

    page.write_text(f"{(ROOT / 'docs/rules.md').read_text('utf-8')}\n", "utf-8")
    assert rule_docs.main(["--check", str(page)]) == 1

    rule_docs.main([str(page)])
    assert page.read_text("utf-8") == (ROOT / "docs/rules.md").read_text("utf-8")


def test_the_page_shows_each_rule_once_with_all_it_says() -> None:
    text = " ".join((ROOT / "docs/rules.md").read_text("utf-8").split())

    for rule in shipped_rules():
        assert text.count(f"### {rule.id} ") == 1
        for said in (
            rule.title,
            rule.description,
            rule.advice,
            rule.judged,
            *rule.related_resources,
        ):
            assert said in text
