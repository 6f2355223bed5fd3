"""The configuration's schema stands in three places, its defaults and alarms beside it: all agree."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from tests.support.template import load_template, resources
from tests.unit.policy.test_configuration import EXAMPLE
from tools.appconfig_schema import for_appconfig, written_into
from vpcguard.audit import report
from vpcguard.errors import ConfigurationError
from vpcguard.policy.configuration import check_defaults, load_configuration, parse_yaml, shipped_rule_ids

ROOT = Path(__file__).parents[2]
POLICIES = ROOT / "policies"
CONFIG = json.loads((POLICIES / "schemas" / "config.json").read_text())
DEFAULTS = yaml.safe_load((POLICIES / "vpcguard" / "config" / "defaults" / "data.yaml").read_text())
TOPIC = "arn:aws:sns:eu-west-1:111122223333:payments"
DOCUMENT = re.compile(r"```yaml\n(version: 1\n.*?)```", re.DOTALL)


def test_the_shipped_defaults_are_a_valid_configuration() -> None:
    check_defaults(POLICIES)

    assert set(DEFAULTS["thresholds"]) == set(CONFIG["properties"]["thresholds"]["properties"]) - {
        "peak_concurrency"
    }


def test_every_section_of_an_override_is_a_section_of_the_document() -> None:
    sections = dict(CONFIG["properties"])
    override = dict(sections.pop("overrides")["items"]["properties"])
    del sections["version"], override["match"]
    del sections["tags"]  # which tags become facts is decided before anybody knows whom an override matches
    del sections["owners"]  # which match as overrides do

    assert override == sections


def test_the_facts_carry_the_configuration_as_its_schema_says() -> None:
    given = json.loads((POLICIES / "schemas" / "input.json").read_text())["definitions"]["config"]
    own_names = ("$schema", "$id", "title")

    assert {**given, "required": ["version"]} == {
        key: value for key, value in CONFIG.items() if key not in own_names
    }


def test_appconfig_validates_by_the_same_schema() -> None:
    """Not so: run `make validator`."""
    template = (ROOT / "template.yaml").read_text()
    (profile,) = resources("AWS::AppConfig::ConfigurationProfile").values()
    (validator,) = profile["Validators"]

    assert written_into(template, CONFIG) == template
    assert validator["Type"] == "JSON_SCHEMA"
    assert json.loads(validator["Content"]) == for_appconfig(CONFIG)


def _given(**sections: Any) -> dict[str, Any]:
    return {"version": 1, **sections}


@pytest.mark.parametrize(
    ("document", "is_valid"),
    [
        (parse_yaml(EXAMPLE), True),
        (_given(version="1"), False),
        (_given(), True),
        ({}, False),
        ({"version": 2}, False),
        (_given(rule={}), False),
        (_given(rules={"az.single_az": {"stage": "warn"}}), True),
        (_given(rules={"az.single_az": {"stage": "on"}}), False),
        (_given(rules={"AZ": {}}), False),
        (_given(rules={"az.single_az": {"enabld": True}}), False),
        (_given(thresholds={"ip_floor": 8.5}), False),
        (_given(thresholds={"ip_percent": 101}), False),
        (_given(trusted_egress=[{"transit_gateway": "tgw-0a"}]), True),
        (_given(trusted_egress=[{"transit_gateway": "tgw-0a", "until": "2026-12-31"}]), True),
        (_given(trusted_egress=[{"proxy": "vpc-0a"}, {"gateway_load_balancer": "vpce-0a"}]), True),
        (_given(trusted_egress=[{"transit_gateway": "tgw-0a", "until": "soon"}]), False),
        (_given(trusted_egress=[{"until": "2026-12-31"}]), False),
        (_given(trusted_egress=[{"peering": "pcx-0a"}]), False),
        (_given(inspection=[{"firewall_endpoint": "vpce-0a"}, {"transit_gateway": "tgw-0a"}]), True),
        (_given(inspection=[{}]), False),
        (_given(trusted_egress=[{}]), False),
        (_given(overrides=[{"match": {"function": "orders-*"}, "intent": {"egress": "aws"}}]), True),
        (_given(owners=[{"match": {"tag": {"team": "pay*"}}, "topic": TOPIC}]), True),
        (_given(owners=[{"match": {"organization_unit": "root/*", "region": "eu-*"}, "topic": TOPIC}]), True),
        (_given(owners=[{"match": {"account_id": "*"}}]), False),
        (_given(owners=[{"match": {}, "topic": TOPIC}]), False),
        (_given(owners=[{"match": {"tag": {}}, "topic": TOPIC}]), False),
        (_given(owners=[{"match": {"tag": {"team": "[a"}}, "topic": TOPIC}]), False),
        (_given(owners=[{"match": {"account_id": "*"}, "topic": TOPIC + ".fifo"}]), False),
        (_given(owners=[{"match": {"account_id": "*"}, "topic": "payments"}]), False),
        (_given(overrides=[{"match": {"account_id": "*"}, "owners": []}]), False),
        (_given(prices={"eu-west-1": {"date": "2026-11-30"}}), True),
        (_given(prices={"eu-west-1": {"date": "2026-13-01"}}), False),
        (_given(overrides=[{"match": {}}]), False),
        (_given(overrides=[{"intent": {}}]), False),
        (_given(overrides=[{"match": {"function": "[a"}}]), False),
        (_given(overrides=[{"match": {"account_id": 111122223333}}]), False),
        (_given(overrides=[{"match": {"region": "eu-*"}, "rules": {"x": {}}}]), False),
    ],
)
def test_the_words_of_draft_4_accept_and_refuse_the_same(document: dict[str, Any], *, is_valid: bool) -> None:
    """AppConfig must neither stop a good document nor deploy one that the functions refuse."""
    validator = jsonschema_rs.Draft4Validator(for_appconfig(CONFIG))

    assert jsonschema_rs.Draft7Validator(CONFIG).is_valid(document) is is_valid
    assert validator.is_valid(document) is is_valid


def test_the_validator_uses_no_word_that_draft_4_lacks() -> None:
    """An unknown word is no error there: it would check nothing."""
    later = {"const", "propertyNames", "if", "then", "else", "contains", "$id", "examples"}

    def words(schema: Any) -> set[str]:
        if not isinstance(schema, dict):
            return set()
        inner = [one for key in ("properties", "patternProperties") for one in schema.get(key, {}).values()]
        others = [schema.get("items"), schema.get("additionalProperties")]
        return set(schema).union(*(words(one) for one in [*inner, *others]))

    assert words(for_appconfig(CONFIG)) & later == set()


def test_the_stack_begins_with_a_valid_configuration_deployed_at_once() -> None:
    (version,) = resources("AWS::AppConfig::HostedConfigurationVersion").values()
    (deployment,) = resources("AWS::AppConfig::Deployment").values()
    (strategy,) = resources("AWS::AppConfig::DeploymentStrategy").values()
    judging = [
        load_template()["Resources"][name] for name in ("EvaluateChangeFunction", "SweepAccountFunction")
    ]

    assert load_configuration(json.loads(version["Content"])) == load_configuration()
    assert deployment["ConfigurationVersion"] == {"Ref": "InitialConfiguration"}
    assert (strategy["DeploymentDurationInMinutes"], strategy["FinalBakeTimeInMinutes"]) == (0, 0)
    assert {one["DependsOn"] for one in judging} == {"InitialConfigurationDeployment"}


def test_an_alarm_watches_every_metric_of_the_configuration() -> None:
    """And stays while nothing is counted: a refused document does not heal by silence."""
    counted = set(re.findall(r'name="(Configuration\w+)"', Path(report.__file__).read_text()))
    variables = load_template()["Globals"]["Function"]["Environment"]["Variables"]
    alarms = [
        alarm
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if alarm["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
        and alarm["Dimensions"] == [{"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]}]
        and alarm["TreatMissingData"] == "ignore"
    ]

    assert counted == {"ConfigurationRejected", "ConfigurationUnread"}
    assert {alarm["MetricName"] for alarm in alarms} == counted


def test_the_examples_of_the_documentation_are_accepted() -> None:
    examples = DOCUMENT.findall((ROOT / "docs" / "configuration.md").read_text())

    assert examples
    assert [fault for example in examples if (fault := _fault(example))] == []


def _fault(text: str) -> str | None:
    try:
        load_configuration(parse_yaml(text))
    except ConfigurationError as error:
        return str(error)
    return None


def test_the_documentation_names_every_key() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    keys = {*CONFIG["properties"]}
    for name in ("thresholds", "intent", "remediation"):
        keys |= {*CONFIG["properties"][name]["properties"]}
    keys |= {*CONFIG["properties"]["trusted_egress"]["items"]["properties"]}
    keys |= {*CONFIG["properties"]["rules"]["additionalProperties"]["properties"]}
    keys |= {*CONFIG["properties"]["prices"]["additionalProperties"]["properties"]}
    keys |= {*CONFIG["properties"]["overrides"]["items"]["properties"]["match"]["properties"]}

    assert sorted(key for key in keys if f"`{key}`" not in text) == []


def test_the_rules_that_can_be_configured_are_those_that_exist() -> None:
    folders = {
        f"{folder.parent.name}.{folder.name}" for folder in (POLICIES / "vpcguard" / "rules").glob("*/*/")
    }

    assert shipped_rule_ids() == folders
