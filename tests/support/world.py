"""What stands around a function of template.yaml: an account with one function in it, and the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.ministack import ACCOUNT, REGION, Account
from tests.support.template import load_template, resources
from vpcguard.findings.store import FindingStore

TABLE = "vpcguard-findings"
SNAPSHOTS = "vpcguard-snapshots"
FUNCTION = "orders-api"  # of events/CreateFunction20150331.terraform.json


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The stand-in's account, DynamoDB Local's URL, an empty table and the queues' URLs.

    configuration: APPCONFIG_... of a configuration that is deployed there.
    """

    account: Account
    database: str
    store: FindingStore
    queue: str
    dead_letters: str
    configuration: Mapping[str, str]

    def environment(self, function: str) -> dict[str, str]:
        """Return the variables that template.yaml gives a function, with the values that hold here.

        No audit role: the stand-in would let us assume it in any account, and answer as if it were ours.
        """
        variables = {
            **load_template()["Globals"]["Function"]["Environment"]["Variables"],
            **resources("AWS::Serverless::Function")[function].get("Environment", {}).get("Variables", {}),
        }
        return {
            **{
                name: self._resolved(value)
                for name, value in variables.items()
                if name not in self.configuration
            },
            **self.configuration,
            "AUDIT_ROLE_NAME": "",
            "EXTERNAL_ID": "",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.account.url,
            "AWS_ENDPOINT_URL_DYNAMODB": self.database,
        }

    def open_rules(self) -> set[str]:
        """Return the rules with an open finding about the function."""
        page = self.store.list_by_function(ACCOUNT, REGION, FUNCTION)
        return {finding.rule_id for finding in page.items if finding.status == "open"}

    def _resolved(self, value: Any) -> str:
        if not isinstance(value, Mapping):
            return str(value)
        here = {
            "FindingsTable": TABLE,
            "SnapshotBucket": SNAPSHOTS,
            "ChangeQueue": self.queue,
            "ChangeDeadLetterQueue": self.dead_letters,
            "AuditQueue": self.account.queue("vpcguard-audits"),
            "AWS::AccountId": ACCOUNT,
        }
        name = value["Ref"]
        return here[name] if name in here else str(load_template()["Parameters"][name]["Default"])
