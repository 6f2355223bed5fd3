"""The API of template.yaml on the AWS stand-in, which enforces IAM: gateway, function, roles and policies.

MiniStack's CloudFormation does not know SAM, so what the template says is created by calls, all of it taken
from the template: the paths and their authorization, the function's role, the policies of its callers.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sysconfig
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import botocore.session
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.dynamodb import create_findings_table
from tests.support.ministack import ACCOUNT, REGION
from tests.support.template import load_template, resolved, resources

ROOT = Path(__file__).parents[2]
# what of the layer the function imports and the stand-in's own Python lacks
_LAYER = (
    *("aws_lambda_powertools", "annotated_types", "itsdangerous", "jsonschema_rs", "pydantic"),
    *("pydantic_core", "pynamodb", "typing_extensions.py", "typing_inspection"),
)
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@dataclass
class DeployedApi:
    """The API at `url`, made by the account's root. names: what the template's references stand for."""

    url: str
    names: dict[str, str] = field(default_factory=dict)
    callers: dict[str, Credentials] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return a client of the account's root."""
        session = botocore.session.Session()
        session.set_credentials(ACCOUNT, "root")
        return session.create_client(service, region_name=REGION, endpoint_url=self.url)

    def deploy(self, scratch: Path) -> None:
        """Create all that the function needs, the function, and the gateway in front of it."""
        name = "vpcguard-findings"
        create_findings_table(self.client("dynamodb"), name)
        secret = self.client("secretsmanager").create_secret(Name="vpcguard-cursors", SecretString="k" * 64)
        queue = str(self.client("sqs").create_queue(QueueName="vpcguard-audits")["QueueUrl"])
        self.names |= {
            "AWS::Region": REGION,
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "FindingsTable": name,
            "FindingsTable.Arn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}",
            "CursorSecret": secret["ARN"],
            "AuditQueue": queue,
            "AuditQueue.Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:vpcguard-audits",
            "ApiLogGroup.Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/vpcguard-api:*",
        }
        self._function(scratch)
        self._gateway()

    def _function(self, scratch: Path) -> None:
        iam, properties = self.client("iam"), resources("AWS::IAM::Role")["ApiRole"]
        role = iam.create_role(RoleName="vpcguard-api", AssumeRolePolicyDocument=json.dumps(_TRUST))["Role"]
        for policy in properties["Policies"]:
            document = json.dumps(resolved(policy["PolicyDocument"], self.names))
            iam.put_role_policy(RoleName="vpcguard-api", PolicyName="vpcguard", PolicyDocument=document)
        function = resources("AWS::Serverless::Function")["ApiFunction"]
        variables = {
            **function["Environment"]["Variables"],
            "TABLE_NAME": load_template()["Globals"]["Function"]["Environment"]["Variables"]["TABLE_NAME"],
        }
        self.client("lambda").create_function(
            FunctionName=function["FunctionName"],
            Role=role["Arn"],
            Runtime="python3.13",
            Handler=function["Handler"],
            Timeout=function["Timeout"],
            Code={"ZipFile": _package(scratch)},
            Environment={
                "Variables": resolved(variables, self.names)
                | {"AWS_ENDPOINT_URL": self.url, "POWERTOOLS_TRACE_DISABLED": "1"}
            },
        )

    def _gateway(self) -> None:
        function = resources("AWS::Serverless::Function")["ApiFunction"]
        api = resources("AWS::Serverless::Api")["Api"]
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function['FunctionName']}"
        integration = {
            "type": "AWS_PROXY",
            "integrationHttpMethod": "POST",
            "uri": f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations",
        }
        gateway = self.client("apigateway")
        api_id = gateway.create_rest_api(name=api["Name"])["id"]
        made = {"": gateway.get_resources(restApiId=api_id)["items"][0]["id"]}
        for event in function["Events"].values():
            path, method = event["Properties"]["Path"], event["Properties"]["Method"]
            parts = path.split("/")
            for end in range(2, len(parts) + 1):
                parent, here = "/".join(parts[: end - 1]), "/".join(parts[:end])
                if here not in made:
                    made[here] = gateway.create_resource(
                        restApiId=api_id, parentId=made[parent], pathPart=parts[end - 1]
                    )["id"]
            place = {"restApiId": api_id, "resourceId": made[path], "httpMethod": method}
            gateway.put_method(**place, authorizationType=api["Auth"]["DefaultAuthorizer"])
            gateway.put_integration(**place, **integration)
        gateway.create_deployment(restApiId=api_id, stageName=api["StageName"])
        self.names["Api"] = api_id
        self.client("lambda").add_permission(
            FunctionName=function["FunctionName"],
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        )

    def add_caller(self, name: str, policy: Mapping[str, Any]) -> None:
        """Create a user with one policy, whose references are resolved."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(
            UserName=name, PolicyName="api", PolicyDocument=json.dumps(resolved(policy, self.names))
        )
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self.callers[name] = Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def ask(
        self,
        caller: str | None,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> tuple[int, Any]:
        """Send a signed request and return status and JSON; caller None: it is not signed."""
        url = f"{self.url}/restapis/{self.names['Api']}/v1/_user_request_{path}"
        url += f"?{urlencode(query)}" if query else ""
        sent = {**(headers or {}), **({"content-type": "application/json"} if body is not None else {})}
        request = AWSRequest(method, url, data=None if body is None else json.dumps(body), headers=sent)
        if caller is not None:
            SigV4Auth(self.callers[caller], "execute-api", REGION).add_auth(request)
        prepared: Any = request.prepare()
        answer = urllib3.request(
            prepared.method,
            prepared.url,
            body=prepared.body,
            headers=dict(prepared.headers.items()),
            timeout=60,
            retries=False,
        )
        return answer.status, json.loads(answer.data or b"null")


def _package(scratch: Path) -> bytes:
    """Return the function as `sam build` makes it, with its layer inside: the stand-in has no layers."""
    subprocess.run(
        ["make", "--silent", "--makefile", ROOT / "functions" / "Makefile", "build-ApiFunction"],
        cwd=ROOT / "functions",
        env={**os.environ, "ARTIFACTS_DIR": str(scratch)},
        check=True,
    )
    installed, packed = Path(sysconfig.get_path("purelib")), io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for root, parts in ((scratch, ("",)), (installed, _LAYER)):
            for part in parts:
                top = root / part
                for file in [top] if top.is_file() else sorted(top.rglob("*")):
                    if file.is_file() and "__pycache__" not in file.parts:
                        archive.write(file, file.relative_to(root))
    return packed.getvalue()
