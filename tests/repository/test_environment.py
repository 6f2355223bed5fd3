"""The environment is read in one place, and template.yaml sets what is read there, both ways."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.support.template import load_template, resources

FUNCTIONS = Path(__file__).parents[2] / "functions"
SETTINGS = FUNCTIONS / "vpcguard" / "settings.py"

SET_FOR_OTHERS = {  # variables of the template that our settings do not read: why they are there
    "POWERTOOLS_SERVICE_NAME": "read by Powertools: the service in every log line and metric",
    "POWERTOOLS_METRICS_NAMESPACE": "read by Powertools",
}
NOT_DEPLOYED = {  # settings that the template leaves out: why
    "AWS_LAMBDA_RUNTIME_API": "set by Lambda itself",
    "TERM": "what a terminal can do, for the command line",
    "OPA_PATH": "the command line starts OPA itself; in Lambda the extension does",
    "SNAPSHOT_FOLDER": "deployed, a bucket keeps the snapshots; a folder is for runs on one machine",
    "CONFIGURATION_FILE": "deployed, AppConfig holds the document; a file is for runs on one machine",
}


def test_the_environment_is_read_in_one_place() -> None:
    """Whoever reads it elsewhere hides what a function needs."""
    readers = {
        str(file.relative_to(FUNCTIONS))
        for file in FUNCTIONS.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if _reads_environment(node)
    }

    assert readers == {"vpcguard/settings.py"}


def test_every_setting_is_set_and_every_variable_is_read() -> None:
    variables = dict(load_template()["Globals"]["Function"]["Environment"]["Variables"])
    for function in resources("AWS::Serverless::Function").values():
        variables |= function.get("Environment", {}).get("Variables", {})
    # settings name their variables in capitals, and nothing else there is a text in capitals
    read = {
        node.value
        for node in ast.walk(ast.parse(SETTINGS.read_text()))
        if isinstance(node, ast.Constant) and re.fullmatch(r"[A-Z][A-Z_]+", str(node.value))
    }

    assert set(variables) - set(SET_FOR_OTHERS) == read - set(NOT_DEPLOYED)
    assert set(SET_FOR_OTHERS) <= set(variables)
    assert set(NOT_DEPLOYED) <= read


def _reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in {"environ", "environb", "getenv"} and getattr(node.value, "id", "") == "os"
    return (
        isinstance(node, ast.ImportFrom)
        and node.module == "os"
        and any(name.name in {"environ", "environb", "getenv"} for name in node.names)
    )
