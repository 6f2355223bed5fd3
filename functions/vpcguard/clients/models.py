"""botocore's models of the services, cut down to the operations that we call.

EC2's model is 4.3 MB of JSON: 830 operations, of which we call 15, and their documentation. As botocore loads
it, it takes 23 MB more of an audit and 35 ms more of its start. The files stay botocore's, where
AWS_DATA_PATH says too.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore.session
from botocore.loaders import JSONFileLoader, Loader, create_loader

_OPENED_BY: Mapping[str, Callable[..., Any]] = {".json": open, ".json.gz": gzip.open}
_SERVICE_MODEL = "service-2"


def new_session(
    profile: str | None = None, *, operations: Mapping[str, Collection[str]]
) -> botocore.session.Session:
    """Return a session whose clients have these operations alone: {"ec2": {"DescribeVpcs", ...}}.

    Clients of services that are not named have all of theirs. Raises botocore's errors for a profile that
    is not there.
    """
    session = botocore.session.Session(profile=profile)
    places = create_loader(session.get_config_variable("data_path")).search_paths
    loader = _LeanLoader(places, _LeanFiles(operations), include_default_search_paths=False)
    session.register_component("data_loader", loader)
    return session


class _LeanLoader(Loader):
    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002  botocore's signature
        """Return what botocore checks a service's name against; by folder, not looking into 400 of them."""
        folders = [place for place in self.search_paths if os.path.isdir(place)]  # noqa: PTH112  as below
        return sorted({service.name for folder in folders for service in Path(folder).iterdir()})


class _LeanFiles(JSONFileLoader):
    def __init__(self, operations: Mapping[str, Collection[str]]) -> None:
        self._operations = operations

    def load_file(self, file_path: str) -> Any:
        """Return the content of a model's file, .../ec2/2016-11-15/service-2; None: there is none."""
        for suffix, opened in _OPENED_BY.items():
            path = file_path + suffix
            if os.path.isfile(path):  # noqa: PTH113  pathlib's raises for ~/.aws/models in a home that is closed to us
                with opened(path, "rb") as file:
                    return self._in_use(Path(file_path), json.loads(file.read()))
        return None

    def _in_use(self, path: Path, content: Any) -> Any:
        service = path.parent.parent.name
        if path.name != _SERVICE_MODEL or service not in self._operations:
            return content
        names = self._operations[service]
        operations = {name: one for name, one in content["operations"].items() if name in names}
        shapes = _shapes(operations, content["shapes"])
        return _without_documentation({**content, "operations": operations, "shapes": shapes})


def _shapes(operations: Mapping[str, Any], shapes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the shapes that these operations are made of."""
    found: dict[str, Any] = {}
    pending = set(_shape_names(operations))
    while pending:
        name = pending.pop()
        found[name] = shapes[name]
        pending.update(set(_shape_names(shapes[name])) - found.keys())
    return found


def _shape_names(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("shape"), str):
            yield part["shape"]
        for one in part.values():
            yield from _shape_names(one)
    elif isinstance(part, list):
        for one in part:
            yield from _shape_names(one)


def _without_documentation(part: Any) -> Any:
    if isinstance(part, dict):
        return {
            key: _without_documentation(one)
            for key, one in part.items()
            if key != "documentation" or isinstance(one, dict)  # a member of that name
        }
    return [_without_documentation(one) for one in part] if isinstance(part, list) else part
