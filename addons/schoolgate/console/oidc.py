"""What an issuer of OpenID Connect says, and whether it is to be believed: its addresses, keys and word for somebody.

Authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1; RFC 7636). Nothing an issuer says is taken
without its signature; beside the lists' publishers it is the only one that the gateway asks on the internet by itself.
"""

import hmac
import json
import logging
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import certifi
import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from schoolgate.settings.load import Settings
from schoolgate.settings.sign_on import GOOGLE, SignOnEntry, is_guarded

log = logging.getLogger("schoolgate")

SIGNED_WITH = ("RS256", "PS256", "ES256")
"""Never "none", and nothing that is signed with a secret: a public key could be taken for one (RFC 8725, 3.1)."""
_WITHIN = 10.0  # seconds for an answer
_LARGEST = 256 * 1024
_HOLDS, _FAILED_HOLDS, _KEYS_AGAIN = 3600.0, 5.0, 30.0  # seconds
_LEEWAY = 60  # seconds that clocks may differ


class Unreachable(Exception):
    """The issuer does not answer, or not as an issuer does; the words are for the log."""


class NotBelieved(Exception):
    """The issuer answered, but the answer proves nothing; the words are for the log."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where an issuer is asked what (OpenID Connect Discovery 1.0, section 3)."""

    authorization: str
    token: str
    keys: str
    secret_in_form: bool
    names_itself: bool  # in the address that it sends people back to (RFC 9207)


@dataclass(slots=True)
class _Kept:
    places: Places
    keys: KeySet | None
    until: float
    keys_at: float


@dataclass(slots=True)
class Issuer:
    """Asks issuers, and keeps what they say of themselves for an hour; ``clock`` gives seconds and never goes back."""

    clock: Callable[[], float]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _kept: dict[str, _Kept] = field(default_factory=dict[str, _Kept])
    _failed: dict[str, tuple[float, str]] = field(default_factory=dict[str, tuple[float, str]])

    def places(self, settings: Settings, entry: SignOnEntry) -> Places:
        """Where to ask. Raises Unreachable; also without asking, for a few seconds after it failed."""
        return self._of(settings, entry).places

    def redeem(self, settings: Settings, entry: SignOnEntry, given: Mapping[str, str]) -> str:
        """The ID token for a code: ``given`` are its code, verifier and redirect address. Raises both."""
        places, secret = self.places(settings, entry), _secret(settings, entry)
        form = {"grant_type": "authorization_code", **given}
        basic = None if places.secret_in_form else (entry.client_id, secret)
        if places.secret_in_form:
            form |= {"client_id": entry.client_id, "client_secret": secret}
        status, said = _ask(settings, "POST", places.token, form, basic)
        token = said.get("id_token")
        if status == 200 and isinstance(token, str):
            return token
        if status < 500:
            raise NotBelieved(f"the code was refused: {status} {str(said.get('error', ''))[:100]}")
        raise Unreachable(f"{places.token} answered {status}")

    def believed(self, settings: Settings, entry: SignOnEntry, token: str, nonce: str, now: float) -> dict[str, Any]:
        """The claims of an ID token that is signed, for us, fresh and of the right school. Raises both."""
        try:
            header = jwt.decode(token, lambda each: self._key(settings, entry, each.headers()), list(SIGNED_WITH))
            claims = header.claims
            own = [entry.issuer, *([GOOGLE] if entry.issuer == f"https://{GOOGLE}" else [])]
            jwt.JWTClaimsRegistry(
                now=int(now),
                leeway=_LEEWAY,
                iss={"essential": True, "values": own},
                aud={"essential": True, "value": entry.client_id},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise NotBelieved(f"the ID token will not do: {type(error).__name__}: {error}") from None
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise NotBelieved("the ID token was made for another login (nonce)")
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != entry.client_id:
            raise NotBelieved("the ID token was made for another application (azp)")
        for name, value in entry.claims.items():
            if str(claims.get(name, "")).casefold() != value.casefold():
                raise NotBelieved(f"the ID token is of another school ({name} is {str(claims.get(name))[:100]!r})")
        return claims

    def _key(self, settings: Settings, entry: SignOnEntry, header: Mapping[str, Any]) -> KeySet:
        """The issuer's keys; asked for anew where it signs with one that is not among them, but not all the time."""
        kept = self._of(settings, entry)
        known = kept.keys is not None and header.get("kid") in [each.kid for each in kept.keys]
        if kept.keys is None or (not known and self.clock() - kept.keys_at >= _KEYS_AGAIN):
            status, said = _ask(settings, "GET", kept.places.keys)
            if status != 200:
                raise Unreachable(f"{kept.places.keys} answered {status}")
            try:
                kept.keys = KeySet.import_key_set({"keys": said["keys"]})
            except (JoseError, ValueError, TypeError, KeyError) as error:
                raise Unreachable(f"{kept.places.keys} gave no keys: {error}") from None
            kept.keys_at = self.clock()
        return kept.keys

    def _of(self, settings: Settings, entry: SignOnEntry) -> _Kept:
        now = self.clock()
        with self._lock:
            kept, failed = self._kept.get(entry.issuer), self._failed.get(entry.issuer)
            if kept is not None and kept.until > now:
                return kept
            if failed is not None and failed[0] > now:
                raise Unreachable(failed[1])
            try:
                places = _discover(settings, entry)
            except Unreachable as error:
                self._failed[entry.issuer] = (now + _FAILED_HOLDS, str(error))
                raise
            self._kept[entry.issuer] = _Kept(places, None, now + _HOLDS, now)
            return self._kept[entry.issuer]


def address_of(places: Places, entry: SignOnEntry, given: Mapping[str, str]) -> str:
    """Where somebody is sent to say who they are; ``given`` are state, nonce, challenge and redirect address."""
    words = {"response_type": "code", "client_id": entry.client_id, "scope": "openid email profile", **given}
    hint = {"hd": entry.domain} if urlsplit(entry.issuer).hostname == GOOGLE else {}
    return f"{places.authorization}{'&' if '?' in places.authorization else '?'}{urlencode(words | hint)}"


def address_in(entry: SignOnEntry, claims: Mapping[str, Any]) -> str:
    """The e-mail address, or name like one, that the issuer vouches for. Raises NotBelieved.

    An e-mail address counts only where it was verified: by ``email_verified``, or Microsoft's ``xms_edov``.
    """
    address = claims.get(entry.claim)
    if not isinstance(address, str) or not address:
        raise NotBelieved(f"the ID token has no {entry.claim}")
    verified = claims.get("email_verified") in (True, "true") or claims.get("xms_edov") in (True, 1, "1", "true")
    if entry.claim == "email" and not verified:
        raise NotBelieved("the e-mail address in the ID token is not verified")
    return address


def _discover(settings: Settings, entry: SignOnEntry) -> Places:
    address = f"{entry.issuer.rstrip('/')}/.well-known/openid-configuration"
    status, said = _ask(settings, "GET", address)
    if status != 200:
        raise Unreachable(f"{address} answered {status}")
    if said.get("issuer") != entry.issuer:
        raise Unreachable(
            f"{address} calls itself {str(said.get('issuer'))[:200]!r}; write that under sign_on: issuer:"
        )
    named = [said.get(f"{each}_endpoint") for each in ("authorization", "token")] + [said.get("jwks_uri")]
    if not all(isinstance(each, str) and is_guarded(each) for each in named):
        raise Unreachable(f"{address} names addresses that are not https")
    ways = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    in_form = "client_secret_basic" not in ways
    names_itself = said.get("authorization_response_iss_parameter_supported") is True
    return Places(str(named[0]), str(named[1]), str(named[2]), in_form, names_itself)


def _secret(settings: Settings, entry: SignOnEntry) -> str:
    try:
        return (settings.folders.root / entry.client_secret_file).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise Unreachable(f"{entry.client_secret_file} cannot be read: {error}") from None


def _ask(
    settings: Settings,
    method: str,
    address: str,
    form: Mapping[str, str] | None = None,
    basic: tuple[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    """The status and the JSON of an answer; no redirect is followed. Raises Unreachable."""
    trust = ssl.create_default_context(cafile=certifi.where())
    if settings.school.upstream_ca:
        trust.load_verify_locations(cafile=settings.folders.root / settings.school.upstream_ca)
    body = bytearray()
    try:
        with (
            httpx2.Client(verify=trust, trust_env=False, timeout=_WITHIN, follow_redirects=False) as client,
            client.stream(method, address, data=form, auth=basic, headers={"Accept": "application/json"}) as answer,
        ):
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > _LARGEST:
                    raise Unreachable(f"{address} says too much")
            said = json.loads(body) if body else {}
    except (httpx2.HTTPError, OSError, ValueError, RecursionError) as error:
        raise Unreachable(f"{address}: {type(error).__name__}: {error}") from None
    return answer.status_code, said if isinstance(said, dict) else {}
