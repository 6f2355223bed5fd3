"""`vpcguard rules` reads the policies' metadata itself; OPA must say the same of the same rules."""

from __future__ import annotations

import json
import signal
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.estate import facts
from vpcguard.cli.main import app
from vpcguard.policy.catalogue import shipped_rules
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.policy.server import running_opa


def test_every_rule_reads_as_opa_says_it() -> None:
    """A rule that this list forgets, or shows with another severity, misleads whoever configures it."""
    with running_opa() as url, Policy(url) as policy:
        decision = policy.decide(facts(functions=1, vpcs=1), load_configuration())

    said = [
        (r.id, r.family, r.title, r.severity, " ".join(r.advice.split()), r.remediation)
        for r in decision.rules
    ]
    assert [(r.id, r.family, r.title, r.severity, r.advice, r.remediation) for r in shipped_rules()] == said


class Vpcguard:
    """The command line in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr."""
        with pytest.raises(SystemExit) as ended:
            app(arguments)
        return int(ended.value.code or 0), *self._capsys.readouterr()


@pytest.fixture
def vpcguard(capsys: pytest.CaptureFixture[str]) -> Iterator[Vpcguard]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield Vpcguard(capsys)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_the_list_shows_what_is_off_and_the_stage(vpcguard: Vpcguard) -> None:
    rules = {rule["id"]: rule for rule in json.loads(vpcguard("rules", "list", "--json")[1])}

    assert rules["placement.vpc_required"]["enabled"] is False
    assert rules["az.single_az"]["enabled"] is True
    assert {rule["stage"] for rule in rules.values()} == {"audit"}
    assert all(rule["description"] and rule["related_resources"] for rule in rules.values())


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_names_every_rule_whole_and_keeps_to_the_width(
    vpcguard: Vpcguard, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))

    lines = vpcguard("rules", "list")[1].splitlines()

    assert max(map(len, lines)) <= width
    assert {rule.id for rule in shipped_rules()} <= {line.split()[0] for line in lines if line.strip()}


def test_one_rule_is_shown_with_what_why_and_what_to_do(vpcguard: Vpcguard) -> None:
    code, shown, _ = vpcguard("rules", "show", "az.single_az")

    assert code == 0
    words = " ".join(shown.split())
    rule = next(rule for rule in shipped_rules() if rule.id == "az.single_az")
    assert words.startswith(
        "az.single_az: Function runs in a single Availability Zone severity medium, stage audit"
    )
    assert rule.description in words
    assert rule.advice in words
    assert set(rule.related_resources) <= set(words.split())


@pytest.mark.parametrize(
    ("rule_id", "hint"),
    [
        ("az.singel_az", "did you mean az.single_az"),
        ("nothing", "`vpcguard rules list` names them, with --policies DIR your own too"),
    ],
)
def test_a_rule_that_does_not_exist_is_2(vpcguard: Vpcguard, rule_id: str, hint: str) -> None:
    code, _, said = vpcguard("rules", "show", rule_id)

    assert code == 2
    assert hint in said


def test_rules_of_ones_own_are_listed_and_shown_as_such(vpcguard: Vpcguard) -> None:
    own = ("--policies", "examples/own-rules")
    _, listed, _ = vpcguard("rules", "list", *own)
    documents = {one["id"]: one for one in json.loads(vpcguard("rules", "list", "--json", *own)[1])}
    _, shown, _ = vpcguard("rules", "show", "org.few_security_groups", *own)
    code, _, said = vpcguard("rules", "show", "org.few_security_group", *own)

    rules = "org.approved_subnets", "org.few_security_groups", "org.inspected_egress"
    assert {one["id"] for one in documents.values() if one["pack"] == "examples/own-rules"} == {*rules}
    assert documents["az.single_az"]["pack"] is None
    assert [line.split()[:4] for line in listed.splitlines() if line.startswith("org.")] == [
        [rule_id, documents[rule_id]["severity"], "audit", "yes"] for rule_id in rules
    ]
    assert " ".join(listed.split()).count("(your own)") == len(rules)
    assert shown.startswith(
        "org.few_security_groups: Function has more security groups than agreed (your own)\n"
    )
    assert documents["org.few_security_groups"]["advice"] in " ".join(shown.split())
    assert (code, "did you mean org.few_security_groups" in said) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (("audit", "extra"), "audit"),
        (("audit", "--conf", "x"), "audit"),
        (("explain", "orders", "extra"), "explain"),
        (("rules", "list", "extra"), "rules list"),
        (("rules", "--nonsense"), "rules"),
    ],
)
def test_arguments_that_a_command_does_not_take_show_its_own_usage(
    vpcguard: Vpcguard, arguments: tuple[str, ...], command: str
) -> None:
    """Not the list of commands, which says nothing about what this one takes."""
    code, shown, said = vpcguard(*arguments)

    assert (code, shown) == (2, "")
    assert said.startswith(f"usage: vpcguard {command} [")
    assert f"vpcguard {command}: error: unrecognized arguments: " in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "COMMAND"),
        (("rules",), "COMMAND"),
        (("rules", "show"), "ID"),
        (("audit", "--nonsense"), "--nonsense"),
        (("--nonsense",), "vpcguard: error: unrecognized arguments: --nonsense"),
        (("audit", "--out", ""), "--out: it is empty; give a path"),
        (("audit", "--snapshot", ""), "--snapshot: it is empty; give a path"),
        (("audit", "--config", ""), "--config: it is empty; give a path"),
        (("capture", "--out", ""), "--out: it is empty; give a path"),
        (("capture", "--out", "a.json", "--function", "a b"), "neither the name nor the ARN"),
        (("audit", "--snap", "file"), "--snap"),  # an option cut short may mean another one tomorrow
        (("audit", "--format", "xml"), "xml"),
        (("audit", "--fail-on", "bad"), "bad"),
        (("capture",), "--out"),
        (("explain",), "FUNCTION"),
    ],
)
def test_a_usage_error_is_2_and_says_on_stderr_what_is_wrong(
    vpcguard: Vpcguard, arguments: tuple[str, ...], words: str
) -> None:
    code, shown, said = vpcguard(*arguments)

    assert (code, shown) == (2, "")
    assert words in said


def test_the_version_is_that_of_the_project(vpcguard: Vpcguard) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]

    assert vpcguard("--version") == (0, f"vpcguard {project['version']}\n", "")
