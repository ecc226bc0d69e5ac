"""What a school says of a list that its publisher keeps: where it is, and how often it may be asked for."""

import re
from dataclasses import dataclass
from datetime import timedelta

import can_ada

MIB = 1 << 20
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


def check_address(text: str) -> None:
    """Raises ValueError for the address of a list that is not http(s), or carries a name and password."""
    try:
        url = can_ada.parse(text)
    except (ValueError, TypeError):
        raise ValueError(f"{text!r} is not an address") from None
    if url.protocol not in ("http:", "https:") or not url.hostname:
        raise ValueError(f"{text!r}: lists are fetched from http:// and https:// addresses only")
    if url.username or url.password:
        raise ValueError(f"{url.hostname}: the address of a list carries no name and password")


@dataclass(frozen=True, slots=True)
class Remote:
    """A list that its publisher keeps: where, in which format, and how often it may be asked for.

    ``sha256`` is 64 hex digits that the file must have, or the address of a checksum file (lines of sha256sum or
    md5sum). ``largest`` is in bytes, as downloaded; ``folder`` is the part of an archive that is meant;
    ``licence`` is for people. Raises ValueError for a name or an address that cannot be.
    """

    name: str
    url: str
    format: str
    refresh: timedelta
    sha256: str | None = None
    largest: int = 256 * MIB
    folder: str = ""
    licence: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} cannot name a list: use a-z, 0-9 and -, at most 64 characters")
        check_address(self.url)
        if self.sha256 is not None and not _DIGEST.fullmatch(self.sha256):
            check_address(self.sha256)
