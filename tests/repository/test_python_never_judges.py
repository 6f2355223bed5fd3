"""Rego alone judges: the Python that ships holds no severity, network, port or threshold of its own.

What the scan finds is listed in ALLOWED with its reason, or moves to policies/. An entry allows just what it
says, as often as it says, and must go when the scan does not find it any more: it would cover the next one.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.repository.judging import THRESHOLDS, WORDS, judging

ROOT = Path(__file__).parents[2]
SHIPPED = ("functions", "extension")
ALLOWED = [  # the file, what is found there, how often, and why it does not judge
    ("functions/vpcguard/audit/notifying.py", "stage audit", 1, "what follows of it: nobody is told"),
    ("functions/vpcguard/findings/lifecycle.py", "stage audit", 1, "when people begin to be told"),
    ("extension/vpcguard_opa.py", "severity INFO", 2, "the level of a log line"),
    (
        "functions/vpcguard/snapshot/scopes.py",
        "one.get('AvailableIpAddressCount') == 0",
        1,
        "what is worth reading: in a full subnet a function's State decides",
    ),
    (
        "functions/vpcguard/aws/answers.py",
        "from ipaddress import ip_network",
        1,
        "whether a text is a network at all: OPA's own functions would end the question at one that is none",
    ),
    (
        "functions/vpcguard/resources/filters.py",
        "port '6'",
        1,
        "which entries AWS sends without ports: whether an absent port is an answer at all",
    ),
    (
        "functions/vpcguard/resources/filters.py",
        "port '17'",
        1,
        "which entries AWS sends without ports: whether an absent port is an answer at all",
    ),
    ("functions/vpcguard/policy/opa.py", "port 443", 1, "of an https URL of OPA's that names none"),
    ("functions/vpcguard/policy/opa.py", "port 80", 1, "of an http URL of OPA's that names none"),
    (
        "functions/vpcguard/settings.py",
        "parts.port != 0",
        1,
        "a URL in our own environment: nobody listens on 0",
    ),
    ("functions/vpcguard/cli/loopback.py", "port 80", 1, "of a page's address, which a browser leaves out"),
    ("functions/vpcguard/cli/loopback.py", "port == _HTTP_PORT", 1, "the same"),
    ("functions/vpcguard/cli/serve.py", "port 8765", 1, "where the page is served, unless somebody says"),
    ("functions/vpcguard/cli/serve.py", "port 65535", 1, "the largest there is"),
    ("functions/vpcguard/cli/serve.py", "int(text) > _LARGEST_PORT", 1, "whether a text is a port"),
    ("functions/vpcguard/cli/serve.py", "severity info", 1, "the level of a log line"),
    ("functions/vpcguard/cli/signing.py", "import ipaddress", 1, "whether an address is this machine's own"),
    ("functions/vpcguard/cli/signing.py", "parts.port != 0", 1, "the API's URL: nobody listens on 0"),
]


def test_python_holds_nothing_that_judges() -> None:
    files = [file for folder in SHIPPED for file in (ROOT / folder).rglob("*.py")]
    found = Counter(
        (str(file.relative_to(ROOT)), what) for file in files for what in judging(file.read_text())
    )

    assert sorted((*place, times) for place, times in found.items()) == sorted(
        (file, what, times) for file, what, times, _ in ALLOWED
    )


@pytest.mark.parametrize("folder", SHIPPED)
def test_every_folder_that_ships_is_scanned(folder: str) -> None:
    assert list((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('if finding.severity == "high": pass', ["severity high"]),
        ('s == "High"', ["severity High"]),
        ('RANK = {"CRITICAL": 0}', ["severity CRITICAL"]),
        ('stage = "enforce"', ["stage enforce"]),
        ('anywhere = "0.0.0.0/0"', ["network 0.0.0.0/0"]),
        ('anywhere = "::/0"', ["network ::/0"]),
        ('"::" in targets', ["network ::"]),
        ('x = "10.0.0.0"', ["network 10.0.0.0"]),
        ('x = b"10.0.0.0"', ["network 10.0.0.0"]),
        ('x = f"from {y} to 169.254.169.254."', ["network 169.254.169.254"]),
        ('x = "http://[fd00:ec2::254]/latest"', ["network fd00:ec2::254"]),
        ('x = "fe80:0:0:0:0:0:0:1"', ["network fe80:0:0:0:0:0:0:1"]),
        ('x.startswith("192.168.")', ["network 192.168."]),
        ('x.endswith("/0")', ["network /0"]),
        ("import ipaddress", ["import ipaddress"]),
        ("free < 8", ["free < 8"]),
        ("8 > subnet.free_ipv4_addresses", ["8 > subnet.free_ipv4_addresses"]),
        ("subnet['free_ipv4_addresses'] <= LEAST", ["subnet['free_ipv4_addresses'] <= LEAST"]),
        ("item.get('AvailableIpAddressCount') < 8", ["item.get('AvailableIpAddressCount') < 8"]),
        ("used * 100 / quota > 80", ["used * 100 / quota > 80"]),
        ("function['memory_mb'] >= 3008", ["function['memory_mb'] >= 3008"]),
        ("reserved_concurrency == 0", ["reserved_concurrency == 0"]),
        ("len(zones) < 2", ["len(zones) < 2"]),
        ("len(gateway['zones']) == 1", ["len(gateway['zones']) == 1"]),
        ("len(interfaces) > 1", ["len(interfaces) > 1"]),
        ("a.severity > b.severity", ["a.severity > b.severity"]),
        ("LEAST = 8\nport == LEAST", ["port == LEAST"]),
        ("operator.lt(free, least)", ["operator.lt(free, least)"]),
        ("left = max(headroom, 5)", ["max(headroom, 5)"]),
        ("match port:\n  case 22 | 3388: pass", ["port"]),
        ("port == 80", ["port == 80"]),
        ("port == 8443", ["port == 8443"]),
        ("port in {'22', '3388'}", ["port in {'22', '3388'}"]),
        ("rule['from'] <= 22 <= rule['to']", ["rule['from'] <= 22 <= rule['to']"]),
        ("OPEN = (22, 3388)\nx in OPEN", ["x in OPEN"]),
        ("PORTS = frozenset({22, 9999})", ["port 22", "port 9999"]),
        ("def f(port=5433): pass", ["port 5433"]),
        ("def f(*, to_port=5433): pass", ["port 5433"]),
        ("x = {'from_port': 5433}", ["port 5433"]),
        ("f(db_port=x or 5433)", ["port 5433"]),
        ("x = ['443', 3389]", ["port 3389", "port 443"]),
        ("spare = free - margin", ["free - margin"]),
        ("few = free < thresholds['ip_floor']", ["free < thresholds['ip_floor']", "threshold ip_floor"]),
        ('o.get("ip_floor")', ["threshold ip_floor"]),
        ('x = "config.thresholds.ip_floor"', ["threshold ip_floor"]),
        ("few = settings.ip_margin", ["threshold ip_margin"]),
        ("DEFAULT_IP_FLOOR = 8", ["threshold DEFAULT_IP_FLOOR"]),
        ("def f(ip_floor): pass", ["threshold ip_floor"]),
        ("free < 8\nfree < 8", ["free < 8", "free < 8"]),
        *((f"x = {word!r}", [f"{kind} {word}"]) for word, kind in WORDS.items()),
        *((f"x = {key}", [f"threshold {key}"]) for key in THRESHOLDS),
    ],
)
def test_the_scan_sees_judging(source: str, expected: list[str]) -> None:
    """A scan that sees nothing would pass for ever."""
    assert sorted(judging(source)) == expected


@pytest.mark.parametrize(
    "source",
    [
        'Severity = Literal["critical", "high"]',
        '"""A docstring may speak of high and 0.0.0.0/0."""',
        'text = "a high number of low values"',
        'url = "http://127.0.0.1:8181"; host = "[::1]"',
        'arn = f"arn:{partition}:iam::{account}:role/x"; other = "arn:aws:iam::123456789012:role"',
        'pattern = r"(?::[0-9]+)?"; moment = "12:30:45"; version = "1.20.3"; path = "/health"',
        "def f(x: Floor | None): pass",
        "size = 48 * 1024",
        "count = 12 + 443_000",
        "len(line) > 80",
        "OLDEST = (1, 22)\nversion < OLDEST",
        "attempt == 0; status >= 500; status in (200, 202)",
        "port = int(text) or probe.getsockname()[1]; f(port=0)",
        'kind == "network_interface"; port == other["port"]; address = parts[0]',
        "report > 80_000; support == 1; freed < 2",
        'fact = {"memory_mb": integer(item, "MemorySize"), "from_port": integer(item, "FromPort")}',
        "message = '%s addresses' % found; all_of_them = addresses + more",
    ],
)
def test_the_scan_raises_no_false_alarm(source: str) -> None:
    assert list(judging(source)) == []
