"""What people send: read within limits, cleaned of what is no text, and believed only with the token of their page."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.datastructures import Headers

MOST_BYTES = 128 * 1024
_MOST_FIELDS = 2000
LONGEST_WORDS = 2000
_UNSEEN = dict.fromkeys([*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F])
_UNSEEN.pop(ord("\n"))
FIELD = "token"


class BadForm(Exception):
    """A form that cannot be read, or that this console did not make for this person; the words are for people."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent; the name is what the browser says."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, or of the query of an address; what is missing is empty."""

    fields: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    files: Mapping[str, list[Upload]] = field(default_factory=dict[str, list[Upload]])

    def text(self, name: str, most: int = LONGEST_WORDS) -> str:
        """One field as plain text: no control characters, no marks that turn the reading direction, not endless."""
        written = self.fields.get(name, [""])[0].replace("\r\n", "\n").replace("\r", "\n")
        return written.translate(_UNSEEN).strip()[:most].strip()

    def line(self, name: str, most: int = 200) -> str:
        """The same in one line."""
        return " ".join(self.text(name, most).split())

    def secret(self, name: str) -> str:
        """A field exactly as it was typed."""
        return self.fields.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        """Every value of a field that may come several times."""
        return self.fields.get(name, [])


def read_form(kind: str, body: bytes) -> Form:
    """The fields of a posted form. Raises BadForm."""
    if kind.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise BadForm("This is no form of the console.")
    return read_query(body.decode("utf-8", "replace"))


def read_query(text: str) -> Form:
    """The fields of a query. Raises BadForm."""
    try:
        return Form(parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise BadForm("This form has more fields than any form of the console.") from None


class Seal:
    """Ties a form to the cookie of the browser that it was made for (against cross-site request forgery)."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def token(self, cookie: str) -> str:
        """The token that a form for this cookie carries."""
        return hmac.new(self._secret, cookie.encode(), hashlib.sha256).hexdigest()

    def check(self, form: Form, cookie: str, headers: Headers, own: str) -> None:
        """Raises BadForm when the form is not of the page that this browser was given; ``own`` is our origin.

        A browser that says ``Sec-Fetch-Site`` has compared them itself, also where a web server stands between under a
        name of its own. As our pages send no referrer, others may say ``Origin: null``; then the token decides.
        """
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site != "same-origin" and (site is not None or origin not in (None, "null", own)):
            raise BadForm("This form was sent from another site, so nothing was done.")
        if not cookie or not hmac.compare_digest(form.secret(FIELD).encode(), self.token(cookie).encode()):
            raise BadForm("This page was too old, so nothing was done. Open it again and repeat what you did.")
