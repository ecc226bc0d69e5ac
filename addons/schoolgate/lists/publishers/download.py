"""Fetches one list from its publisher, and never believes that what arrives is whole or of the size it should be.

The answer is streamed to a ``Partial``; when it breaks off, the rest is asked for (RFC 9110, 14) with growing pauses.
"""

import asyncio
import errno
import shutil
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import httpx2

from schoolgate.lists.publishers.partial import Partial, header
from schoolgate.lists.publishers.publisher import Broken, Failed, answer, patiently, refusal, size, trouble
from schoolgate.lists.publishers.publisher import Terms as Terms  # those who ask for a download say on which terms
from schoolgate.lists.publishers.remote import Remote

_PIECE = 1 << 16
DISK_FULL = "the disk is full; make room on it, and the list is fetched again"
_UNPACKED_HERE = frozenset({"gzip", "deflate"})


@dataclass(frozen=True, slots=True)
class Validators:
    """The publisher's words for one version of the file: its ETags, any of which is current, and its date."""

    etags: tuple[str, ...] = ()
    modified: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole file, not judged yet."""

    path: Path
    etag: str | None
    modified: str | None


@dataclass(frozen=True, slots=True)
class Current:
    """The publisher has nothing newer; ``etag`` says what it has, where it says so."""

    etag: str | None


Tell = Callable[[int, int | None], None]
"""Is told the bytes so far and in all (None: not known)."""


async def fetch(
    client: httpx2.AsyncClient, remote: Remote, partial: Partial, known: Validators, terms: Terms, tell: Tell
) -> Fetched | Current:
    """Fetch the whole file into ``partial``, unless the publisher says that ``known`` is current. Raises Failed."""
    try:
        async with asyncio.timeout(terms.overall):
            return await patiently(lambda: _try(client, remote, partial, known, terms, tell), terms)
    except Broken as broken:  # enough tries for now
        raise Failed(str(broken), broken.wait) from broken
    except TimeoutError as error:
        raise Failed(
            f"it was not finished within {terms.overall:g} seconds; what arrived is kept and the rest asked for later"
        ) from error
    except OSError as error:
        raise Failed(DISK_FULL if is_full(error) else f"the disk does not do what it should ({error})") from error


async def _try(
    client: httpx2.AsyncClient, remote: Remote, partial: Partial, known: Validators, terms: Terms, tell: Tell
) -> Fetched | Current:
    offer = partial.offer()
    if offer:
        conditions = {"Range": f"bytes={offer[0]}-", "If-Range": offer[1]}
    else:
        conditions = {"If-None-Match": ", ".join(known.etags), "If-Modified-Since": known.modified or ""}
    conditions = {name: value for name, value in conditions.items() if value}
    async with answer(client, remote.url, conditions, terms) as response:
        etag, modified = header(response.headers, "etag"), header(response.headers, "last-modified")
        if response.status_code == 304 and conditions and not offer:
            return Current(etag)
        body = _accept(response, partial, offer[0] if offer else 0, remote)
        try:
            await _receive(response, partial, body, terms, tell)
        except _Useless as useless:
            partial.discard()
            raise useless.failed from useless
        return Fetched(partial.path, etag, modified)


@dataclass(frozen=True, slots=True)
class _Body:
    """What the answer's body must be: ``promised`` bytes on the way (None: not said), packed or not.

    It goes behind the first ``start`` bytes of a file of ``total`` bytes (None: not said), of ``largest`` at most.
    """

    start: int
    total: int | None
    promised: int | None
    largest: int
    packed: bool


class _Useless(Exception):
    """What arrived is no part of the list, and nothing can be added to it."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(str(failed))
        self.failed = failed


def _accept(response: httpx2.Response, partial: Partial, start: int, remote: Remote) -> _Body:
    """Make ``partial`` ready for the body. Raises Failed."""
    packed, promised = _is_packed(response, remote), _length(response)
    if response.status_code == 200:
        body = _Body(0, None if packed else promised, promised, remote.largest, packed)
        partial.begin(response.headers, body.total, packed=packed)
    elif response.status_code in (206, 416):
        total = partial.go_on(response.headers, start) if response.status_code == 206 and not packed else None
        if total is None:
            partial.discard()
            raise Broken("the publisher could not go on with a download that had broken off", wait=0)
        body = _Body(start, total, promised, remote.largest, packed)
    else:
        raise refusal(response)
    if (body.total or 0) > remote.largest:
        partial.discard()
        raise Failed(f"the list has {size(body.total or 0)}, where at most {size(remote.largest)} are allowed")
    free = shutil.disk_usage(partial.path.parent).free
    if body.total is not None and body.total - body.start > free:
        partial.discard()
        raise Failed(f"the disk has {size(free)} free and the list has {size(body.total)}; make room on it")
    return body


async def _receive(response: httpx2.Response, partial: Partial, body: _Body, terms: Terms, tell: Tell) -> None:
    """Write the body to the disk, watching its size and its pace. Raises Failed, _Useless."""
    done, pace = body.start, _Pace(terms)
    pieces = response.aiter_bytes(_PIECE) if body.packed else response.aiter_raw()
    try:
        with partial.path.open("ab", buffering=0) as file:
            async with aclosing(pieces):
                async for piece in pieces:
                    done += file.write(piece)
                    tell(done, body.total)
                    pace.check(response.num_bytes_downloaded)
                    _check_size(max(done, response.num_bytes_downloaded), body)
                    if done - body.start == body.promised and not body.packed:
                        await _expect_end(response)
    except httpx2.HTTPError as error:
        raise trouble(error, done, body.total, terms) from error
    except OSError as error:
        raise _disk(error) from error
    got = response.num_bytes_downloaded
    if (body.promised is not None and got != body.promised) or (body.total is not None and done != body.total):
        raise _Useless(Broken(f"the publisher promised {body.total or body.promised:,} bytes and sent {done:,}"))


def _check_size(number: int, body: _Body) -> None:
    if number > body.largest:
        raise _Useless(Failed(f"the list is larger than {size(body.largest)}, the most that is allowed"))


async def _expect_end(response: httpx2.Response) -> None:
    """Look whether more follows than was promised; HTTP itself would cut the list off there without a word.

    What came in the same piece as the promised end (up to 64 kB) cannot be seen from here.
    """
    stream = response.extensions["network_stream"]
    try:
        surplus = await stream.read(1, timeout=0.2)
    except Exception:  # silence, or an end of some kind
        return
    if surplus and "transfer-encoding" not in response.headers:
        raise _Useless(Broken("the publisher sent more than it promised, so the list's end is not known"))


class _Pace:
    """Notices a publisher that sends so slowly that the download would never end."""

    def __init__(self, terms: Terms) -> None:
        self._terms, self._since, self._had = terms, time.monotonic(), 0

    def check(self, got: int) -> None:
        elapsed = time.monotonic() - self._since
        if elapsed >= self._terms.window:
            if got - self._had < self._terms.lowest_rate * elapsed:
                raise Failed(f"the publisher sent only {(got - self._had) / elapsed:.0f} bytes a second")
            self._since, self._had = time.monotonic(), got


def _is_packed(response: httpx2.Response, remote: Remote) -> bool:
    """Whether the body is packed for the way. Raises Failed for a packing that cannot be undone step by step.

    Servers say "gzip" of a ``.tar.gz`` too; there it is no packing for the way but the file itself.
    """
    coding = response.headers.get("content-encoding", "").strip().lower()
    archive = httpx2.URL(remote.url).path.endswith((".gz", ".tgz"))
    if coding in ("", "identity") or (archive and coding in ("gzip", "x-gzip")):
        return False
    if coding not in _UNPACKED_HERE:
        raise Failed(f"the publisher packed the list in a way that was not asked for ({coding[:40]})")
    if _length(response) is None and "transfer-encoding" not in response.headers:
        raise Failed("the publisher packed the list and does not say where it ends")  # zlib would not miss a lost end
    return True


def _disk(error: OSError) -> Failed | _Useless:
    if is_full(error):  # the record of the school needs the room more than half a list does
        return _Useless(Failed(DISK_FULL))
    return Failed(f"the list could not be written to the disk ({error.strerror})")


def is_full(error: OSError) -> bool:
    """Whether the disk, or what this user may take of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _length(response: httpx2.Response) -> int | None:
    text = response.headers.get("content-length", "")
    return int(text) if text.isdecimal() else None
