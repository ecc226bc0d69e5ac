"""A small issuer of OpenID Connect on loopback, with keys of its own, that does as it should or as an attacker would."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "schoolgate-test", "a secret of the issuer"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _as_is(claims: dict[str, Any]) -> dict[str, Any]:
    return claims


@dataclass
class Issuer:
    """``claims`` are of whoever logs in next; ``spoil`` changes the ID token's, ``sign`` is how it is signed."""

    claims: dict[str, Any] = field(default_factory=dict[str, Any])
    spoil: Callable[[dict[str, Any]], dict[str, Any]] = _as_is
    sign: str = "RS256"  # or: none, HS256, a stranger's
    said: dict[str, Any] = field(default_factory=dict[str, Any])  # in place of what discovery says
    host: str = "127.0.0.1"
    asked: list[str] = field(default_factory=list[str])
    codes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    token_status: int = 200
    keep_codes: bool = False

    def start(self, port: int = 0) -> "Issuer":
        """Listen; ``url`` is its name from now on."""
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                self._answer(*issuer.get(self.path))

            def do_POST(self) -> None:
                issuer.asked.append(self.path)
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                self._answer(*issuer.post(form, self.headers.get("Authorization", "")))

            def _answer(self, status: int, said: dict[str, Any] | str) -> None:
                body = json.dumps(said).encode() if isinstance(said, dict) else b""
                self.send_response(status)
                if isinstance(said, str):
                    self.send_header("Location", said)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words: object) -> None:
                """Be quiet."""

        self.new_key()
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://{self.host}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        """Close the port."""
        self.server.shutdown()
        self.server.server_close()

    def new_key(self) -> None:
        """Sign with a key of another name from now on; the old one is gone."""
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig", "alg": "RS256"}, private=True)

    def get(self, path: str) -> tuple[int, dict[str, Any] | str]:
        """Discovery, keys, and the page where somebody logs in (who is logged in already)."""
        url = urlsplit(path)
        if url.path == "/.well-known/openid-configuration":
            says = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
            says |= {f"{each}_endpoint": f"{self.url}/{each}" for each in ("authorization", "token")}
            return 200, says | self.said
        if url.path == "/keys":
            return 200, {"keys": [self.key.as_dict(private=False), {"kty": "of tomorrow", "kid": "x"}]}
        if url.path == "/authorization":
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            code = secrets.token_urlsafe(16)
            self.codes[code] = query
            return 303, f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"
        return 404, {}

    def post(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """The token of a code: once, for who has the secret, the verifier and the same redirect address."""
        began = self.codes.get(form.get("code", "")) if self.keep_codes else self.codes.pop(form.get("code", ""), None)
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        in_form = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        if self.token_status != 200:
            return self.token_status, {"error": "server_error"}
        if authorization != basic and not in_form:
            return 401, {"error": "invalid_client"}
        challenge = _b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if began is None or began["code_challenge"] != challenge or began["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 300, "nonce": began["nonce"]}
        return 200, {
            "token_type": "Bearer",
            "access_token": "x",
            "id_token": self._signed(self.spoil(claims | self.claims)),
        }

    def _signed(self, claims: dict[str, Any]) -> str:
        header = {"alg": self.sign, "kid": str(self.key.kid), "typ": "JWT"}
        if self.sign == "none":
            return f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(claims).encode())}."
        if self.sign == "HS256":  # with the public key, which everybody has, as the secret
            text = f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(claims).encode())}"
            return f"{text}.{_b64(hmac.digest(self.key.as_pem(private=False), text.encode(), 'sha256'))}"
        if self.sign == "a stranger's":
            stranger = RSAKey.generate_key(2048, private=True)
            return jwt.encode(header | {"alg": "RS256"}, claims, stranger)
        return jwt.encode(header, claims, self.key)
