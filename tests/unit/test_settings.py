"""The environment becomes one checked object, or an error that says which variable and what it must be."""

from __future__ import annotations

from pathlib import Path

import pytest

from vpcguard.errors import ConfigurationError
from vpcguard.settings import AppConfigProfile, Settings, load_settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert load_settings({}) == Settings(
        opa_url="http://127.0.0.1:8181", lambda_calls_per_second=5.0, lambda_burst=30
    )


def test_every_variable_is_read(tmp_path: Path) -> None:
    document, binary = tmp_path / "config.yaml", tmp_path / "opa"
    document.touch()
    binary.touch()
    environment = {
        "TABLE_NAME": "vpcguard-findings",
        "QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/looks",
        "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/dead",
        "EVENT_BUS_NAME": "vpcguard-findings",
        "SNAPSHOT_BUCKET": "vpcguard-snapshots",
        "SNAPSHOT_FOLDER": str(tmp_path / "snapshots"),
        "NOTICE_WINDOW_MINUTES": "2.5",
        "MAX_RECEIVES": "7",
        "ACCOUNT_ID": "111122223333",
        "AUDIT_ROLE_NAME": "security/vpcguard-audit",
        "EXTERNAL_ID": "org-1",
        "OPA_URL": "http://127.0.0.1:9000/",
        "OPA_PATH": str(binary),
        "CONFIGURATION_FILE": str(document),
        "LAMBDA_CONTROL_PLANE_RPS": "2.5",
        "LAMBDA_CONTROL_PLANE_BURST": "10",
    }

    assert load_settings(environment) == Settings(
        table_name="vpcguard-findings",
        queue_url="https://sqs.eu-west-1.amazonaws.com/111122223333/looks",
        dead_letter_queue_url="https://sqs.eu-west-1.amazonaws.com/111122223333/dead",
        event_bus_name="vpcguard-findings",
        snapshot_bucket="vpcguard-snapshots",
        snapshot_folder=tmp_path / "snapshots",
        notice_window_minutes=2.5,
        max_receives=7,
        account_id="111122223333",
        audit_role_name="security/vpcguard-audit",
        external_id="org-1",
        opa_url="http://127.0.0.1:9000",
        opa_path=binary,
        configuration_file=document,
        lambda_calls_per_second=2.5,
        lambda_burst=10,
    )


def test_an_empty_variable_counts_as_unset() -> None:
    """CloudFormation writes a parameter without a value as an empty variable."""
    assert load_settings({"AUDIT_ROLE_NAME": "", "OPA_URL": " "}) == Settings()


APPCONFIG = {
    "APPCONFIG_APPLICATION": "app1234",
    "APPCONFIG_ENVIRONMENT": "hub",
    "APPCONFIG_PROFILE": "overrides",
}


def test_the_configuration_is_looked_for_where_the_variables_say() -> None:
    assert load_settings(APPCONFIG) == Settings(
        appconfig=AppConfigProfile(application="app1234", environment="hub", profile="overrides")
    )


@pytest.mark.parametrize("missing", APPCONFIG)
def test_a_place_in_part_is_refused(missing: str) -> None:
    """Read as "no configuration", it would let the defaults judge in silence."""
    with pytest.raises(ConfigurationError, match=r"belong together: not all of them are set$"):
        load_settings({**APPCONFIG, missing: ""})


def test_two_places_for_one_configuration_are_refused(tmp_path: Path) -> None:
    document = tmp_path / "config.yaml"
    document.touch()

    with pytest.raises(ConfigurationError, match="are both set; one must go"):
        load_settings({**APPCONFIG, "CONFIGURATION_FILE": str(document)})


@pytest.mark.parametrize(
    ("variable", "value", "expectation"),
    [
        ("TABLE_NAME", "a b", "a DynamoDB table name"),
        ("QUEUE_URL", "looks", "a URL that begins with http:// or https://"),
        ("OPA_URL", "http://127.0.0.1:port", "a URL that begins with http:// or https://"),
        ("OPA_URL", "http://[::1", "a URL that begins with http:// or https://"),
        ("ACCOUNT_ID", "12345", "an account id of 12 digits"),
        ("AUDIT_ROLE_NAME", "a role", "an IAM role name, with its path if it has one"),
        ("CONFIGURATION_FILE", "/no/such/file", "the path of a file that exists"),
        ("LAMBDA_CONTROL_PLANE_RPS", "fast", "a number above 0"),
        ("LAMBDA_CONTROL_PLANE_RPS", "nan", "a number above 0"),
        ("LAMBDA_CONTROL_PLANE_RPS", "inf", "a number above 0"),
        ("LAMBDA_CONTROL_PLANE_RPS", "0", "a number above 0"),
        ("LAMBDA_CONTROL_PLANE_BURST", "2.5", "a whole number above 0"),
    ],
)
def test_a_bad_value_names_the_variable_and_what_it_must_be(
    variable: str, value: str, expectation: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({variable: value})

    assert str(caught.value) == f"{variable} must be {expectation}, not {value!r}"


def test_a_process_names_what_it_cannot_do_without() -> None:
    with pytest.raises(ConfigurationError, match=r"^TABLE_NAME is not set; this process needs it$"):
        load_settings({}, requires=("TABLE_NAME",))


def test_an_external_id_without_a_role_is_refused() -> None:
    """It would be ignored in silence."""
    with pytest.raises(ConfigurationError, match="EXTERNAL_ID is set without AUDIT_ROLE_NAME"):
        load_settings({"EXTERNAL_ID": "org-1"})
