"""AWS answers as they go over the wire, made from boto3's shapes by botocore's own service models.

Knows the four protocols the product's reads use: ec2, query (XML), rest-json and json. Values that
the model does not name are left out, as AWS would never send them.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from botocore.model import OperationModel, Shape

Json = Any

JSON_PROTOCOLS = ("json", "rest-json")


def body(operation: OperationModel, answer: dict[str, Json]) -> bytes:
    """Return the body of a 200 that boto3 parses back into `answer`."""
    protocol = operation.service_model.resolved_protocol
    if protocol in JSON_PROTOCOLS:
        return json.dumps(answer).encode()
    shape = operation.output_shape
    inner = _members(shape, answer, protocol) if shape is not None else ""
    if protocol == "query":
        wrapper = shape.serialization.get("resultWrapper", f"{operation.name}Result") if shape else "Result"
        inner = f"<{wrapper}>{inner}</{wrapper}><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata>"
    return f"<{operation.name}Response>{inner}</{operation.name}Response>".encode()


def _members(shape: Any, value: dict[str, Json], protocol: str) -> str:
    return "".join(
        _element(member, value[name], member.serialization.get("name", name), protocol)
        for name, member in shape.members.items()
        if value.get(name) is not None
    )


def _element(shape: Any, value: Json, tag: str, protocol: str) -> str:
    if shape.type_name == "list":
        name = shape.member.serialization.get("name", "member")
        if shape.serialization.get("flattened"):
            return "".join(_element(shape.member, item, tag, protocol) for item in value)
        return f"<{tag}>{''.join(_element(shape.member, item, name, protocol) for item in value)}</{tag}>"
    if shape.type_name == "structure":
        return f"<{tag}>{_members(shape, value, protocol)}</{tag}>"
    return f"<{tag}>{_scalar(shape, value)}</{tag}>"


def _scalar(shape: Shape, value: Json) -> str:
    if shape.type_name == "boolean":
        return "true" if value else "false"
    if isinstance(value, dict):  # IAM sends policies as URL-encoded JSON, boto3 shows them parsed
        return quote(json.dumps(value))
    return escape(str(value))
