"""The process's environment as one checked object; the only reader of os.environ.

Read once per cold start. An empty variable counts as unset, because CloudFormation writes unset
parameters that way.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from vpcguard.errors import ConfigurationError

_TABLE_NAME = (re.compile(r"[A-Za-z0-9_.-]{3,255}"), "a DynamoDB table name")
_BUS_NAME = (re.compile(r"[A-Za-z0-9/._-]{1,256}"), "the name of an event bus")
_BUCKET_NAME = (re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"), "the name of an S3 bucket")
_ACCOUNT_ID = (re.compile(r"\d{12}"), "an account id of 12 digits")
_ROLE_NAME = (re.compile(r"[\w+=,.@/-]{1,512}", re.ASCII), "an IAM role name, with its path if it has one")
_APPCONFIG_IDENTIFIER = (re.compile(r"\S(.{0,126}\S)?"), "an AppConfig id or name of 1 to 128 characters")
_ORGANIZATION_ID = (re.compile(r"o-[a-z0-9]{10,32}"), "the id of an AWS organization")
_ROLE_ARN = (
    re.compile(r"arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]{1,512}", re.ASCII),
    "the ARN of an IAM role",
)
_SECRET_ARN = (
    re.compile(r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]{1,519}", re.ASCII),
    "the ARN of a secret of Secrets Manager",
)
_EXTERNAL_ID = (re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII), "an STS external id of 2 to 1224 characters")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppConfigProfile:
    """Where AWS AppConfig keeps the override document; ids or names.

    APPCONFIG_APPLICATION, APPCONFIG_ENVIRONMENT, APPCONFIG_PROFILE: all of them, or none.
    """

    application: str
    environment: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says; None: not set.

    table_name: findings table (TABLE_NAME). queue_url: queue for delayed looks (QUEUE_URL).
    dead_letter_queue_url: where a change that cannot be judged, or published, ends with its reason
    (DEAD_LETTER_QUEUE_URL). max_receives: after how many receipts SQS gives a message up (MAX_RECEIVES).
    event_bus_name: where changes of findings are published (EVENT_BUS_NAME).
    notice_window_minutes: how long one message to an owner gathers (NOTICE_WINDOW_MINUTES).
    snapshot_bucket: where the snapshots that verdicts rest on are kept (SNAPSHOT_BUCKET); snapshot_folder:
    the same on one machine (SNAPSHOT_FOLDER); neither: they are not kept.
    account_id: the account this process runs in (ACCOUNT_ID), which spares an STS call.
    audit_role_name, external_id: role assumed in other accounts (AUDIT_ROLE_NAME, EXTERNAL_ID).
    organization_id: the organization of this installation (ORGANIZATION_ID); None: it has none.
    organization_role_arn: the role that may read it, in its management account (ORGANIZATION_ROLE_ARN).
    opa_url: where OPA answers (OPA_URL). opa_path: the opa binary to start (OPA_PATH).
    own_rules: the file that names the rules of one's own in OPA's bundle, which may be missing (OWN_RULES).
    configuration_file: override document (CONFIGURATION_FILE). appconfig: the same in AWS AppConfig; one
    of both at most, since neither could say which wins.
    cursor_secret_arn: the secret that signs the API's cursors (CURSOR_SECRET_ARN).
    lambda_calls_per_second, lambda_burst: our share of Lambda's control-plane bucket of one account
    and region (LAMBDA_CONTROL_PLANE_RPS, LAMBDA_CONTROL_PLANE_BURST). The burst by default is that of one
    process alone, as the command line is; template.yaml gives each function less.
    """

    table_name: str | None = None
    queue_url: str | None = None
    dead_letter_queue_url: str | None = None
    event_bus_name: str | None = None
    snapshot_bucket: str | None = None
    snapshot_folder: Path | None = None
    job_queue_url: str | None = None
    notice_window_minutes: float = 10.0
    max_receives: int = 5
    account_id: str | None = None
    audit_role_name: str | None = None
    external_id: str | None = None
    organization_id: str | None = None
    organization_role_arn: str | None = None
    opa_url: str = "http://127.0.0.1:8181"
    opa_path: Path | None = None
    own_rules: Path = Path("/opt/opa/own_rules.json")  # where the layer has it: extension/Makefile
    configuration_file: Path | None = None
    appconfig: AppConfigProfile | None = None
    cursor_secret_arn: str | None = None
    lambda_calls_per_second: float = 5.0
    lambda_burst: int = 30


def load_settings(
    environment: Mapping[str, str] | None = None, *, requires: tuple[str, ...] = ()
) -> Settings:
    """Read and check the environment; raises ConfigurationError that names the variable and what it must be.

    requires: variables that this process cannot do without, e.g. ("TABLE_NAME",).
    """
    read = _Reader(os.environ if environment is None else environment)
    for variable in requires:
        if read.text(variable) is None:
            raise ConfigurationError(f"{variable} is not set; this process needs it")
    settings = Settings(
        table_name=read.matching("TABLE_NAME", _TABLE_NAME),
        queue_url=read.url("QUEUE_URL"),
        dead_letter_queue_url=read.url("DEAD_LETTER_QUEUE_URL"),
        event_bus_name=read.matching("EVENT_BUS_NAME", _BUS_NAME),
        snapshot_bucket=read.matching("SNAPSHOT_BUCKET", _BUCKET_NAME),
        snapshot_folder=None if (folder := read.text("SNAPSHOT_FOLDER")) is None else Path(folder),
        job_queue_url=read.url("JOB_QUEUE_URL"),
        notice_window_minutes=read.number("NOTICE_WINDOW_MINUTES", Settings().notice_window_minutes),
        max_receives=int(read.number("MAX_RECEIVES", Settings().max_receives, whole=True)),
        account_id=read.matching("ACCOUNT_ID", _ACCOUNT_ID),
        audit_role_name=read.matching("AUDIT_ROLE_NAME", _ROLE_NAME),
        external_id=read.matching("EXTERNAL_ID", _EXTERNAL_ID),
        organization_id=read.matching("ORGANIZATION_ID", _ORGANIZATION_ID),
        organization_role_arn=read.matching("ORGANIZATION_ROLE_ARN", _ROLE_ARN),
        opa_url=read.url("OPA_URL") or Settings().opa_url,
        opa_path=read.file("OPA_PATH"),
        own_rules=read.file("OWN_RULES") or Settings().own_rules,
        configuration_file=read.file("CONFIGURATION_FILE"),
        appconfig=_appconfig(read),
        cursor_secret_arn=read.matching("CURSOR_SECRET_ARN", _SECRET_ARN),
        lambda_calls_per_second=read.number("LAMBDA_CONTROL_PLANE_RPS", Settings().lambda_calls_per_second),
        lambda_burst=int(read.number("LAMBDA_CONTROL_PLANE_BURST", Settings().lambda_burst, whole=True)),
    )
    if settings.external_id and not settings.audit_role_name:
        raise ConfigurationError("EXTERNAL_ID is set without AUDIT_ROLE_NAME, the role it would be used for")
    if settings.appconfig and settings.configuration_file:
        raise ConfigurationError("CONFIGURATION_FILE and APPCONFIG_APPLICATION are both set; one must go")
    return settings


def runs_in_lambda(environment: Mapping[str, str] | None = None) -> bool:
    """True in Lambda's runtime, where INIT is the time to build what every invocation needs.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """
    return "AWS_LAMBDA_RUNTIME_API" in (os.environ if environment is None else environment)


def has_dumb_terminal(environment: Mapping[str, str] | None = None) -> bool:
    """True where the terminal can only print lines, such as an editor's."""
    return (os.environ if environment is None else environment).get("TERM") == "dumb"


def _appconfig(read: _Reader) -> AppConfigProfile | None:
    application = read.matching("APPCONFIG_APPLICATION", _APPCONFIG_IDENTIFIER)
    environment = read.matching("APPCONFIG_ENVIRONMENT", _APPCONFIG_IDENTIFIER)
    profile = read.matching("APPCONFIG_PROFILE", _APPCONFIG_IDENTIFIER)
    if application and environment and profile:
        return AppConfigProfile(application=application, environment=environment, profile=profile)
    if application or environment or profile:
        raise ConfigurationError(
            "APPCONFIG_APPLICATION, APPCONFIG_ENVIRONMENT and APPCONFIG_PROFILE belong together: "
            "not all of them are set"
        )
    return None


class _Reader:
    """Single variables of one environment, each checked for its kind."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, variable: str) -> str | None:
        return self._environment.get(variable, "").strip() or None

    def matching(self, variable: str, rule: tuple[re.Pattern[str], str]) -> str | None:
        pattern, expectation = rule
        value = self.text(variable)
        if value is not None and not pattern.fullmatch(value):
            raise _unexpected(variable, value, expectation)
        return value

    def url(self, variable: str) -> str | None:
        value = self.text(variable)
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:  # a port that is no number, an unclosed bracket
            valid = False
        if not valid:
            raise _unexpected(variable, value, "a URL that begins with http:// or https://")
        return value.rstrip("/")

    def file(self, variable: str) -> Path | None:
        value = self.text(variable)
        if value is None:
            return None
        path = Path(value)
        if not path.is_file():
            raise _unexpected(variable, value, "the path of a file that exists")
        return path

    def number(self, variable: str, default: float, *, whole: bool = False) -> float:
        value = self.text(variable)
        if value is None:
            return default
        kind = "whole number" if whole else "number"
        try:
            number = float(int(value) if whole else float(value))
        except ValueError:
            number = 0.0
        if not 0 < number < float("inf"):
            raise _unexpected(variable, value, f"a {kind} above 0")
        return number


def _unexpected(variable: str, value: str, expectation: str) -> ConfigurationError:
    return ConfigurationError(f"{variable} must be {expectation}, not {value[:80]!r}")
