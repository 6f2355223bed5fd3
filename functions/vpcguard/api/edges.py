"""What the routes need from outside, handed in by Powertools' Depends: tests and `serve` override it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any

import botocore.session
from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.event_handler.depends import Depends

from vpcguard.api.cursors import LEAST_KEY_BYTES, Cursors
from vpcguard.api.problems import ApiError
from vpcguard.audit.queues import QUEUE_CONFIG, JobQueue
from vpcguard.clock import Clock, system_clock
from vpcguard.findings.search import FindingSearch
from vpcguard.findings.store import CLIENT_CONFIG
from vpcguard.policy.schemas import find_policies
from vpcguard.settings import Settings

CATALOGUE = "rules.json"  # beside the policies of the API's function: functions/Makefile


@cache
def known_rules() -> Sequence[Mapping[str, Any]]:
    """Return every rule as it is shipped, by id; raises ConfigurationError where one cannot be read."""
    shipped = find_policies() / CATALOGUE
    if shipped.is_file():
        found: Sequence[Mapping[str, Any]] = json.loads(shipped.read_text("utf-8"))
        return found
    from vpcguard.policy.catalogue import shipped_rules  # noqa: PLC0415  Lambda has no PyYAML

    return [json.loads(json.dumps(rule.as_document())) for rule in shipped_rules()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The edges of the API.

    findings: the findings table. send_job: has a job begun, by its id; None: nobody works on jobs here.
    """

    findings: FindingSearch
    cursors: Cursors
    rules: Callable[[], Sequence[Mapping[str, Any]]] = known_rules
    send_job: Callable[[str], None] | None = None
    clock: Clock = system_clock


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls: the ARN of a user or of a role's session, as API Gateway verified it, and its account."""

    arn: str
    account_id: str | None = None


ACTIONS = ("secretsmanager:GetSecretValue", "sqs:SendMessage")


def build_service(settings: Settings, *, session: botocore.session.Session | None = None) -> Service:
    """Return the real edges.

    settings.cursor_secret_arn: what signs cursors, read once, so that every process of the function takes
    the cursors of the others; None: a key of this process alone.
    """
    session = session or botocore.session.Session()
    table = session.create_client("dynamodb", config=CLIENT_CONFIG)
    key = secrets.token_bytes(LEAST_KEY_BYTES)
    if settings.cursor_secret_arn is not None:
        store: Any = session.create_client("secretsmanager")
        key = store.get_secret_value(SecretId=settings.cursor_secret_arn)["SecretString"].encode()
    send_job = None
    if settings.job_queue_url is not None:
        sqs = session.create_client("sqs", config=QUEUE_CONFIG)
        send_job = JobQueue(sqs, settings.job_queue_url).send
    findings = FindingSearch(table, settings.table_name or "")
    return Service(findings=findings, cursors=Cursors(key), send_job=send_job)


def get_service() -> Service:
    """Return the edges; `app.mount` says which ones."""
    raise RuntimeError("the routes are mounted without a service")


def identify(request: Request) -> Identity:
    """Return who calls, as API Gateway's IAM authorization says; 403 where nobody was verified.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
    """
    context = request.resolved_event.get("requestContext") or {}
    identity = context.get("identity") or {}
    arn, account_id = identity.get("userArn"), identity.get("accountId")
    if not isinstance(arn, str) or not arn:
        raise ApiError(HTTPStatus.FORBIDDEN, "the caller is not known")
    return Identity(arn, account_id if isinstance(account_id, str) else None)


Edges = Annotated[Service, Depends(get_service)]
Caller = Annotated[Identity, Depends(identify)]
