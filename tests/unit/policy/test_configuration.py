"""The override document: what is accepted, and how a mistake is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vpcguard.errors import ConfigurationError
from vpcguard.policy import configuration
from vpcguard.policy.configuration import load_configuration, parse_configuration

Json = dict[str, Any]
EXAMPLE = """\
version: 1
thresholds: {ip_margin: 1, ip_floor: 8, ip_percent: 10, eni_quota_percent: 80, eni_quota_high_percent: 95}
rules:
  placement.vpc_required: {enabled: true}
  az.single_az: {severity: low, stage: warn}
intent: {egress: internet, services: [s3, dynamodb], private_targets: false}
trusted_egress: [{transit_gateway: tgw-0a}, {gateway_load_balancer: vpce-0a, until: 2026-12-31}]
central_endpoints: [s3, secretsmanager]
prices: {eu-west-1: {date: 2026-11-01, nat_gateway_gb: 0.048}}
tags: [team]
remediation: {enabled: false, dwell_minutes: 60}
owners:
  - match: {account_id: "111122223333", tag: {team: payments}}
    topic: "arn:aws:sns:eu-west-1:111122223333:payments"
overrides:
  - match: {organization_unit: "root/prod/*", account_id: "111122223333", function: "orders-*"}
    intent: {egress: internet}
    rules: {nat.no_internet_egress: {stage: enforce}}
"""


def _file(folder: Path, text: str, name: str = "config.yaml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_the_example_of_the_documentation_is_accepted(tmp_path: Path) -> None:
    document = load_configuration(_file(tmp_path, EXAMPLE)).document

    assert document["prices"] == {"eu-west-1": {"date": "2026-11-01", "nat_gateway_gb": 0.048}}
    assert document["overrides"][0]["rules"] == {"nat.no_internet_egress": {"stage": "enforce"}}


LEGACY = "ip.legacy_eni_estimate"
MOUNTS = frozenset(
    {
        "elasticfilesystem:DescribeMountTargets",
        "elasticfilesystem:DescribeMountTargetSecurityGroups",
    }
)
STATES = MOUNTS | {"lambda:GetFunctionConfiguration"}
CONCURRENCY = STATES | {"lambda:GetFunctionConcurrency"}
WITHOUT_STATES = {
    "config.update_failed": {"enabled": False},
    "config.idle_on_broken_network": {"enabled": False},
}
ON, OFF = {"rules": {LEGACY: {"enabled": True}}}, {"rules": {LEGACY: {"enabled": False}}}
THERE = {"match": {"account_id": "111122223333"}}


@pytest.mark.parametrize(
    ("document", "reads"),
    [
        ({}, STATES),
        ({"rules": WITHOUT_STATES}, MOUNTS),
        (ON, CONCURRENCY),
        (OFF, STATES),
        ({"rules": {LEGACY: {"severity": "low"}}}, STATES),
        ({"overrides": [THERE | ON]}, CONCURRENCY),
        (ON | {"overrides": [THERE | OFF]}, CONCURRENCY),
        ({"overrides": [THERE | OFF, THERE | {"thresholds": {"ip_floor": 1}}]}, STATES),
    ],
)
def test_what_no_rule_needs_that_is_on_is_not_read(document: Json, reads: frozenset[str]) -> None:
    """And what one needs is read, whomever it is on for: a rule that cannot see anything finds nothing."""
    assert load_configuration({"version": 1, **document}).reads == reads


@pytest.mark.parametrize("tags", [[], ["Team"]])
def test_people_are_told_by_tags_that_findings_have(tags: list[str]) -> None:
    entry = {
        "match": {"tag": {"team": "payments", "Owner": "*"}},
        "topic": "arn:aws:sns:eu-west-1:111122223333:t",
    }
    document = {"version": 1, "tags": tags, "owners": [entry]}

    if tags:
        assert load_configuration(document).document["owners"] == [entry]
    else:
        with pytest.raises(
            ConfigurationError, match=r"owners\[0\].match.tag.team: findings have no such tag"
        ):
            load_configuration(document)


def test_who_does_not_judge_need_not_know_the_rules() -> None:
    """A pack's rules are in the layer of those who judge alone."""
    content = json.dumps({"version": 1, "rules": {"org.approved": {"stage": "warn"}}}).encode()

    assert parse_configuration(content, "configuration", None).document["rules"]
    with pytest.raises(ConfigurationError, match="no such rule"):
        parse_configuration(content, "configuration")


def test_without_a_source_nothing_is_overridden() -> None:
    assert load_configuration().document == {"version": 1}


def test_the_digest_names_the_content_not_its_spelling(tmp_path: Path) -> None:
    """It stands beside every verdict: the same settings must have the same name."""
    yaml = load_configuration(_file(tmp_path, "version: 1\nthresholds: {ip_floor: 8, ip_margin: 1}\n"))
    json = load_configuration(
        _file(tmp_path, '{"thresholds": {"ip_margin": 1, "ip_floor": 8}, "version": 1}', "config.json")
    )

    assert yaml == json
    assert (
        yaml.digest
        == load_configuration({"version": 1, "thresholds": {"ip_margin": 1, "ip_floor": 8}}).digest
    )
    assert yaml.digest.startswith("sha256:")
    assert yaml.digest != load_configuration().digest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 1\nthreshold: {}\n", "Additional properties are not allowed ('threshold' was unexpected)"),
        ("thresholds: {}\n", '"version" is a required property'),
        ("version: 2\n", ": version: 1 was expected"),
        (
            "version: 1\nrules: {az.single_az: {severity: urgent}}\n",
            ': rules.az.single_az.severity: expected one of "critical", "high", "medium", "low", "info"',
        ),
        (
            "version: 1\nrules: {az.single_az: {stage: on}}\n",
            ": rules.az.single_az.stage: true is not of type",
        ),
        ("version: 1\nintent: {services: [S3]}\n", ': intent.services[0]: "S3" does not match'),
        ("version: 1\noverrides: [{match: {}}]\n", ": overrides[0].match: {} has less than 1 property"),
        ("version: 1\noverrides: [{intent: {}}]\n", ': overrides[0]: "match" is a required property'),
        (
            "version: 1\noverrides: [{match: {account_id: 111122223333}}]\n",
            ': overrides[0].match.account_id: 111122223333 is not of type "string"',
        ),
        (
            "version: 1\nthresholds: {ip_percent: .nan}\n",
            ': thresholds.ip_percent: null is not of type "number"',
        ),
        ("version: 1\nthresholds: {ip_percent: .inf}\n", ": thresholds.ip_percent: "),
        (
            "version: 1\nrules: {nat.no_internet_egres: {stage: warn}}\n",
            ": rules.nat.no_internet_egres: there is no such rule; did you mean nat.no_internet_egress?",
        ),
        (
            "version: 1\noverrides: [{match: {function: a}}, {match: {function: a}, rules: {x.y: {}}}]\n",
            ": overrides[1].rules.x.y: there is no such rule; one of your own takes --policies DIR",
        ),
        (
            "version: 1\noverrides: [{match: {function: 'orders-[a'}}]\n",
            ': overrides[0].match.function: "orders-[a" is not what is expected: Glob: * any text',
        ),
        (
            "version: 1\ntrusted_egress: [{organization_unit: ''}]\n",
            ': trusted_egress[0].organization_unit: "" is not what is expected: Glob: * any text',
        ),
        *(
            (
                f"version: 1\nprices: {{eu-west-1: {{date: {date}}}}}\n",
                f': prices.eu-west-1.date: "{date}" is not what is expected: ISO 8601 date',
            )
            for date in ("2026-13-01", "2026-00-10", "2026-02-30", "2026-04-31", "2026-1-1", "yesterday")
        ),
        ("version: 1\nversion: 1\n", "line 2, column 1: the key 'version' is given twice"),
        ("version: 1\nrules: {a.b: {}, a.b: {}}\n", "line 2, column 18: the key 'a.b' is given twice"),
        ("version: 1\n1: x\n", "line 2, column 1: a key must be text"),
        ("version: 1\n? [a]\n: x\n", "line 2, column 3: a key must be text"),
        ("version: 1\n<<: {a: b}\n", "line 2, column 1: a key must be text"),
        ("a: &a [x]\nb: *a\n", "line 2, column 4: aliases are not supported, write the value again"),
        (
            "version: !!python/object/apply:os.system [x]\n",
            "line 1, column 10: could not determine a constructor",
        ),
        ("version: [\n", "line 2, column 1: "),
        ("a: b: c\n", "line 1, column 5: mapping values are not allowed here"),
        ("", "expected a mapping that begins with version: 1"),
        ("- version: 1\n", "expected a mapping that begins with version: 1"),
        ("version: 1\n---\nversion: 1\n", "line 2, column 1: "),
        ("\x00", "special characters are not allowed"),
        ("[" * 5000, "config.yaml: "),
    ],
)
def test_a_mistake_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    """A setting that somebody thinks is on, and is not, is worse than none."""
    with pytest.raises(ConfigurationError) as raised:
        load_configuration(_file(tmp_path, text))

    assert str(tmp_path / "config.yaml") in str(raised.value)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"version": 1, "version": 1}', "the key 'version' is given twice"),
        ('{"version": 1, "thresholds": {"ip_percent": NaN}}', ": thresholds.ip_percent"),
        ("{", "Expecting property name"),
        ("[" * 100_000, "config.json: "),
    ],
)
def test_json_is_as_strict(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_configuration(_file(tmp_path, text, "config.json"))

    assert message in str(raised.value)


@pytest.mark.parametrize("date", ["2026-02-29", "2026-09-30", "2026-10-30", "2026-12-31", "2026-01-01"])
def test_a_date_that_a_month_has_is_accepted(date: str) -> None:
    prices = {"eu-west-1": {"date": date}}

    assert load_configuration({"version": 1, "prices": prices}).document["prices"] == prices


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"version: 1 # caf\xe9")

    with pytest.raises(
        ConfigurationError, match=r"missing\.yaml: cannot be read: No such file or directory$"
    ):
        load_configuration(tmp_path / "missing.yaml")
    with pytest.raises(ConfigurationError, match=r"latin\.yaml: cannot be read"):
        load_configuration(tmp_path / "latin.yaml")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_configuration(tmp_path)


def test_a_document_is_checked_like_a_file() -> None:
    with pytest.raises(ConfigurationError, match="configuration: Additional properties"):
        load_configuration({"version": 1, "rule": {}})


@pytest.mark.parametrize(
    ("rules", "is_taken"),
    [
        ({"org.no_team": {"enabled": False}}, True),  # taken out of its pack, once its findings were resolved
        ({"org.no_team": {"enabled": False, "stage": "warn"}}, False),
        ({"org.no_tags": {"enabled": False}}, False),  # there is org.no_tag
        ({"az.no_team": {"enabled": False}}, False),
        ({"az.singel_az": {"enabled": False}}, False),
    ],
)
def test_that_a_rule_of_ones_own_is_off_may_stand_there_when_it_is_gone(
    *, rules: dict[str, Any], is_taken: bool
) -> None:
    """It is switched off first; a layer without it must not come to a stop over that."""
    own = {"org.no_tag": {"enabled": True, "reads": []}}
    document = {"version": 1, "rules": rules}

    if is_taken:
        assert load_configuration(document, own).document == document
    else:
        with pytest.raises(ConfigurationError, match="there is no such rule"):
            load_configuration(document, own)


def test_settings_of_a_withdrawn_rule_keep_nothing_from_being_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever set one up must not come to a stop with the release that withdraws it."""
    settings = {"version": 1, "rules": {"az.some_fault": {"enabled": False}}}
    with pytest.raises(ConfigurationError, match="no such rule"):
        load_configuration(settings)

    monkeypatch.setattr(configuration, "retired_rules", lambda _: {"az.some_fault": "2026-11-29"})
    assert load_configuration(settings).document == settings
