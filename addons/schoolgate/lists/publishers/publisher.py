"""How the gateway speaks to a publisher of lists: politely, with patience, and giving nothing of the school away.

No cookies, credentials or referrer are sent, and no answer is believed to be what was asked for.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import certifi
import httpx2

_MAY_PASS = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Terms:
    """How patient a download is: seconds, bytes and numbers of tries.

    ``overall`` holds for one file with all tries; ``lowest_rate`` (bytes a second) must be kept in every ``window``.
    ``extra_ca`` is a PEM file of authorities trusted besides certifi's, ``proxy`` the address of a proxy to go through.
    """

    connect: float = 10
    read: float = 30
    overall: float = 600
    lowest_rate: int = 1024
    window: float = 30
    tries: int = 4
    pause: float = 2
    longest_pause: float = 60
    redirects: int = 5
    hosts: int = 3
    extra_ca: Path | None = None
    proxy: str | None = None


class Failed(Exception):
    """The download failed; the message is for people. ``wait`` (seconds) is what the publisher asked for, if it did."""

    def __init__(self, words: str, wait: float | None = None) -> None:
        super().__init__(words)
        self.wait = wait


class Broken(Failed):
    """Failed in a way that another try may mend."""


def address(text: str) -> httpx2.URL:
    """Read the address of a list. Raises ValueError for what is not http(s), or carries a name and password."""
    try:
        url = httpx2.URL(text)
    except (httpx2.InvalidURL, TypeError) as error:
        raise ValueError(f"{text!r} is not an address: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"{text!r}: lists are fetched from http:// and https:// addresses only")
    if url.userinfo:
        raise ValueError(f"{url.host}: the address of a list carries no name and password")
    return url


@asynccontextmanager
async def open_client(terms: Terms) -> AsyncIterator[httpx2.AsyncClient]:
    """The one client of an update. Sites' certificates are checked with certifi, and ``terms.extra_ca``."""
    trust = ssl.create_default_context(cafile=certifi.where())
    if terms.extra_ca is not None:
        trust.load_verify_locations(cafile=terms.extra_ca)
    headers = {
        "User-Agent": f"schoolgate/{_version()} (+school web filter list update)",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",  # nothing that follows one answer can be taken for the next one
    }
    async with httpx2.AsyncClient(
        verify=trust,
        trust_env=False,
        proxy=terms.proxy,
        headers=headers,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        timeout=httpx2.Timeout(terms.read, connect=terms.connect),
    ) as client:
        yield client


def _version() -> str:
    try:
        return version("schoolgate")
    except PackageNotFoundError:
        return "0"


async def patiently[T](attempt: Callable[[], Awaitable[T]], terms: Terms) -> T:
    """Try until it works, at most ``terms.tries`` times with pauses that double. Raises Failed."""
    for number in range(terms.tries):
        try:
            return await attempt()
        except Broken as broken:
            pause = terms.pause * 2**number if broken.wait is None else broken.wait
            if number + 1 >= terms.tries or pause > terms.longest_pause:
                raise
            await asyncio.sleep(pause)
    raise Failed("no try was allowed")


async def read_small(client: httpx2.AsyncClient, url: str, terms: Terms, largest: int = 1 << 20) -> str:
    """The text of a small file beside a list, such as its checksums. Raises Failed."""
    async with answer(client, url, {}, terms) as response:
        if response.status_code != 200:
            raise refusal(response)
        data = bytearray()
        try:
            async for piece in response.aiter_bytes(1 << 16):
                data += piece
                if len(data) > largest:
                    raise Failed(f"the checksum file is larger than {size(largest)}")
        except httpx2.HTTPError as error:
            raise trouble(error, len(data), None, terms) from error
    return data.decode("utf-8", "replace")


@asynccontextmanager
async def answer(
    client: httpx2.AsyncClient, url: str, headers: dict[str, str], terms: Terms
) -> AsyncIterator[httpx2.Response]:
    """Ask, and follow redirects, but not from https to http. Raises Failed."""
    at = address(url)
    for _ in range(terms.redirects + 1):
        response = await _ask(client, client.build_request("GET", at, headers=headers), terms)
        try:
            if not response.has_redirect_location:
                yield response
                return
            at = _next(response)
        finally:
            await response.aclose()
    raise Failed(f"the publisher sent us on more than {terms.redirects} times, last to {at.host}")


def _next(response: httpx2.Response) -> httpx2.URL:
    try:
        there = address(str(response.url.join(response.headers["location"])))
    except (ValueError, httpx2.InvalidURL) as error:
        raise Failed(f"the publisher sent us on to an address that lists are not fetched from ({error})") from error
    if response.url.scheme == "https" and there.scheme != "https":
        raise Failed(f"the publisher sent us on from https to http ({there.host}), where anyone could alter the list")
    return there


async def _ask(client: httpx2.AsyncClient, request: httpx2.Request, terms: Terms) -> httpx2.Response:
    try:
        async with asyncio.timeout(terms.connect + terms.read):
            return await client.send(request, stream=True)
    except httpx2.HTTPError as error:
        raise trouble(error, 0, None, terms) from error
    except TimeoutError as error:
        raise Broken(f"the publisher did not answer within {terms.connect + terms.read:g} seconds") from error


def trouble(error: httpx2.HTTPError, done: int, total: int | None, terms: Terms) -> Failed:
    """The library's error in words."""
    if isinstance(error, httpx2.ConnectTimeout):
        return Broken(f"the publisher could not be reached: no connection within {terms.connect:g} seconds")
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return Failed(f"the publisher's certificate is not to be trusted, or this machine's clock is wrong ({error})")
    if isinstance(error, httpx2.ConnectError):
        return Broken(f"the publisher could not be reached: {error}")
    if isinstance(error, httpx2.ReadTimeout):
        return Broken(f"the publisher fell silent for {terms.read:g} seconds")
    if isinstance(error, httpx2.DecodingError):
        return Broken(f"what the publisher sent could not be unpacked ({error})")
    if done:
        return Broken(f"the download broke off after {size(done)}" + (f" of {size(total)}" if total else ""))
    return Broken(f"the publisher's answer broke off ({error})")


def refusal(response: httpx2.Response) -> Failed:
    """An answer that brings no list, in words; Broken where it may pass."""
    status = response.status_code
    words = f"the publisher answered {status} {response.reason_phrase}".rstrip()
    if status in (404, 410):
        return Failed(f"{words}: the list is not there any more; look for its new address")
    if status not in _MAY_PASS:
        return Failed(words)
    wait = _retry_after(response.headers.get("retry-after", ""))
    return Broken(words + (f" and asks to come back in {wait:.0f} seconds" if wait else ""), wait)


def _retry_after(text: str) -> float | None:
    """Seconds that the publisher asks us to wait (a number, or a date), None where it does not say."""
    if text.strip().isdecimal():
        return float(text[:9])
    try:
        return max(0.0, (parsedate_to_datetime(text).astimezone(UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def size(number: int) -> str:
    """Bytes in words: ``1.2 MB``."""
    for unit, one in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= one:
            return f"{number / one:.1f} {unit}"
    return f"{number} bytes"
