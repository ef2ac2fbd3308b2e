"""A real issuer on this machine: discovery and keys over HTTP, and tokens signed with its private keys."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AUDIENCE = "netvexa-metrics"


@dataclass
class Issuer:
    """What it publishes can be changed while it runs. asked: the paths that were fetched, in order.

    answers: cleared, whoever asks waits until it is set.
    """

    address: str = ""
    keys: dict[str, Any] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    asked: list[str] = field(default_factory=list)
    answers: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.answers.set()

    def add_key(self, key_id: str, algorithm: str = "RS256") -> None:
        """One key more, published from now on."""
        if algorithm == "RS256":
            self.keys[key_id] = (algorithm, rsa.generate_private_key(public_exponent=65537, key_size=2048))
        else:
            self.keys[key_id] = (algorithm, ec.generate_private_key(ec.SECP256R1()))

    def token(self, key_id: str = "first", without: str | None = None, **claims: Any) -> str:
        """A token that is good, but for what is said otherwise."""
        now = int(time.time())
        usual = {
            "iss": self.address,
            "aud": AUDIENCE,
            "sub": "jane@example.com",
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "roles": ["bi"],
        }
        content = {name: value for name, value in {**usual, **claims}.items() if name != without}
        algorithm, key = self.keys[key_id]
        return jwt.encode(content, key, algorithm, headers={"kid": key_id})

    def document(self, path: str) -> dict[str, Any] | None:
        """What stands at a path."""
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.address, "jwks_uri": f"{self.address}/keys", **self.discovery}
        if path == "/keys":
            published = []
            for key_id, (algorithm, key) in self.keys.items():
                kind = jwt.algorithms.RSAAlgorithm if algorithm == "RS256" else jwt.algorithms.ECAlgorithm
                public = kind.to_jwk(key.public_key(), as_dict=True)
                published.append({**public, "kid": key_id, "use": "sig", "alg": algorithm})
            return {"keys": published}
        return None


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """An issuer with the RSA key `first`, until the end of the block."""
    issuer = Issuer()
    issuer.add_key("first")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            issuer.answers.wait()
            document = issuer.document(self.path)
            self.send_response(issuer.status if document is not None else 404)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
