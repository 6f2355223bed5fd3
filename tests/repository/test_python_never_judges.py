"""Rego alone judges: the Python that ships holds no severity, network, port or threshold of its own.

What the scan finds is listed in ALLOWED with its reason, or moves to policies/. An entry that the scan
does not find any more must go: a stale permission would cover the next one.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository.allowed import ALLOWED

FUNCTIONS = Path(__file__).parents[2] / "functions"
SEVERITIES = frozenset({"critical", "high", "medium", "low", "info"})
STAGES = frozenset({"audit", "warn", "approve", "enforce"})
NETWORK = re.compile(r"\d{1,3}(\.\d{1,3}){3}/\d{1,2}|[0-9a-fA-F:]*::[0-9a-fA-F:]*/\d{1,3}")
PORTS = frozenset({443, 1024, 65535})  # 1024 as a factor is a size in bytes
THRESHOLD = re.compile(r"(^|_)(threshold|margin|floor|percent)($|_)", re.IGNORECASE)


def _found_in(tree: ast.Module) -> Iterator[str]:
    """Yield what looks like judging: "severity high", "network 0.0.0.0/0", "threshold ip_floor"."""
    ignored = {*_docstrings(tree), *_type_words(tree), *_factors(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in ignored:
            yield from _constant(node.value)
        elif isinstance(node, ast.Compare | ast.BinOp):
            yield from _threshold(node)


def _constant(value: object) -> Iterator[str]:
    if isinstance(value, str):
        if value in SEVERITIES:
            yield f"severity {value}"
        if value in STAGES:
            yield f"stage {value}"
        if network := NETWORK.search(value):
            yield f"network {network[0]}"
        if value in {str(port) for port in PORTS}:
            yield f"port {value}"
    elif isinstance(value, int) and value in PORTS:
        yield f"port {value}"


def _threshold(node: ast.Compare | ast.BinOp) -> Iterator[str]:
    """A comparison or a sum with something that is called a threshold."""
    parts = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.left, *node.comparators]
    for part in parts:
        name = {ast.Name: "id", ast.Attribute: "attr"}.get(type(part))
        called = getattr(part, name) if name else _subscript(part)
        if isinstance(called, str) and THRESHOLD.search(called):
            yield f"threshold {called}"


def _subscript(node: ast.expr) -> object:
    key = node.slice if isinstance(node, ast.Subscript) else None
    return key.value if isinstance(key, ast.Constant) else None


def _docstrings(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)


def _factors(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            yield from (id(node.left), id(node.right))


def _type_words(tree: ast.Module) -> Iterator[int]:
    """The words of a Literal type name what exists; they decide nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "Literal":
            yield from (id(word) for word in ast.walk(node.slice))


def test_python_holds_nothing_that_judges() -> None:
    found = Counter(
        (str(file.relative_to(FUNCTIONS)), what)
        for file in sorted(FUNCTIONS.rglob("*.py"))
        for what in _found_in(ast.parse(file.read_text()))
    )

    assert sorted(found) == sorted((file, what) for file, what, _ in ALLOWED)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('if finding.severity == "high": pass', ["severity high"]),
        ('RANK = {"critical": 0}', ["severity critical"]),
        ('anywhere = "0.0.0.0/0"', ["network 0.0.0.0/0"]),
        ('anywhere = "::/0"', ["network ::/0"]),
        ("wide = port <= 443", ["port 443"]),
        ("few = free < thresholds['ip_floor']", ["threshold ip_floor"]),
        ("few = free < settings.ip_margin", ["threshold ip_margin"]),
        ('stage = "enforce"', ["stage enforce"]),
        ('Severity = Literal["critical", "high"]', []),
        ('"""A docstring may speak of high and 0.0.0.0/0."""', []),
        ("size = 48 * 1024", []),
        ("count = 12 + 443_000", []),
    ],
)
def test_the_scan_sees_judging(source: str, expected: list[str]) -> None:
    """A scan that sees nothing would pass for ever."""
    assert sorted(_found_in(ast.parse(source))) == expected
