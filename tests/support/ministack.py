"""The AWS stand-in with a little of an account in it: one network, functions, the two queues of changes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import botocore.session

from dev.networks import Builder, Home

ACCOUNT = "111122223333"  # of the events in events/
REGION = "eu-west-1"


@dataclass(frozen=True, slots=True)
class Account:
    """Clients of the stand-in at `url`."""

    url: str

    def client(self, service: str) -> Any:
        """Return a client that reads no profile and no environment."""
        session = botocore.session.Session()
        session.set_credentials("local", "local")
        return session.create_client(service, region_name=REGION, endpoint_url=self.url)

    def function(self, name: str, home: Home, tags: Mapping[str, str]) -> None:
        """Create a function, attached to all subnets of a network."""
        self.client("lambda").create_function(
            FunctionName=name,
            Role=f"arn:aws:iam::{ACCOUNT}:role/{name}-role",
            Runtime="python3.13",
            Handler="app.handler",
            Code={"ZipFile": _archive()},
            Tags=dict(tags),
            VpcConfig={"SubnetIds": list(home.subnets.values()), "SecurityGroupIds": [home.group]},
        )

    def network(self, name: str) -> Builder:
        """Create a VPC with an internet gateway and a subnet in each of three zones."""
        return Builder(self.client("ec2"), REGION, name, 1)

    def queue(self, name: str) -> str:
        """Create a queue and return its URL."""
        return str(self.client("sqs").create_queue(QueueName=name)["QueueUrl"])

    def received(self, queue_url: str) -> list[dict[str, Any]]:
        """Take all messages out of a queue that are visible now, attributes included."""
        sqs, found = self.client("sqs"), []
        while messages := sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            found += messages
        return found


def _archive() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", "")
    return archive.getvalue()
