"""Asks the school's LDAP directory (Active Directory and others) whether a password is right; never in plain text."""

import asyncio
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schoolgate.passwords import LOGIN, LONGEST
from schoolgate.settings.identity_models import DirectoryEntry

_WITHIN = 5  # seconds; ldap3 takes no fractions
_OF_ANOTHER_DOMAIN = frozenset("@\\/")
_WRONG = frozenset({32, 34, 48, 49})  # RFC 4511, A.1: no such name, no name, no password set, another password
_AT_ONCE, _PATIENCE = 8, 12.0
_REST = 5.0  # seconds in which a directory that was silent is not asked again, as everybody would wait for it
_TELL_AGAIN = 600.0  # seconds


class NoAnswer(Exception):
    """The directory could not be asked, so nobody is believed; the words say why."""


class Silent(NoAnswer):
    """It was not heard from at all, whoever was asked about."""


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory; ``root`` is the folder that a relative ``ca`` begins at."""

    entry: DirectoryEntry
    root: Path

    def is_right(self, login: str, password: str) -> bool:
        """Whether the directory lets this login in with this password. Raises NoAnswer.

        Without a password a directory lets everybody in as nobody (RFC 4513, 5.1.2), so it is not asked then.
        """
        import ldap3  # here, as it takes time that only schools with a directory need to spend
        from ldap3.core.exceptions import LDAPException
        from ldap3.core.results import RESULT_SUCCESS

        name = name_of(self.entry.name, login)
        if name is None or not password or len(password) > LONGEST:
            return False
        try:
            connection = ldap3.Connection(
                self._server(ldap3), user=name, password=password, receive_timeout=_WITHIN, auto_referrals=False
            )
            connection.open(read_server_info=False)
            try:
                if self.entry.security == "starttls" and not connection.start_tls(read_server_info=False):
                    raise Silent(f"{self.entry.server} does not do StartTLS")
                connection.bind(read_server_info=False)
                code, said = connection.result["result"], connection.result["description"]
            finally:
                connection.unbind()
        except (LDAPException, OSError) as error:
            raise Silent(f"{self.entry.server} cannot be asked: {error}") from error
        if code != RESULT_SUCCESS and code not in _WRONG:
            raise NoAnswer(f"{self.entry.server} answers {said}")
        return bool(code == RESULT_SUCCESS)

    def _server(self, ldap3: Any) -> Any:
        ca = str(self.root / self.entry.ca) if self.entry.ca else None
        tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, version=ssl.PROTOCOL_TLS_CLIENT, ca_certs_file=ca)
        return ldap3.Server(self.entry.server, tls=tls, get_info=ldap3.NONE, connect_timeout=_WITHIN)


class Inquiries:
    """Asks directories off the loop, in threads of its own: one that hangs holds up nothing but logins.

    ``tell`` hears of what went wrong, of the same not more than once in ten minutes.
    """

    def __init__(self, tell: Callable[[Exception], object]) -> None:
        self._tell = tell
        self._threads = ThreadPoolExecutor(_AT_ONCE, "directory")
        self._silent: tuple[Directory, float, str] | None = None
        self._told: dict[str, float] = {}

    async def is_right(self, directory: Directory, login: str, password: str) -> bool:
        """As ``Directory.is_right``; at once where it was silent just now. Raises NoAnswer."""
        asking = asyncio.get_running_loop().run_in_executor(self._threads, self._ask, directory, login, password)
        try:
            return await asyncio.wait_for(asking, _PATIENCE)
        except (NoAnswer, TimeoutError) as error:
            slow = Silent(f"{directory.entry.server} did not answer within {_PATIENCE:.0f} seconds")
            wrong = error if isinstance(error, NoAnswer) else slow
            if isinstance(wrong, Silent) and not self._rests(directory):
                self._silent = (directory, time.monotonic() + _REST, str(wrong))
            if self._told.get(str(wrong), 0.0) <= time.monotonic():
                self._told = {**self._told, str(wrong): time.monotonic() + _TELL_AGAIN} if len(self._told) < 100 else {}
                self._tell(type(wrong)(str(wrong)))  # the words, without the way through the code
            raise wrong from None

    def _ask(self, directory: Directory, login: str, password: str) -> bool:
        if self._silent is not None and self._rests(directory):
            raise Silent(self._silent[2])
        return directory.is_right(login, password)

    def _rests(self, directory: Directory) -> bool:
        return self._silent is not None and self._silent[0] == directory and time.monotonic() < self._silent[1]


def name_of(form: str, login: str) -> str | None:
    """What the directory calls a login, None where it can be none.

    One login has one spelling but for capitals. Directories take letters for the same that have other signs above them
    or none (Active Directory), and leave out signs that nobody sees (RFC 4518, 2.2), so it has ASCII letters alone.
    """
    if not LOGIN.fullmatch(login) or not login.isascii() or not login.isprintable():
        return None
    if "=" in form:
        from ldap3.utils.dn import escape_rdn

        return form.replace("{user}", escape_rdn(login))
    return None if set(login) & _OF_ANOTHER_DOMAIN else form.replace("{user}", login)
