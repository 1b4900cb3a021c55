"""CloudFront: the function that sees each request first, and the page behind it."""

from __future__ import annotations

import json
import mimetypes
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ..settings import PAGE_POLICY
from .front import Request, Response

_RUN = "import json, sys, edge\nfor line in sys.stdin: print(json.dumps(edge.handler(json.loads(line))), flush=True)"


class Edge:
    """Runs the function from a folder that it was built into, with no environment at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(self._folder)!r})\n{_RUN}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", "")},
            start_new_session=True,
        )

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def ask(self, request: Request) -> dict[str, Any]:
        """What the function makes of a request. It takes less than a millisecond, so it is waited
        for."""
        assert self._process is not None and self._process.stdin and self._process.stdout
        headers: dict[str, list[dict[str, str]]] = {
            name: [{"key": name, "value": value}] for name, value in request.headers.items()
        }
        event = {
            "Records": [
                {
                    "cf": {
                        "config": {"eventType": "viewer-request"},
                        "request": {
                            "clientIp": request.source,
                            "headers": headers,
                            "method": request.method,
                            "querystring": request.raw_query,
                            "uri": request.path,
                        },
                    }
                }
            ]
        }
        self._process.stdin.write(json.dumps(event).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def response_of(answer: dict[str, Any]) -> Response | None:
    """None: it is a request, which goes on."""
    if "status" not in answer:
        return None
    headers = {name: values[0]["value"] for name, values in answer.get("headers", {}).items()}
    return Response(int(answer["status"]), str(answer.get("body", "")).encode(), headers)


def page(folder: Path | None, path: str) -> Response:
    """A file of the page."""
    headers = {
        "content-security-policy": PAGE_POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
    }
    if folder is None:
        body = b"<!doctype html><title>Ropewalk</title><p>The emulator is running."
        return Response(200, body, {**headers, "content-type": "text/html; charset=utf-8"})
    wanted = folder / unquote(path).lstrip("/")
    with suppress(OSError, ValueError):
        if wanted.is_dir():
            wanted = wanted / "index.html"
        if wanted.resolve().is_relative_to(folder.resolve()) and wanted.is_file():
            kind = mimetypes.guess_type(wanted.name)[0] or "application/octet-stream"
            return Response(200, wanted.read_bytes(), {**headers, "content-type": kind})
    return Response(404, b"there is nothing here", {**headers, "content-type": "text/plain"})
