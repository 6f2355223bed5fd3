"""Write docs/openapi.json: what the API takes and answers, from its routes."""

from __future__ import annotations

import json
from pathlib import Path

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from vpcguard.api.app import mount_routes
from vpcguard.api.document import openapi_document

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "openapi.json"


def text() -> str:
    """Return the text of docs/openapi.json."""
    app = mount_routes(APIGatewayRestResolver(enable_validation=True))
    return json.dumps(openapi_document(app), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the document."""
    DOCUMENT.write_text(text(), "utf-8")


if __name__ == "__main__":
    main()
