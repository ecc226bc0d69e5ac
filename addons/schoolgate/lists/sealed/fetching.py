"""Downloads a feed over https, where its folder holds ``download.toml`` with an address and credentials; else never.

Credentials go to the host that the file names and to no other, so no redirect is followed. What arrives is a file like
one that a provider drops: it is taken up, or refused, by ``taking``.
"""

import json
import os
import ssl
import stat
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import certifi
import httpx2

from schoolgate.lists.sealed.feeds import known
from schoolgate.lists.sealed.reading import LARGEST
from schoolgate.lists.sealed.taking import DOWNLOAD, DOWNLOADED, folders_of

_KEYS = frozenset({"url", "user", "password", "token", "every_hours"})
_TRY_AGAIN = timedelta(minutes=30)
_STATE, _FEED = ".state.json", "feed"
_SECONDS = 30.0


class NotFetched(Exception):
    """The feed could not be fetched; the message holds neither address nor credentials."""


@dataclass(frozen=True, slots=True)
class Download:
    """Where a feed is fetched from, and with what."""

    name: str
    url: str
    every: timedelta
    user: str = ""
    password: str = ""
    token: str = ""


def downloads_of(root: Path, data: Path) -> tuple[list[Download], list[str]]:
    """What is to be fetched, and what is wrong with files that say so."""
    found, troubles = list[Download](), list[str]()
    for name, folders in folders_of(root, data).items():
        for folder in folders:
            if (folder / DOWNLOAD).is_file():
                try:
                    found.append(_read(name, folder / DOWNLOAD))
                except NotFetched as error:
                    troubles.append(f"The feed of illegal material {known(name).title} is not fetched: {error}.")
    return found, troubles


def is_due(download: Download, data: Path, now: datetime) -> bool:
    """Whether it is time to ask for a feed."""
    tried, fetched = (_state(data, download.name).get(name) for name in ("tried", "fetched"))
    if tried and not now - _TRY_AGAIN >= datetime.fromisoformat(tried):
        return False
    return not fetched or now - datetime.fromisoformat(fetched) >= download.every


def fetch(download: Download, data: Path, now: datetime, extra_ca: Path | None = None) -> None:
    """Fetch a feed, unless its publisher has nothing newer. Raises NotFetched, OSError."""
    folder = data / DOWNLOADED / download.name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = _state(data, download.name) | {"tried": now.isoformat()}
    _write_state(folder, state)
    part = folder / f"{_FEED}.part"
    try:
        validators = _ask(download, state if (folder / _FEED).exists() else {}, part, extra_ca)
        if validators is None:
            os.utime(folder / _FEED)  # confirmed: as good as new
        else:
            part.replace(folder / _FEED)
            state |= validators
    except (httpx2.HTTPError, ssl.SSLError) as error:
        raise NotFetched(f"its publisher could not be reached ({type(error).__name__})") from None
    finally:
        part.unlink(missing_ok=True)
    _write_state(folder, state | {"fetched": now.isoformat()})


def _ask(download: Download, state: dict[str, Any], part: Path, extra_ca: Path | None) -> dict[str, str] | None:
    """Write the answer into ``part``; its validators, or None where the publisher has nothing newer."""
    trust = ssl.create_default_context(cafile=certifi.where())
    if extra_ca is not None:
        trust.load_verify_locations(cafile=extra_ca)
    headers = {"Authorization": f"Bearer {download.token}"} if download.token else {}
    headers |= {"If-None-Match": state["etag"]} if state.get("etag") else {}
    login = httpx2.BasicAuth(download.user, download.password) if download.user else None
    with (
        httpx2.Client(verify=trust, trust_env=False, timeout=_SECONDS, follow_redirects=False) as client,
        client.stream("GET", download.url, headers=headers, auth=login) as response,
    ):
        if response.status_code == 304:
            return None
        if response.status_code != 200:
            raise NotFetched(f"its publisher answered {response.status_code}")
        size = 0
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for piece in response.iter_bytes():
                size += file.write(piece)
                if size > LARGEST:
                    raise NotFetched("what arrives is larger than any feed")
        return {"etag": response.headers.get("etag", "")}


def _read(name: str, path: Path) -> Download:
    """Raises NotFetched."""
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise NotFetched(f"{DOWNLOAD} holds credentials and others can read it; chmod 600 it")
        says = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise NotFetched(f"{DOWNLOAD} cannot be read") from None
    url, hours = says.get("url"), says.get("every_hours", 6)
    if unknown := sorted(says.keys() - _KEYS):
        raise NotFetched(f"{DOWNLOAD} holds {unknown[0]!r}; it may hold {', '.join(sorted(_KEYS))}")
    if not isinstance(url, str) or not url.startswith("https://"):
        raise NotFetched(f"{DOWNLOAD} needs a url that begins with https://")
    if not isinstance(hours, int | float) or not 0.5 <= hours <= 168:
        raise NotFetched(f"every_hours in {DOWNLOAD} must be from 0.5 to 168")
    texts = {key: str(says.get(key, "")) for key in ("user", "password", "token")}
    return Download(name, url, timedelta(hours=hours), **texts)


def _state(data: Path, name: str) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads((data / DOWNLOADED / name / _STATE).read_bytes())
        if isinstance(found, dict):
            return found
    return {}


def _write_state(folder: Path, state: dict[str, Any]) -> None:
    path = folder / _STATE
    path.touch(mode=0o600)
    path.write_text(json.dumps(state))
