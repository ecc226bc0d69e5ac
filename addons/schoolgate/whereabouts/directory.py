"""Asks the school's LDAP directory (Active Directory and others) whether a password is right; never in plain text."""

import ssl
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schoolgate.passwords import LOGIN, LONGEST
from schoolgate.settings.identity_models import DirectoryEntry

_WITHIN = 5  # seconds; ldap3 takes no fractions
_OF_ANOTHER_DOMAIN = frozenset("@\\/")


class NoAnswer(Exception):
    """The directory could not be asked, so nobody is believed; the words say why."""


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
        from ldap3.core.results import RESULT_INVALID_CREDENTIALS, RESULT_SUCCESS

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
                    raise NoAnswer(f"{self.entry.server} does not do StartTLS")
                connection.bind(read_server_info=False)
                code, said = connection.result["result"], connection.result["description"]
            finally:
                connection.unbind()
        except (LDAPException, OSError) as error:
            raise NoAnswer(f"{self.entry.server} cannot be asked: {error}") from error
        if code not in (RESULT_SUCCESS, RESULT_INVALID_CREDENTIALS):
            raise NoAnswer(f"{self.entry.server} answers {said}")
        return bool(code == RESULT_SUCCESS)

    def _server(self, ldap3: Any) -> Any:
        ca = str(self.root / self.entry.ca) if self.entry.ca else None
        tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, version=ssl.PROTOCOL_TLS_CLIENT, ca_certs_file=ca)
        return ldap3.Server(self.entry.server, tls=tls, get_info=ldap3.NONE, connect_timeout=_WITHIN)


def name_of(form: str, login: str) -> str | None:
    """What the directory calls a login, None where it can be none: one login has one spelling but for capitals."""
    if not LOGIN.fullmatch(login) or unicodedata.normalize("NFKC", login) != login or not login.isprintable():
        return None
    if "=" in form:
        from ldap3.utils.dn import escape_rdn

        return form.replace("{user}", escape_rdn(login))
    return None if set(login) & _OF_ANOTHER_DOMAIN else form.replace("{user}", login)
