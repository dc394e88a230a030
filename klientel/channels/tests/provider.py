"""A small provider of OAuth2 on loopback: gives access tokens, and tells mail servers whose they are."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


class Provider:
    """What is valid at the moment; ``asked`` are the forms that came for a new token."""

    def __init__(self) -> None:
        self.refresh: dict[str, str] = {}  # refresh tokens and users
        self.access: dict[str, str] = {}  # access tokens and users
        self.asked: list[dict[str, str]] = []
        self.seconds = 3600
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answering", (_Answering,), {"provider": self}))
        self.port = self._server.server_address[1]
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.asked.append(form)
        user = self.refresh.pop(form.get("refresh_token", ""), None)
        if user is None:
            return 400, {"error": "invalid_grant"}
        n = len(self.asked)
        self.access[f"access-{user}-{n}"] = user
        self.refresh[f"refresh-{user}-{n}"] = user  # another one each time, as many providers do
        told = {"access_token": f"access-{user}-{n}", "refresh_token": f"refresh-{user}-{n}"}
        return 200, told | {"expires_in": self.seconds, "token_type": "Bearer"}

    def introspect(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        user = self.access.get(form.get("token", ""))
        return 200, {"active": True, "username": user} if user else {"active": False}


class _Answering(BaseHTTPRequestHandler):
    provider: Provider

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        answer = self.provider.token if self.path == "/token" else self.provider.introspect
        status, told = answer(form)
        content = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_words: object) -> None:
        return
