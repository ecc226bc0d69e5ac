"""What school.yaml says of a single sign-on: whose word is taken for who somebody is, and which login that makes."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field

from schoolgate.settings.values import STRICT, FilePath, Words

GOOGLE, MICROSOFT = "accounts.google.com", "login.microsoftonline.com"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_NOBODYS = ("common", "organizations", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad")
"""Microsoft's names for "whoever has an account", and the tenant of personal accounts."""


def is_guarded(address: str) -> bool:
    """Whether nobody on the way can read or change what is said to an address: https, or this machine itself."""
    try:
        url = urlsplit(address)
        return (url.scheme == "https" and bool(url.hostname)) or (url.scheme == "http" and url.hostname in _LOOPBACK)
    except ValueError:
        return False


def _issuer(written: str) -> str:
    if not is_guarded(written) or {"?", "#", "@", " "} & set(written):
        raise ValueError(f"{written!r}: an issuer is an https:// address, as its documentation writes it")
    url = urlsplit(written)
    if url.hostname == MICROSOFT and url.path.strip("/").partition("/")[0].lower() in _NOBODYS:
        raise ValueError(f"{written!r} would let every account of the world in; write the school's own tenant id")
    return written.rstrip("/") if url.path == "/" else written


Issuer = Annotated[str, AfterValidator(_issuer)]
Domain = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", max_length=253)]


class SignOnEntry(BaseModel):
    """An issuer of OpenID Connect. An address of ``domain`` is the login before its @; ``logins`` name others.

    ``client_secret_file`` is relative to the folder above config/. ``must`` are claims that have to have these values;
    Google's ``hd`` and Microsoft's ``tid`` are asked for without being named.
    """

    model_config = STRICT

    issuer: Issuer
    client_id: Words
    client_secret_file: FilePath
    domain: Domain
    claim: Literal["email", "preferred_username"] = "email"
    must: dict[str, str] = {}
    logins: dict[str, Words] = {}
    title: Annotated[str, Field(max_length=60)] = ""  # of the button; Google and Microsoft have theirs

    @property
    def name(self) -> str:
        """What people call it."""
        host = urlsplit(self.issuer).hostname or ""
        return self.title or {GOOGLE: "Google", MICROSOFT: "Microsoft"}.get(host, host)

    @property
    def claims(self) -> dict[str, str]:
        """The claims that have to have a value: those of ``must``, and whose account it has to be."""
        url = urlsplit(self.issuer)
        own: dict[str, str] = {}
        if url.hostname == GOOGLE:
            own = {"hd": self.domain}
        elif url.hostname == MICROSOFT:
            own = {"tid": url.path.strip("/").partition("/")[0]}
        return own | self.must

    def login_of(self, address: str) -> str:
        """The login of an address, or "" where it is of another domain and nothing names it.

        Letters that only look alike after folding (the Kelvin sign is no K) make nobody's address.
        """
        folded = address.strip().casefold()
        named = next((login for each, login in self.logins.items() if each.casefold() == folded), "")
        local, _, domain = folded.rpartition("@")
        return named or (local if domain == self.domain.casefold() and address.isascii() else "")
