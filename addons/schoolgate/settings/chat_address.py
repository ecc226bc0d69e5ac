"""The address of a chat channel: kept in a file of its own, as whoever knows it can write there. It is never shown."""

import logging
from importlib.util import find_spec
from pathlib import Path

HOW_TO_INSTALL = "pip install schoolgate[chat]"
_SPEAKING = ("apprise", "requests", "urllib3")
_LARGEST = 8192  # bytes
_OTHERS = 0o077


class BadAddress(Exception):
    """The file will not do; the words say why, and never what stands in it."""


def is_installed() -> bool:
    """Whether Apprise, which speaks to the channels, is there."""
    return find_spec("apprise") is not None


def silence(kept: logging.Handler | None = None) -> None:
    """What Apprise and the libraries below it would log holds the address: it goes nowhere but to ``kept``."""
    for name in _SPEAKING:
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.handlers = [kept or logging.NullHandler()]
        logger.setLevel(logging.WARNING)


def read_address(path: Path) -> str:
    """The one line of the file. Raises BadAddress."""
    try:
        if not path.is_file():
            raise BadAddress("does not exist" if not path.exists() else "is no file")
        if path.stat().st_mode & _OTHERS:
            raise BadAddress(f"can be read by others on this machine; run: chmod 600 {path.name}")
        with path.open("rb") as file:
            text = file.read(_LARGEST).decode("utf-8")
    except OSError as error:
        raise BadAddress(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadAddress("is not UTF-8 text") from None
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) != 1 or "://" not in lines[0]:
        raise BadAddress("must hold one line, the channel's address in Apprise's form, like slack://...")
    return lines[0]


def fault_of(path: Path) -> str:
    """Why the file will not do, or ""."""
    from apprise import Apprise

    try:
        address = read_address(path)
    except BadAddress as error:
        return str(error)
    silence()
    known = Apprise.instantiate(address, suppress_exceptions=True)
    return (
        "" if known else "holds no address that Apprise understands; its documentation shows the form for each service"
    )
