"""Uses the gateway as a group would: a request to its proxy that says, with a proof, which group it asks for."""

import http.client
import json
import secrets
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path

from schoolgate.settings.load import Settings
from schoolgate.store.proof import HEADER, Proofs, open_proofs

_WITHIN = 20.0  # seconds
_ADDRESSES = 8  # for each worker: of eight, one is left out in one of 1,000 examinations (measured)
_BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
}


class NoAnswer(Exception):
    """The gateway did not answer as a proxy does; the words say how."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and page as a device would have got them; ``told`` is the verdict behind them, {} where none was told."""

    status: int
    page: str
    told: Mapping[str, str]

    @property
    def sent(self) -> Mapping[str, object]:
        """What the site would have got; {} where the request was answered in its place."""
        try:
            return dict(json.loads(self.page)) if self.status == 200 and self.told else {}
        except ValueError:
            return {}


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks one gateway, by its first proxy address."""

    host: str
    port: int
    source: str
    authority: Path
    proofs: Proofs

    def plain(self, group: str, host: str, target: str = "/") -> Answer:
        """Ask for a page over plain http. Raises NoAnswer."""
        with _told():
            connection = http.client.HTTPConnection(self.host, self.port, _WITHIN, (self.source, 0))
            return _get(connection, f"http://{host}{target}", {"Host": host, HEADER: self._proof(group)})

    def secure(self, group: str, host: str, target: str = "/") -> Answer:
        """The same over https, with the school's own authority as the only one that is believed. Raises NoAnswer."""
        with _told():
            context = ssl.create_default_context(cafile=str(self.authority))
            connection = http.client.HTTPSConnection(
                self.host, self.port, timeout=_WITHIN, source_address=(self.source, 0), context=context
            )
            connection.set_tunnel(host, 443, {HEADER: self._proof(group)})
            return _get(connection, target, {"Host": host})

    def hello(self, group: str, host: str) -> bool:
        """Whether TLS for a name is refused at its first message, as for devices without our authority.

        A name that is let pass would lead on to the site; for a probe the gateway answers itself. Raises NoAnswer.
        """
        with _told():
            connection = http.client.HTTPConnection(self.host, self.port, _WITHIN, (self.source, 0))
            connection.set_tunnel(host, 443, {HEADER: self._proof(group)})
            try:
                connection.connect()
                context = ssl.create_default_context(cafile=str(self.authority))
                context.wrap_socket(connection.sock, server_hostname=host).close()
            except (ssl.SSLEOFError, ConnectionError):
                return True
            finally:
                connection.close()
            return False

    def _proof(self, group: str) -> str:
        return self.proofs.of(group, time.time())


def asker_of(settings: Settings) -> Asker:
    """Who asks this gateway. Raises OSError where its key cannot be read."""
    host, port = settings.school.listen.proxy[0]
    address = None if host == "localhost" else ip_address(host)
    is_six = address is not None and address.version == 6
    here = "::1" if is_six else "127.0.0.1"
    to = here if address is None or address.is_unspecified else host
    return Asker(to, port, here, settings.data / "schoolgate-ca.crt", open_proofs(settings.data))


def ways_in(asker: Asker, workers: int) -> Iterator[tuple[str, Asker]]:
    """Ways to come to each of several workers, by name: from many addresses of this machine, to the same port.

    Which worker an address belongs to is the kernel's to say; so many at random hardly ever leave one out. A worker's
    own port is for redirected devices alone.
    """
    if workers > 1 and asker.source == "127.0.0.1":
        for _ in range(_ADDRESSES * workers):
            address = f"127.255.{secrets.randbelow(255)}.{secrets.randbelow(254) + 1}"
            yield f"the worker of {address}", replace(asker, source=address)


def _get(connection: http.client.HTTPConnection, target: str, headers: Mapping[str, str]) -> Answer:
    try:
        connection.request("GET", target, headers={**_BROWSER, **headers, "Connection": "close"})
        response = connection.getresponse()
        told = json.loads(response.headers.get(HEADER) or "{}")
        return Answer(response.status, response.read().decode("utf-8", "replace"), told)
    finally:
        connection.close()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}") from error
