"""A configuration deployed in the stand-in's AppConfig, as template.yaml and an operator do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.support.ministack import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """One profile; client: of the control plane."""

    client: Any
    application: str
    environment: str
    profile: str
    strategy: str

    def deploy(self, content: bytes) -> None:
        """Make a version of the content and deploy it at once."""
        version = self.client.create_hosted_configuration_version(
            ApplicationId=self.application,
            ConfigurationProfileId=self.profile,
            Content=content,
            ContentType="application/json",
        )
        self.client.start_deployment(
            ApplicationId=self.application,
            EnvironmentId=self.environment,
            ConfigurationProfileId=self.profile,
            ConfigurationVersion=str(version["VersionNumber"]),
            DeploymentStrategyId=self.strategy,
        )

    def variables(self) -> dict[str, str]:
        """Return the variables that lead a function here."""
        return {
            "APPCONFIG_APPLICATION": self.application,
            "APPCONFIG_ENVIRONMENT": self.environment,
            "APPCONFIG_PROFILE": self.profile,
        }


def deployed(account: Account, content: bytes | None) -> Deployed:
    """Create a profile of its own and deploy the content there; None: nothing is deployed."""
    client = account.client("appconfig")
    application = client.create_application(Name=f"vpcguard-{uuid4().hex}")["Id"]
    profile = client.create_configuration_profile(
        ApplicationId=application, Name="overrides", LocationUri="hosted", Type="AWS.Freeform"
    )
    strategy = client.create_deployment_strategy(
        Name=f"at-once-{uuid4().hex}",
        DeploymentDurationInMinutes=0,
        FinalBakeTimeInMinutes=0,
        GrowthFactor=100,
        ReplicateTo="NONE",
    )
    made = Deployed(
        client=client,
        application=application,
        environment=client.create_environment(ApplicationId=application, Name="hub")["Id"],
        profile=profile["Id"],
        strategy=strategy["Id"],
    )
    if content is not None:
        made.deploy(content)
    return made
