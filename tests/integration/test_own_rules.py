"""Rules of an organization's own: one that is wrong in any way is in doubt for itself alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from vpcguard.errors import ConfigurationError, OpaTimeoutError
from vpcguard.facts import build_facts
from vpcguard.model import Decision, RuleDecision
from vpcguard.policy import own, packs
from vpcguard.policy.configuration import Configuration, load_configuration
from vpcguard.policy.deciding import Policy
from vpcguard.policy.opa import Opa
from vpcguard.policy.packs import read_packs
from vpcguard.policy.server import running_opa
from vpcguard.snapshot import parse_snapshot

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "own-rules"
SNAPSHOT = ROOT / "tests" / "contract" / "cases" / "blackhole" / "snapshot.json"
FUNCTION = "orders"

NO_TEAM = """\
# METADATA
# title: Function has no team
# custom: {severity: low, advice: Tag it.}
package custom.vpcguard.rules.org.no_team

deny contains {"function": fn.name, "message": "has no team"} if some fn in input.functions
"""
HEAD = """\
# METADATA
# title: Wrong
# custom: {severity: low, advice: Mend it.}
package custom.vpcguard.rules.org.wrong

"""


def deny(details: str = '"function": fn.name, "message": "x"', *conditions: str) -> str:
    """A deny of these details for every function, on these conditions."""
    return f"deny contains {{{details}}} if {{ {'; '.join(('some fn in input.functions', *conditions))} }}"


def with_evidence(evidence: str) -> str:
    """A deny of every function with this evidence."""
    return deny(f'"function": fn.name, "message": "x", "evidence": {evidence}')


NO_VIOLATION = "its deny is missing, or holds something else than"
ENDLESS = deny(
    '"function": fn.name, "message": "x"',
    *("some i in numbers.range(1, 30000)", "some j in numbers.range(1, 30000)", "i * j == -1"),
)
# what no compiler sees -> what the doubt says of it
WRONG_WHEN_ASKED = {
    deny('"function": fn.name, "message": "x"', "to_number(fn.name) > 0"): "to_number",
    "a := 1 if input.functions\na := 2 if input.functions\n" + with_evidence('{"a": a}'): (
        "complete rules must not produce multiple outputs"
    ),
    ENDLESS: "takes longer than",
    deny('"function": fn.name, "message": m', 'some m in ["a", "b"]'): "says two things at once",
    deny('"message": "x"'): NO_VIOLATION,
    deny('"function": "nobody", "message": "x"'): NO_VIOLATION,
    with_evidence('{"all": numbers.range(1, 30000)}'): "has more than 32,000 characters",
    with_evidence('{"all": sprintf("%4100000d", [1])}'): "OPA's answer has more than 4,000,000 bytes",
    "allow := true": NO_VIOLATION,
    "deny := true": NO_VIOLATION,
    deny('"function": fn.name, "message": "x", "severity": "awful"'): "severity",
    deny('"function": fn.name, "message": "x", "colour": "red"'): "colour",
    'applies := {"nobody"}\n' + deny(): "nobody",
}
# what is refused before anything is judged -> the words
WRONG_FROM_THE_START = {
    HEAD + "deny contains {": "wrong.rego:6: rego_parse_error",
    HEAD + 'deny contains {"function": fn.naem, "message": "x"} if some fn in input.functions': (
        "wrong.rego:6: rego_type_error: undefined ref: fn.naem"
    ),
    HEAD + 'deny contains {"function": "x", "message": "x"} if http.send({"url": "x"}).status_code == 200': (
        "undefined function http.send"
    ),
    HEAD.split("package")[1].replace(
        " custom", "package custom", 1
    ): "expected METADATA above its package once",
    HEAD.replace("org.wrong", "az.single_az") + "deny := set()": "a shipped rule is called az.single_az",
    HEAD.replace("custom.vpcguard", "vpcguard") + "deny := set()": "found vpcguard.rules.org.wrong",
    HEAD.replace("org.wrong", "org.Wrong") + "deny := set()": "of lower case letters",
    HEAD.replace("severity", "severty") + "deny := set()": "did you mean severity?",
    HEAD.replace("low", "awful") + "deny := set()": "the severity in its METADATA is awful",
    HEAD.replace(", advice: Mend it.", "") + "deny := set()": "its METADATA has no advice",
    HEAD.replace("advice: Mend it.", "advice: Mend it., remediation: detach_vpc_config") + "deny := set()": (
        "no remediation rests on a rule of your own"
    ),
    HEAD.replace("# custom", "# related_resources: [{description: x}]\n# custom") + "deny := set()": (
        "related_resources in its METADATA is no list of texts"
    ),
    HEAD.replace("# custom", "# description: [x]\n# custom")
    + "deny := set()": "description in its METADATA is no text",
    HEAD.replace("advice: Mend it.", "advice: x, reads: [lambda:GetStates]") + "deny := set()": (
        "reads in its METADATA names lambda:GetStates, which is none of elasticfilesystem:"
    ),
    HEAD.replace("Wrong", "[") + "deny := set()": "does not describe itself",
}


@pytest.fixture(autouse=True, scope="module")
def patience() -> Iterator[None]:
    """A busy machine is no slow rule."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own, "SECONDS", 8.0)
        patch.setattr(own, "MOST_SECONDS", 80.0)
        yield


def pack(folder: Path, *files: str) -> Path:
    """A pack of these files."""
    folder.mkdir()
    for number, text in enumerate(files):
        (folder / ("wrong.rego" if number == 0 else f"{number}.rego")).write_text(text)
    return folder


@contextmanager
def judging(
    *folders: Path, config: Mapping[str, Any] | None = None
) -> Iterator[tuple[Policy, Configuration]]:
    """The shipped rules with packs, behind a real OPA."""
    found = read_packs(folders)
    configuration = load_configuration({"version": 1, **(config or {})}, found.rules)
    with running_opa(packs=found) as url, Policy(url, own_rules=found.rules) as policy:
        yield policy, configuration


def decide(*folders: Path, config: Mapping[str, Any] | None = None) -> Decision:
    """What they say about the recorded function orders, which has a team."""
    with judging(*folders, config=config) as (policy, configuration):
        return policy.decide(_facts(configuration), configuration)


def _facts(configuration: Configuration) -> dict[str, Any]:
    snapshot = parse_snapshot(json.loads(SNAPSHOT.read_text()))
    facts = build_facts(snapshot, tags=configuration.document.get("tags", ()))
    for function in facts["functions"]:
        function["tags"] = [{"key": "team", "value": "payments"}]
    return facts


def _rule(decision: Decision, rule_id: str) -> RuleDecision:
    [rule] = [one for one in decision.rules if one.id == rule_id]
    return rule


def test_a_first_rule_takes_ten_lines(tmp_path: Path) -> None:
    decision = decide(pack(tmp_path / "pack", NO_TEAM))

    [violation] = _rule(decision, "org.no_team").violations
    assert (violation.function, violation.message, violation.severity) == (
        FUNCTION,
        "orders has no team",
        "low",
    )
    assert len(decision.rules) > 1  # the shipped ones beside it


@pytest.fixture(scope="module")
def all_wrong(tmp_path_factory: pytest.TempPathFactory) -> Decision:
    """What is decided with every rule of WRONG_WHEN_ASKED, org.wrong_0 and so on, beside a good one."""
    texts = [HEAD.replace("wrong", f"wrong_{at}") + text for at, text in enumerate(WRONG_WHEN_ASKED)]
    return decide(pack(tmp_path_factory.mktemp("packs") / "wrong", NO_TEAM, *texts))


@pytest.mark.parametrize(("at", "words"), list(enumerate(WRONG_WHEN_ASKED.values())))
def test_a_rule_that_is_wrong_when_asked_is_in_doubt(all_wrong: Decision, at: int, words: str) -> None:
    rule = _rule(all_wrong, f"org.wrong_{at}")

    [unknown] = rule.unknowns
    assert (unknown.function, unknown.waits_for) == (FUNCTION, (rule.id,))
    assert words in unknown.message
    assert rule.violations == ()


def test_whatever_is_wrong_with_others_everything_else_is_judged(all_wrong: Decision) -> None:
    assert [one.function for one in _rule(all_wrong, "org.no_team").violations] == [FUNCTION]
    assert [one for one in all_wrong.rules if one.family != "org"] == list(decide().rules)


@pytest.mark.parametrize(
    ("text", "words"), WRONG_FROM_THE_START.items(), ids=range(len(WRONG_FROM_THE_START))
)
def test_a_pack_that_cannot_be_right_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        decide(pack(tmp_path / "wrong", text))

    assert words in str(refused.value)
    assert "wrong" in str(refused.value)  # which file or folder it is


def test_a_folder_that_holds_no_rules_is_refused(tmp_path: Path) -> None:
    helper = pack(tmp_path / "helper", "package custom.helpers\n\none := 1\n")
    with pytest.raises(ConfigurationError, match=r"helper: no package custom\.vpcguard"):
        read_packs([helper])
    with pytest.raises(ConfigurationError, match="there is no such folder"):
        read_packs([tmp_path / "missing"])


def test_data_beside_the_rules_is_refused(tmp_path: Path) -> None:
    folder = pack(tmp_path / "pack", NO_TEAM)
    (folder / "data.json").write_text("{}")

    with pytest.raises(ConfigurationError, match=r"rules.<id>.parameters"):
        read_packs([folder])


def test_a_pack_that_takes_too_long_to_compile_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "_CHECK_SECONDS", 0.001)

    with pytest.raises(ConfigurationError, match=r"slow: OPA did not compile this within 0\.001 s"):
        decide(pack(tmp_path / "slow", NO_TEAM))


def test_two_packs_with_the_same_rule_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"another pack has a rule org\.no_team"):
        read_packs([pack(tmp_path / "one", NO_TEAM), pack(tmp_path / "two", NO_TEAM)])


@contextmanager
def noted() -> Iterator[list[str | None]]:
    """The questions to rules of one's own: None for all at once, else of which alone."""
    asked: list[str | None] = []
    ask = Opa.ask

    def note(self: Opa, document: Any, entrypoint: str, key: str | None = None) -> Any:
        if entrypoint == own.RULES:
            asked.append(key)
        return ask(self, document, entrypoint, key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Opa, "ask", note)
        yield asked


def test_a_rule_that_took_too_long_is_not_asked_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it keep the others from being asked in one question."""
    monkeypatch.setattr(own, "SECONDS", 0.5)
    with judging(pack(tmp_path / "wrong", HEAD + ENDLESS), pack(tmp_path / "good", NO_TEAM)) as (
        policy,
        config,
    ):
        facts = _facts(config)
        first = policy.decide(facts, config)
        with noted() as asked:
            second = policy.decide(facts, config)
        monkeypatch.setattr(own, "AGAIN_SECONDS", -1.0)
        policy._own._apart["org.wrong"] = 0.0  # type: ignore[union-attr]  # noqa: SLF001  five minutes later
        with noted() as asked_later:
            policy.decide(facts, config)

    assert first == second
    assert first.failed_rules == {"org.wrong": "takes longer than 0.5 s"}
    assert asked == [None]
    assert asked_later == [None, "org.wrong"]


def test_a_rule_that_errs_costs_a_question_of_its_own_and_no_more(tmp_path: Path) -> None:
    """Each function may make it err or not: it is asked every time, and taken back once it answers."""
    errs = HEAD + deny('"function": fn.name, "message": "x"', "to_number(fn.tags[0].value) > 0")
    with judging(pack(tmp_path / "wrong", errs), pack(tmp_path / "good", NO_TEAM)) as (policy, config):
        facts = _facts(config)
        failing = policy.decide(facts, config)
        with noted() as asked:
            policy.decide(facts, config)
        facts["functions"][0]["tags"][0]["value"] = "7"
        mended = policy.decide(facts, config)
        with noted() as asked_then:
            policy.decide(facts, config)

    assert failing.failed_rules.keys() == {"org.wrong"}
    assert asked == [None, "org.wrong"]
    assert (mended.failed_rules, asked_then) == ({}, [None])


def test_rules_that_take_too_long_together_are_asked_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of them is at fault, and the question of all is not tried again at once."""
    monkeypatch.setattr(own, "SECONDS", 8.0)
    ask = Opa.ask

    def too_long_together(self: Opa, document: Any, entrypoint: str, key: str | None = None) -> Any:
        if entrypoint == own.RULES and key is None:
            raise OpaTimeoutError
        return ask(self, document, entrypoint, key)

    folder = pack(tmp_path / "pack", NO_TEAM, HEAD + deny())
    with judging(folder) as (policy, config):
        monkeypatch.setattr(Opa, "ask", too_long_together)
        first = policy.decide(_facts(config), config)
        with noted() as asked:
            second = policy.decide(_facts(config), config)

    assert first == second == decide(folder)
    assert asked == ["org.no_team", "org.wrong"]


def test_however_many_take_too_long_there_is_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event has a time to be judged in; who was not asked is in doubt, and asked the next time."""
    monkeypatch.setattr(own, "SECONDS", 0.5)
    monkeypatch.setattr(own, "MOST_SECONDS", 1.2)
    texts = [HEAD.replace("wrong", f"wrong_{at}") + ENDLESS for at in range(3)]
    with judging(pack(tmp_path / "wrong", *texts)) as (policy, config):
        first = policy.decide(_facts(config), config)

    assert first.failed_rules == {
        "org.wrong_0": "takes longer than 0.5 s",
        "org.wrong_1": "was not asked, since other rules took too long",
        "org.wrong_2": "was not asked, since other rules took too long",
    }


def test_configuration_reaches_own_rules_as_any_other(tmp_path: Path) -> None:
    folder = pack(tmp_path / "pack", NO_TEAM)

    severe = decide(folder, config={"rules": {"org.no_team": {"severity": "high", "stage": "warn"}}})
    off = decide(folder, config={"rules": {"org.no_team": {"enabled": False}}})

    assert [(one.severity, one.stage) for one in _rule(severe, "org.no_team").violations] == [
        ("high", "warn")
    ]
    assert _rule(off, "org.no_team").off == frozenset({FUNCTION})
    with pytest.raises(ConfigurationError, match=r"did you mean org\.no_team"):
        decide(folder, config={"rules": {"org.no_taem": {"enabled": False}}})


def test_the_example_pack_judges_by_tag_parameters_and_way_out() -> None:
    rules = {
        "org.approved_subnets": {"parameters": {"subnets": {"payments": ["subnet-a"]}}},
        "org.few_security_groups": {"parameters": {"most": 0}},
        "org.inspected_egress": {"parameters": {"through": ["vpce-firewall"]}},
    }

    decision = decide(EXAMPLE, config={"tags": ["team"], "rules": rules})

    [elsewhere] = _rule(decision, "org.approved_subnets").violations
    assert elsewhere.evidence == {"team": "payments", "subnet_ids": ["subnet-b"]}
    assert [one.message for one in _rule(decision, "org.few_security_groups").violations] == [
        "orders has 1 security groups, 0 are agreed."
    ]
    inspected = _rule(decision, "org.inspected_egress")  # its way out is broken: nothing passes the firewall
    assert (inspected.violations, inspected.applies) == ((), frozenset({FUNCTION}))


def test_own_rules_are_explained(tmp_path: Path) -> None:
    wrong = HEAD + next(iter(WRONG_WHEN_ASKED))
    with judging(pack(tmp_path / "wrong", wrong), pack(tmp_path / "good", NO_TEAM)) as (
        policy,
        configuration,
    ):
        explained = policy.explain(_facts(configuration), configuration, FUNCTION).document["rules"]

    of_rule = {one["id"]: (one["verdict"], one["reason"]) for one in explained}
    assert of_rule["org.no_team"] == ("violation", "orders has no team")
    assert of_rule["org.wrong"][0] == "unknown"
