"""Logging in by the word of the school's Google or Microsoft account, for those whom a file of the school names."""

import base64
import hashlib
import hmac
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.responses import Response

from schoolgate.access import Account, Way, names_of
from schoolgate.console.entry import Refused, Visitor, address_of, is_encrypted, network_of
from schoolgate.console.login import next_page, slow_words, welcome
from schoolgate.console.oidc import NotBelieved, Unreachable, address_in
from schoolgate.console.oidc import address_of as address_at_issuer
from schoolgate.console.round_trip import HOLDS
from schoolgate.settings.sign_on import SignOnEntry

log = logging.getLogger("schoolgate")

BACK = "/sign-on/back"
_PATIENCE = 2.0  # seconds
_INSTEAD = "You can log in with your password instead, if you have one."


def leave(visitor: Visitor) -> Response:
    """On to the issuer."""
    entry, desk = _entry(visitor), visitor.desk.sign_on
    if visitor.may("SOMEONE"):
        return visitor.go(next_page(visitor.query))
    cookie = desk.begin(next_page(visitor.query))
    challenge = hashlib.sha256(desk.derived(entry, cookie, "verifier").encode()).digest()
    given = {name: desk.derived(entry, cookie, name) for name in ("state", "nonce")} | {
        "redirect_uri": _back(visitor),
        "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    try:
        with _turn(visitor):
            places = desk.issuer.places(visitor.settings, entry)
    except Unreachable as error:
        raise _unreachable(entry, error) from None
    answer = visitor.go(address_at_issuer(places, entry, given))
    secure = is_encrypted(visitor.request)
    answer.set_cookie(_cookie(visitor), cookie, HOLDS, path="/", httponly=True, samesite="lax", secure=secure)
    return answer


def come_back(visitor: Visitor) -> Response:
    """What the issuer says of somebody, held against the school's files."""
    entry, query, address = _entry(visitor), visitor.query, address_of(visitor.request)
    onward = _onward(visitor, entry)
    if query.secret("error"):
        log.info("console: %s sent somebody back: %s", entry.issuer, query.line("error"))
        raise Refused(403, f"{entry.name} did not log you in. Try again. {_INSTEAD}")
    network = network_of(address)
    wait = visitor.desk.by_address.wait(network)
    if wait > 0:
        raise Refused(429, slow_words(wait).replace("wrong passwords", "logins that failed"))
    visitor.desk.by_address.begin(network)
    try:
        with _turn(visitor):
            login = _prove(visitor, entry)
    except Unreachable as error:
        visitor.desk.by_address.forgive(network)
        raise _unreachable(entry, error) from None
    except NotBelieved as error:
        log.warning("console: what %s said at %s was not believed: %s", entry.issuer, address, error)
        raise Refused(403, f"What {entry.name} said does not prove who you are, so nobody was logged in.") from None
    visitor.desk.by_address.forgive(network)
    account = _named(visitor, login)
    if account is None or not (account.staff or account.roles):
        words = f"{entry.name} knows you, but your account has no part in the console: no file of the school names it."
        raise Refused(403, f"{words} Ask the technician, and say which address you logged in with.")
    answer = visitor.go(onward)
    answer.delete_cookie(
        _cookie(visitor), path="/", httponly=True, samesite="lax", secure=is_encrypted(visitor.request)
    )
    return welcome(visitor, account, Way.SIGN_ON, answer)


def _onward(visitor: Visitor, entry: SignOnEntry) -> str:
    """Where to go on, if it is the browser that left. Raises Refused."""
    desk, cookie = visitor.desk.sign_on, visitor.request.cookies.get(_cookie(visitor), "")
    state = desk.derived(entry, cookie, "state")
    if not cookie or not hmac.compare_digest(visitor.query.secret("state").encode(), state.encode()):
        raise Refused(
            403, "This login did not begin in this browser, so nobody was logged in. Begin at the login page."
        )
    try:
        return desk.come_back(cookie)
    except ValueError:
        raise Refused(403, "This login took too long, or was used already. Begin again at the login page.") from None


def _prove(visitor: Visitor, entry: SignOnEntry) -> str:
    """The login that the issuer vouches for. Raises NotBelieved and Unreachable."""
    desk, query, settings = visitor.desk.sign_on, visitor.query, visitor.settings
    cookie, named = visitor.request.cookies.get(_cookie(visitor), ""), query.secret("iss")
    if (named and named != entry.issuer) or (not named and desk.issuer.places(settings, entry).names_itself):
        raise NotBelieved(f"it came back from another issuer ({named[:100]!r})")
    verifier = desk.derived(entry, cookie, "verifier")
    given = {"code": query.secret("code")[:4096], "code_verifier": verifier, "redirect_uri": _back(visitor)}
    token = desk.issuer.redeem(settings, entry, given)
    nonce = desk.derived(entry, cookie, "nonce")
    return entry.login_of(address_in(entry, desk.issuer.believed(settings, entry, token, nonce, desk.now())))


def _named(visitor: Visitor, login: str) -> Account | None:
    """The account of a login that a file of the school names; None for any other."""
    settings, folded = visitor.settings, login.casefold()
    known = (each for each in names_of(settings, visitor.desk.pseudonyms).values() if each.casefold() == folded)
    found = next(known, None) if login else None
    return visitor.desk.account(found) if found else None


@contextmanager
def _turn(visitor: Visitor) -> Iterator[None]:
    """Few are asked about at once, so that an issuer that is slow holds up no other screen. Raises Refused."""
    asking = visitor.desk.sign_on.asking
    if not asking.acquire(timeout=_PATIENCE):
        raise Refused(503, f"Very many people are logging in at this moment. Try again in a minute. {_INSTEAD}")
    try:
        yield
    finally:
        asking.release()


def _entry(visitor: Visitor) -> SignOnEntry:
    entry = visitor.settings.school.sign_on
    if entry is None:
        raise Refused(404, "This school logs in with passwords only.")
    return entry


def _unreachable(entry: SignOnEntry, error: Unreachable) -> Refused:
    log.warning("console: %s cannot be asked who somebody is: %s", entry.issuer, error)
    return Refused(502, f"{entry.name} does not answer at the moment, so it cannot say who you are. {_INSTEAD}")


def _back(visitor: Visitor) -> str:
    return f"{visitor.settings.console_url}{BACK}"


def _cookie(visitor: Visitor) -> str:
    return "__Host-schoolgate-sign-on" if is_encrypted(visitor.request) else "schoolgate-sign-on"
