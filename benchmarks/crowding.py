"""One function amid all the groups that a VPC may hold: its question to OPA, and the audit of a snapshot."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.auditing import AUDIT
from benchmarks.estate import snapshot_document
from benchmarks.figures import Figure, Section
from benchmarks.handling import OPA_ENVIRONMENT
from benchmarks.memory import PeakMemory
from vpcguard.facts import build_facts
from vpcguard.policy.configuration import load_configuration
from vpcguard.policy.deciding import Policy, split
from vpcguard.policy.server import running_opa
from vpcguard.snapshot import parse_snapshot

Json = dict[str, Any]
# the quotas that nobody has to ask for: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
GROUPS, RULES = 2500, 60  # in a VPC; in a group, in each direction
RUNS = 3


def measure() -> Section:
    """Take the best of several runs: others share the processors."""
    document = _crowded()
    facts, configuration = build_facts(parse_snapshot(document)), load_configuration()
    (question,) = split(facts)
    with running_opa(environment=OPA_ENVIRONMENT) as url, Policy(url, timeout_seconds=120) as policy:
        asked = min(_seconds(lambda: policy.decide(facts, configuration)) for _ in range(RUNS))
    with tempfile.TemporaryDirectory() as folder:
        snapshot = Path(folder) / "snapshot.json"
        snapshot.write_text(json.dumps(document))
        audits = [_audit(snapshot) for _ in range(RUNS)]
        size = snapshot.stat().st_size
    figures = [
        Figure(name="snapshot", value=size / 1e6, unit="MB"),
        Figure(name="question to OPA", value=len(json.dumps(question)) / 1e3, unit="kB"),
        Figure(name="time for the question", value=asked, unit="s", bound="at most", limit=2),
        Figure(
            name="wall time, vpcguard audit --snapshot",
            value=min(seconds for seconds, _ in audits),
            unit="s",
            bound="at most",
            limit=8,
        ),
        Figure(name="peak memory, OPA included", value=max(memory for _, memory in audits) / 1e6, unit="MB"),
    ]
    how = (
        f"One function in a VPC of {GROUPS:,} security groups with {RULES} rules in each direction, two of "
        f"them in use: `Policy.decide`, and a whole process that reads the file. Best of {RUNS}."
    )
    return Section(title="One function in a crowded VPC", how=how, figures=figures)


def _crowded() -> Json:
    document = snapshot_document(functions=2, vpcs=1)
    groups = document["answers"]["ec2:DescribeSecurityGroups"]["SecurityGroups"]
    groups += [
        {
            "GroupId": f"sg-crowd-{index:04d}",
            "GroupName": f"crowd-{index:04d}",
            "VpcId": groups[0]["VpcId"],
            "OwnerId": groups[0]["OwnerId"],
            "IpPermissions": [_rule(index, port) for port in range(RULES)],
            "IpPermissionsEgress": [_rule(index, port) for port in range(RULES)],
        }
        for index in range(GROUPS - len(groups))
    ]
    return document


def _rule(index: int, port: int) -> Json:
    """Return a rule that no other can be put together with."""
    of_port = {"IpProtocol": "tcp", "FromPort": 1024 + port, "ToPort": 1024 + port}
    return of_port | {"IpRanges": [{"CidrIp": f"10.{index % 256}.{port}.0/24"}], "UserIdGroupPairs": []}


def _seconds(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _audit(snapshot: Path) -> tuple[float, int]:
    """Return wall time in seconds and peak memory in bytes."""
    command = [*AUDIT[:4], "--snapshot", str(snapshot), "--format", "jsonl"]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    with PeakMemory(process.pid) as memory:
        code = process.wait()
    if code:
        raise RuntimeError(f"the audit ended with {code}")
    return time.perf_counter() - began, memory.peak_bytes
