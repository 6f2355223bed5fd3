"""What every function of template.yaml must have, whoever adds it; and what the code must have for it."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.template import load_template, resources, statements
from tests.unit.audit.fakes import Account, change, configuration, dependencies
from vpcguard.audit import changes, sweep
from vpcguard.audit.queues import QUEUE_CONFIG
from vpcguard.errors import OutOfTimeError
from vpcguard.findings.store import CLIENT_CONFIG
from vpcguard.policy import own
from vpcguard.snapshot import archive

ROOT = Path(__file__).parents[2]
FUNCTIONS = resources("AWS::Serverless::Function")
QUEUES = resources("AWS::SQS::Queue")
ALARMS = list(resources("AWS::CloudWatch::Alarm").values())
INVOCATION_METRICS = {"Errors", "Throttles", "Invocations"}
ASKED_DIRECTLY = {"ApiFunction"}  # whoever asks gets the answer, and asks again
OPA_SECONDS = 10  # the timeout of vpcguard.policy.Policy
LAMBDA_CALLS_PER_SECOND = 15
OUR_METRICS = "LambdaVpcGuard"
METRIC = re.compile(
    r"(Changes|Looks|Notices|OwnRules|RequestedAudits|Resources|Swept|Configuration|Exemptions|ExemptionFunctions)"
    r"([A-Z][a-z]+)+"
)
# counted, and no reason to wake anybody
HARMLESS = {
    "ChangesJudged",
    "ChangesIgnored",
    "ChangesPublished",
    "ChangesNotPublished",  # they are tried again, and how long they wait has an alarm
    "ChangesSetAside",  # their queue has one
    "NoticesSent",
    "NoticesGivenUp",  # they are in the same queue
    "NoticesWithoutOwner",  # whom to tell is for the configuration to say
    "ChangesDeadLettered",  # the queue has an alarm, which stays until somebody has looked
    "SweptFunctions",
    "SweptDeleted",
    "ExemptionsInForce",
    "ExemptionFunctionsChanged",
    "ResourcesLeftOut",  # a lasting oddity, not a fault that passes: the log names it
}


def test_handlers_and_functions_belong_together() -> None:
    """functions/*.py are handlers and nothing else; EvaluateChangeFunction is evaluate_change.handler."""
    files = {file.stem for file in (ROOT / "functions").glob("*.py")}

    assert {name: function["Handler"] for name, function in FUNCTIONS.items()} == {
        "".join(word.title() for word in stem.split("_")) + "Function": f"{stem}.handler" for stem in files
    }


@pytest.mark.parametrize(("name", "function"), FUNCTIONS.items(), ids=list(FUNCTIONS))
def test_functions_have_log_group_role_destination_and_alarms(name: str, function: Mapping[str, Any]) -> None:
    base = name.removesuffix("Function")
    log_group = resources("AWS::Logs::LogGroup")[f"{base}LogGroup"]

    assert function["LoggingConfig"]["LogGroup"] == {"Ref": f"{base}LogGroup"}
    assert log_group["LogGroupName"] == f"/aws/lambda/{function['FunctionName']}"
    assert "RetentionInDays" in log_group
    assert function["Role"] == {"Fn::GetAtt": [f"{base}Role", "Arn"]}
    if name not in ASKED_DIRECTLY:
        destination = function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"]
        assert destination["Fn::GetAtt"][0] in QUEUES
    assert {alarm["MetricName"] for alarm in _alarms_of("FunctionName", {"Ref": name})} == INVOCATION_METRICS


def test_queues_are_encrypted_and_every_dead_letter_queue_has_an_alarm() -> None:
    """A message nobody sees is a change nobody judged."""
    sources = {name for name, queue in QUEUES.items() if "RedrivePolicy" in queue}

    assert all(queue["SqsManagedSseEnabled"] is True for queue in QUEUES.values())
    for name in QUEUES:
        metrics = {
            alarm["MetricName"]
            for alarm in _alarms_of("QueueName", {"Fn::GetAtt": [name, "QueueName"]})
            if alarm["ComparisonOperator"] == "GreaterThanThreshold"
        }
        assert metrics == (
            {"ApproximateAgeOfOldestMessage"} if name in sources else {"ApproximateNumberOfMessagesVisible"}
        )


def test_messages_stay_hidden_for_as_long_as_they_may_be_worked_on() -> None:
    """AWS asks for six times the function's timeout, and the batch window on top.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    function = FUNCTIONS["EvaluateChangeFunction"]
    source = function["Events"]["Changes"]["Properties"]
    needed = 6 * function["Timeout"] + source["MaximumBatchingWindowInSeconds"]

    assert QUEUES["ChangeQueue"]["VisibilityTimeout"] >= needed
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["Queue"] == {"Fn::GetAtt": ["ChangeQueue", "Arn"]}


# killed while it reads the organization, one has kept nothing by halves, and begins anew; so does the one
# that applies exemptions, function by function; what is not published stays in the outbox
BEGIN_ANEW = {"ExpireExemptionsFunction", "PublishChangesFunction", "RefreshOrganizationFunction"}


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - BEGIN_ANEW - ASKED_DIRECTLY))
def test_a_function_is_never_ended_by_being_killed(name: str) -> None:
    """Whatever hangs: what is kept back is enough for all that is waited for then, to its last attempt."""
    opa, database, queue = OPA_SECONDS, _longest(CLIENT_CONFIG), _longest(QUEUE_CONFIG)
    kept = 2 * _longest(archive.CLIENT_CONFIG)  # a snapshot, and the configuration in force
    record = kept + 2 * database  # reading what is stored and writing
    kept_back, needed = {
        # a delayed look, a message put back, a dead letter, receipts brought back
        "EvaluateChangeFunction": (changes.FINISHING_SECONDS, opa + record + 4 * queue),
        "SweepAccountFunction": (sweep.FINISHING_SECONDS, opa + record),
        # and what became of it, and the next run
        "RunAuditFunction": (changes.FINISHING_SECONDS, opa + record + database + queue),
    }[name]

    assert opa <= changes.JUDGING_SECONDS
    # rules of one's own that hang: what was judged after them is not begun to be recorded, only put back
    assert kept_back >= opa + own.MOST_SECONDS + own.PATIENT_SECONDS + 4 * queue * ("Evaluate" in name)
    assert queue <= changes.CALL_SECONDS
    assert 2 * changes.CALL_SECONDS <= changes.LAST_CALLS_SECONDS
    assert kept_back >= needed
    assert (
        FUNCTIONS[name]["Timeout"]
        >= kept_back
        + {
            "EvaluateChangeFunction": changes.READING_SECONDS,
            "RunAuditFunction": sweep.STEP_SECONDS,
            "SweepAccountFunction": sweep.STEP_SECONDS,
        }[name]
    )


def _longest(config: Any) -> float:
    """Return how long a call may take: every attempt hangs, and botocore waits 1, 2, 4 s between them."""
    attempts = config.retries["total_max_attempts"]
    pauses = sum(2**attempt for attempt in range(attempts - 1))
    return float(attempts * (config.connect_timeout + config.read_timeout) + pauses)


def test_the_function_knows_after_how_many_receipts_the_queue_gives_up() -> None:
    """With a lower number it gives up early, with a higher one the reason is lost."""
    variables = FUNCTIONS["EvaluateChangeFunction"]["Environment"]["Variables"]
    redrive = QUEUES["ChangeQueue"]["RedrivePolicy"]

    assert redrive["maxReceiveCount"] == variables["MAX_RECEIVES"]
    assert redrive["deadLetterTargetArn"]["Fn::GetAtt"][0] == variables["DEAD_LETTER_QUEUE_URL"]["Ref"]


def test_an_audit_on_request_may_take_all_the_time_its_function_has() -> None:
    function, queue = FUNCTIONS["RunAuditFunction"], QUEUES["AuditQueue"]

    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    assert function["Events"]["Requests"]["Properties"]["BatchSize"] == 1


def test_every_rule_delivers_to_the_queue_and_keeps_what_it_cannot_deliver() -> None:
    for rule in resources("AWS::Events::Rule").values():
        (target,) = rule["Targets"]
        assert target["Arn"] == {"Fn::GetAtt": ["ChangeQueue", "Arn"]}
        assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["UndeliveredEventQueue", "Arn"]}


def test_every_rule_may_send_to_both_queues() -> None:
    """A rule without permission fails in silence: its dead letters could not be delivered either."""
    (policy,) = resources("AWS::SQS::QueuePolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert policy["Queues"] == [{"Ref": "ChangeQueue"}, {"Ref": "UndeliveredEventQueue"}]
    assert statement["Resource"] == [{"Fn::GetAtt": [queue["Ref"], "Arn"]} for queue in policy["Queues"]]
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == [
        {"Fn::GetAtt": [rule, "Arn"]} for rule in resources("AWS::Events::Rule")
    ]


def test_other_accounts_are_read_only_inside_the_organization() -> None:
    """A role of that name in a stranger's account must not be able to feed us facts."""
    for role in ("EvaluateChangeRole", "RunAuditRole", "SweepAccountRole"):
        (assume,) = (one for one in statements(role) if one["Action"] == "sts:AssumeRole")
        assert assume["Condition"] == {"StringEquals": {"aws:ResourceOrgID": {"Ref": "OrganizationId"}}}


def test_the_organization_is_read_by_the_one_role_that_is_named() -> None:
    (assume,) = (one for one in statements("RefreshOrganizationRole") if one["Action"] == "sts:AssumeRole")

    assert assume["Resource"] == {"Ref": "OrganizationRoleArn"}


def test_no_arn_names_a_partition() -> None:
    """China and GovCloud have their own: arn:aws: would be refused there."""
    text = (ROOT / "template.yaml").read_text()

    assert re.findall(r'arn:aws[a-z-]*:[^"\[]*', re.sub(r"\^arn:aws\[a-z-\]\*:(sns|iam)", "", text)) == []


def test_the_extension_runs_on_the_functions_own_interpreter() -> None:
    """It has no other: the layer brings none."""
    first_line = (ROOT / "extension" / "vpcguard_opa.py").read_text().splitlines()[0]
    runtime = load_template()["Globals"]["Function"]["Runtime"]
    makefile = (ROOT / "functions" / "Makefile").read_text()

    assert first_line == f"#!/var/lang/bin/{runtime} -IS"
    assert f"PYTHON_VERSION := {runtime.removeprefix('python')}\n" in makefile
    assert {
        tuple(layer["CompatibleRuntimes"]) for layer in resources("AWS::Serverless::LayerVersion").values()
    } == {(runtime,)}


def test_a_full_batch_fits_into_the_time_it_has() -> None:
    """A hundred functions as Lambda's calls are paced; at other paces what does not fit is put back."""
    parameters = load_template()["Parameters"]
    function = FUNCTIONS["EvaluateChangeFunction"]
    calls = function["Events"]["Changes"]["Properties"]["BatchSize"] * changes.CALLS_OF_A_FUNCTION
    seconds = function["Timeout"] - changes.FINISHING_SECONDS

    assert calls / parameters["LambdaCallsPerSecond"]["Default"] <= seconds


def test_what_is_put_back_is_no_loop_to_lambda() -> None:
    """Lambda ends a queue that feeds itself after some sixteen rounds, and loses what was in it.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
    """
    assert FUNCTIONS["EvaluateChangeFunction"]["RecursiveLoop"] == "Allow"


def test_all_that_runs_at_once_stays_within_lambdas_own_rate() -> None:
    """Batches and a sweep pace themselves alone; the customer's deployments are in the same bucket.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests
    """
    parameters = load_template()["Parameters"]
    at_once = parameters["MaximumConcurrency"]["Default"] + 1  # and a sweep

    assert at_once * parameters["LambdaCallsPerSecond"]["Default"] <= LAMBDA_CALLS_PER_SECOND
    assert at_once * parameters["LambdaBurst"]["Default"] <= LAMBDA_CALLS_PER_SECOND


@pytest.mark.parametrize("vpcs", [1, 2, 4])
def test_at_the_default_pace_a_full_batch_is_begun_as_a_whole(vpcs: int) -> None:
    """However many VPCs it is about, and although some moments have passed since the batch was received."""
    function = FUNCTIONS["EvaluateChangeFunction"]
    names = [f"f{number:03}" for number in range(function["Events"]["Changes"]["Properties"]["BatchSize"])]
    deps = dependencies(Account({name: configuration(name) for name in names}))
    until = time.monotonic() + function["Timeout"] - changes.FINISHING_SECONDS - 0.1

    handled, _ = changes.audit_changes(
        [change(name, vpc_id=f"vpc-{number % vpcs}") for number, name in enumerate(names)],
        deps=deps,
        until=until,
    )

    assert [one.error for one in handled] == [None] * len(names)


@pytest.mark.parametrize("bound", ["MinValue", "Default", "MaxValue"])
def test_at_every_pace_a_batch_does_what_it_has_time_for(bound: str) -> None:
    """The pace decides how much is begun; what is begun can be read before the time is over."""
    rate = load_template()["Parameters"]["LambdaCallsPerSecond"][bound]
    function = FUNCTIONS["EvaluateChangeFunction"]
    seconds = function["Timeout"] - changes.FINISHING_SECONDS
    names = [f"f{number:03}" for number in range(function["Events"]["Changes"]["Properties"]["BatchSize"])]
    account = Account({name: configuration(name) for name in names})
    deps = replace(dependencies(account), lambda_calls_per_second=rate)

    handled, _ = changes.audit_changes(
        [change(name) for name in names], deps=deps, until=time.monotonic() + seconds
    )

    begun = sum(one.error is None for one in handled)
    assert begun == sum(len(scope.function_names) for scope, _ in account.asked)
    assert 0 < begun * changes.CALLS_OF_A_FUNCTION / rate <= seconds
    assert all(isinstance(one.error, OutOfTimeError | None) for one in handled)


def test_what_the_api_answers_as_its_own_fault_has_an_alarm() -> None:
    """It is answered, not raised, so that Lambda's own Errors stay at zero where every request fails."""
    ((name, api),) = resources("AWS::Serverless::Api").items()

    (alarm,) = (one for one in ALARMS if one["Namespace"] == "AWS/ApiGateway")
    dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    assert (alarm["MetricName"], name) == ("5XXError", "Api")
    assert dimensions == {"ApiName": api["Name"], "Stage": api["StageName"]}


def test_every_metric_of_trouble_has_an_alarm_and_every_alarm_a_metric() -> None:
    """A failed batch is answered, not raised, so that Lambda's own Errors stay at zero when OPA is dead."""
    watched = [alarm for alarm in ALARMS if alarm["Namespace"] == OUR_METRICS]
    variables = load_template()["Globals"]["Function"]["Environment"]["Variables"]

    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == OUR_METRICS
    assert {alarm["MetricName"] for alarm in watched} == _counted() - HARMLESS
    assert HARMLESS - _counted() == set()
    for alarm in watched:
        assert alarm["Dimensions"] == [
            {"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]},
        ]


def _counted() -> set[str]:
    """Return the names of metrics that stand in the code."""
    sources = [*(ROOT / "functions").glob("*.py"), *(ROOT / "functions" / "vpcguard" / "audit").glob("*.py")]
    return {
        node.value
        for source in sources
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and METRIC.fullmatch(node.value)
    }


def _alarms_of(dimension: str, value: object) -> list[Mapping[str, Any]]:
    return [alarm for alarm in ALARMS if {"Name": dimension, "Value": value} in alarm["Dimensions"]]
