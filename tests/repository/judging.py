"""What looks like judging in Python: severities, stages, networks, ports, thresholds, facts put to numbers.

The severities, stages and thresholds are those of policies/schemas/config.json: a new one is covered.
"""

from __future__ import annotations

import ast
import ipaddress
import json
import re
from collections.abc import Iterator
from pathlib import Path

_SCHEMA = json.loads((Path(__file__).parents[2] / "policies/schemas/config.json").read_text())["properties"]
_RULE = _SCHEMA["rules"]["additionalProperties"]["properties"]
WORDS = {word: kind for kind in ("severity", "stage") for word in _RULE[kind]["enum"]}
THRESHOLDS = sorted(_SCHEMA["thresholds"]["properties"])
_THRESHOLD = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(THRESHOLDS)})(?![a-z0-9])")

# Whatever compares one of these with a number, or asks which is more, judges...
_FACTS = re.compile(
    r"address|addresses|cidrs?|concurren(t|cy)|enis?|floor|free|headroom|interfaces?|ips?|margin|memory|netmask|"
    r"percent(age)?|ports?|prefixlen|protocol|quotas?|severit(y|ies)|subnets?|thresholds?|utilization|zones?"
)
# ... and whatever calculates with one of these.
_LIMITS = re.compile(r"thresholds?|margin|floor|percent")
_PORT = re.compile(r"ports?")
_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_ORDERING_CALLS = frozenset({"lt", "le", "gt", "ge"})
_COMPARING_CALLS = _ORDERING_CALLS | {"eq", "ne", "min", "max"}
_COLLECTIONS = frozenset({"frozenset", "set", "tuple", "list", "range"})

# Ports wherever they stand; the second ones, common numbers too, only where something is compared.
_PORTS = frozenset(
    map(str, (443, 445, 1433, 1521, 3306, 3389, 5432, 5439, 6379, 8080, 8443, 9200, 27017, 65535))
)
_COMPARED = _PORTS.union(map(str, (20, 21, 22, 23, 25, 53, 80, 123, 389, 1024, 2049, 32768)))

_IPV4 = re.compile(r"(?<!\d)(?<!\d\.)\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?!\.?\d)")
_IPV6 = re.compile(r"(?i)(?<![\w:.?])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]*(?<!\.)(?:/\d{1,3})?(?![\w:])")
_PART = re.compile(r"(?:\d{1,3}\.){1,3}|/\d{1,3}")  # of startswith("10."), endswith("/0")
_LOOPBACK = frozenset({"127.0.0.1", "::1"})

Bound = dict[str, list[ast.Constant]]  # the numbers that a name stands for


def judging(source: str) -> Iterator[str]:
    """Yield what judges, as often as it stands there: "severity high", "network ::/0", "free < 8"."""
    tree = ast.parse(source)
    bindings = list(_bindings(tree))
    bound = {name: numbers for name, value in bindings if name and (numbers := list(_numbers(value)))}
    ignored = set(_ignored(tree))
    for node in _judgments(tree, bound):
        yield ast.unparse(node)
        ignored |= {id(part) for part in ast.walk(node) if _is_number(part)}
    for name, value in bindings:
        if _speaks(name, _PORT):
            ports = [number for number in _numbers(value) if number.value and id(number) not in ignored]
            yield from (f"port {port.value!r}" for port in ports)
            ignored |= {id(port) for port in ports}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            yield from _constant(node.value) if id(node) not in ignored else ()
        elif isinstance(node, ast.Import | ast.ImportFrom) and "ipaddress" in ast.unparse(node):
            yield ast.unparse(node)
        elif not isinstance(node, ast.Subscript) and _THRESHOLD.search(_snake(name := _called(node))):
            yield f"threshold {name}"


def _constant(value: object) -> Iterator[str]:
    if isinstance(value, bytes):
        yield from _constant(value.decode("latin-1"))
    elif isinstance(value, int) and str(value) in _PORTS:
        yield f"port {value}"
    elif isinstance(value, str):
        yield from _text(value)


def _text(text: str) -> Iterator[str]:
    if text in _PORTS:
        yield f"port {text}"
    if kind := WORDS.get(text.strip().lower()):
        yield f"{kind} {text}"
    yield from (f"network {network}" for network in _networks(text))
    yield from (f"threshold {key}" for key in _THRESHOLD.findall(_snake(text)))


def _networks(text: str) -> Iterator[str]:
    if _PART.fullmatch(text):
        yield text
    for found in [*_IPV4.findall(text), *_IPV6.findall(text)]:
        try:
            ipaddress.ip_interface(found)
        except ValueError:
            continue
        if found not in _LOOPBACK:
            yield found


def _judgments(node: ast.AST, bound: Bound) -> Iterator[ast.AST]:
    """The comparisons and calculations that judge, none inside another."""
    judges = _judges(node, bound)
    if judges:
        yield node.subject if isinstance(node, ast.Match) else node
    if isinstance(node, ast.Match) or not judges:
        for child in ast.iter_child_nodes(node):
            yield from _judgments(child, bound)


def _judges(node: ast.AST, bound: Bound) -> bool:
    if isinstance(node, ast.Compare):
        orders = any(isinstance(op, _ORDERS) for op in node.ops)
        return _puts([node.left, *node.comparators], bound, orders=orders)
    if isinstance(node, ast.Call) and (called := _called(node.func)) in _COMPARING_CALLS:
        return _puts(node.args, bound, orders=called in _ORDERING_CALLS)
    if isinstance(node, ast.Match):
        values = [part.value for part in ast.walk(node) if isinstance(part, ast.MatchValue)]
        return _puts([node.subject, *values], bound, orders=False)
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.BitOr):  # Floor | None is a type
        return any(_speaks(_called(side), _LIMITS) for side in (node.left, node.right))
    return False


def _puts(sides: list[ast.expr], bound: Bound, *, orders: bool) -> bool:
    """Whether a fact is put to a number, or a bare port to anything but a length."""
    numbers = {side: [*_numbers(side), *bound.get(_called(side), [])] for side in sides}
    facts = [side for side in sides if any(_speaks(_called(part), _FACTS) for part in ast.walk(side))]
    if any(orders or any(numbers[side] for side in sides if side is not fact) for fact in facts):
        return True
    if any(isinstance(side, ast.Call) and _called(side.func) == "len" for side in sides):
        return False
    single = [found for found in numbers.values() if not orders or len(found) == 1]  # (1, 22) is a version
    return any(str(number.value) in _COMPARED for found in single for number in found)


def _numbers(node: ast.expr | None) -> Iterator[ast.Constant]:
    """The numbers that a value is or holds: not those of an index or of another function's arguments."""
    if isinstance(node, ast.Constant) and _is_number(node):
        yield node
    parts: list[ast.expr | None] = []
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        parts = [*node.elts]
    elif isinstance(node, ast.Dict):
        parts = [*node.keys, *node.values]
    elif isinstance(node, ast.BoolOp):
        parts = [*node.values]
    elif isinstance(node, ast.IfExp):
        parts = [node.body, node.orelse]
    elif isinstance(node, ast.UnaryOp):
        parts = [node.operand]
    elif isinstance(node, ast.Call) and _called(node.func) in _COLLECTIONS:
        parts = [*node.args]
    for part in parts:
        yield from _numbers(part)


def _is_number(node: ast.AST) -> bool:
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return False
    return isinstance(node.value, int | float) or (isinstance(node.value, str) and node.value.isdecimal())


def _bindings(tree: ast.Module) -> Iterator[tuple[str, ast.expr | None]]:
    """Every name, attribute, key, argument and default with the value it is given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            yield from ((_called(target), node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
            yield _called(node.target), node.value
        elif isinstance(node, ast.keyword):
            yield node.arg or "", node.value
        elif isinstance(node, ast.Dict):
            yield from ((_called(key), value) for key, value in zip(node.keys, node.values, strict=True))
        elif isinstance(node, ast.arguments):
            positional = [*node.posonlyargs, *node.args][::-1]
            yield from ((arg.arg, value) for arg, value in zip(positional, node.defaults[::-1], strict=False))
            yield from ((a.arg, value) for a, value in zip(node.kwonlyargs, node.kw_defaults, strict=True))


def _called(node: ast.AST | None) -> str:
    """What a node is called: a name, an attribute, an argument, a key; "" where it has no name."""
    if isinstance(node, ast.Subscript):
        return _called(node.slice)
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) and node.value.isidentifier() else ""
    called = (getattr(node, field, None) for field in ("id", "attr", "arg", "name"))
    return next((name for name in called if isinstance(name, str)), "")


def _snake(name: str) -> str:
    """IpFloor and IP_FLOOR are ip_floor."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _speaks(name: str, of: re.Pattern[str]) -> bool:
    return any(of.fullmatch(word) for word in _snake(name).split("_"))


def _ignored(tree: ast.Module) -> Iterator[int]:
    """Docstrings, and the words of a Literal type: they name what exists and decide nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)
        elif isinstance(node, ast.Subscript) and _called(node.value) == "Literal":
            yield from (id(word) for word in ast.walk(node.slice))
