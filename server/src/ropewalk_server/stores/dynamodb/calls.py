"""DynamoDB's protocol: JSON over HTTP, an error for each kind of no."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ropewalk_server.stores.aws.service import Service
from ropewalk_server.stores.contract import StoreError

_SENTENCES = {
    "ResourceNotFoundException": "there is no such table: make it with `ropewalk store create`",
    "AccessDeniedException": "this role may not do that (docs/guides/stores.md lists its rights)",
    "UnrecognizedClientException": "AWS does not know these credentials",
    "InvalidSignatureException": "the signature is not right: wrong secret, or a clock that is off",
    "ExpiredTokenException": "the credentials have expired",
}


@dataclass
class Refused(StoreError):
    """DynamoDB has answered, and said no."""

    transient: bool = False
    kind: str = ""
    item: Any = None  # that a condition failed on


class Calls:
    """Operations of one API: `DynamoDB_20120810` or `DynamoDBStreams_20120810`."""

    def __init__(self, service: Service, api: str) -> None:
        self._service = service
        self._api = api

    async def __call__(self, operation: str, **arguments: Any) -> dict[str, Any]:
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"{self._api}.{operation}",
        }
        body = json.dumps(arguments, separators=(",", ":")).encode()
        response = await self._service.send("POST", "/", headers, body)
        try:
            answer = json.loads(response.body or b"{}")
        except ValueError as error:
            raise StoreError(f"DynamoDB answered {response.body[:100]!r}") from error
        if response.status == 200:
            assert isinstance(answer, dict)
            return answer
        kind = str(answer.get("__type", "")).rpartition("#")[2]
        said = answer.get("message") or answer.get("Message") or ""
        sentence = _SENTENCES.get(kind, "DynamoDB refused it")
        message = f"{operation}: {sentence} ({kind or response.status}: {said})"
        raise Refused(message, kind=kind, item=answer.get("Item"))
