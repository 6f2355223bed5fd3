"""Questions to the policies: configuration, bundle, a local OPA, and the one client of OPA."""

from vpcguard.policy.batches import split
from vpcguard.policy.bundle import build_bundle
from vpcguard.policy.configuration import Configuration, load_configuration
from vpcguard.policy.configuration_source import ConfigurationSource, Poll
from vpcguard.policy.deciding import Policy
from vpcguard.policy.schemas import find_policies
from vpcguard.policy.server import running_opa, starting_opa

__all__ = [
    "Configuration",
    "ConfigurationSource",
    "Policy",
    "Poll",
    "build_bundle",
    "find_policies",
    "load_configuration",
    "running_opa",
    "split",
    "starting_opa",
]
