"""The drawing at the head of errors.py is what people read first; it must not lie."""

from __future__ import annotations

import re

from vpcguard import errors

_LINE = re.compile(r"^(?P<indent>[│ ]*)(?:[├└]── )?(?P<name>\w+Error)(?: {2,}(?P<text>\S.*))?$")


def test_the_drawing_shows_every_class_under_its_parent() -> None:
    drawn: list[tuple[str, str]] = []
    above: list[str] = []
    for line in str(errors.__doc__).splitlines():
        if match := _LINE.match(line):
            depth = 0 if match["name"] == line else len(match["indent"]) // 4 + 1
            del above[depth:]
            drawn.append((match["name"], above[-1] if above else "Exception"))
            above.append(match["name"])
            assert match["text"] or depth == 0, f"{match['name']} is drawn without its sentence"

    defined = [
        (found.__name__, found.__bases__[0].__name__)
        for found in vars(errors).values()
        if isinstance(found, type) and found.__module__ == errors.__name__
    ]
    assert drawn == defined
