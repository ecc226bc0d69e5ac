"""Whether the school's authority can be relied on, its key is secret, and the console's certificate is good."""

import socket
import ssl
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from schoolgate.doctor.finding import Finding, good, skipped, wrong
from schoolgate.settings.load import Settings

_AUTHORITY_SOON, _CONSOLE_SOON = timedelta(days=60), timedelta(days=14)
_WITHIN = 10.0  # seconds


def authority(settings: Settings) -> Iterator[Finding]:
    """The certificate that devices trust, the one in use, and the folder of keys."""
    public, used = settings.data / "schoolgate-ca.crt", settings.data / "ca" / "mitmproxy-ca-cert.pem"
    try:
        certificate = x509.load_pem_x509_certificate(public.read_bytes())
        in_use = x509.load_pem_x509_certificate(used.read_bytes())
    except (OSError, ValueError) as error:
        words = f"{public} or {used} cannot be read: {error}."
        yield wrong("certificate", words, "Put it back from a backup, or restart the gateway, which makes a new one.")
        return
    until, now = certificate.not_valid_after_utc, datetime.now(UTC)
    if certificate != in_use:
        words = "Devices are given another certificate than the one in use."
        yield wrong("certificate", words, "Restart the gateway, and fetch the certificate from it again.")
    elif until < now:
        words = f"It ended on {until:%Y-%m-%d}: pages over https fail."
        yield wrong(
            "certificate", words, "Move var/ca away, restart the gateway, and install the new one on the devices."
        )
    elif until - now < _AUTHORITY_SOON:
        words = f"It ends on {until:%Y-%m-%d}."
        yield wrong("certificate", words, "Plan to install a new one on the devices before then.")
    else:
        yield good("certificate", f"It is good until {until:%Y-%m-%d}.")
    yield from keys(settings)


def keys(settings: Settings) -> Iterator[Finding]:
    """Whether anybody but the gateway's user can read a key."""
    try:
        folders = [settings.data / "ca", settings.data / "keys"]
        open_to_others = [path for folder in folders for path in _files(folder) if _is_open(path)]
    except OSError as error:
        yield wrong(
            "keys", f"{error.filename}: {error.strerror}.", "See that the folder belongs to the gateway's user."
        )
        return
    if open_to_others:
        names = ", ".join(str(path) for path in open_to_others[:4])
        yield wrong("keys", f"Others on this machine can read {names}.", f"chmod 600 {names}")
    else:
        yield good("keys", "Only the gateway's user can read its keys.")


def _files(folder: Path) -> list[Path]:
    """What is a key or holds one; a folder that nobody else may enter guards all that is in it."""
    if not folder.is_dir() or not stat.S_IMODE(folder.stat().st_mode) & 0o011:
        own = folder / "mitmproxy-ca.pem"
        return [own] if own.exists() else []
    return [path for path in sorted(folder.iterdir()) if path.is_file()]


def _is_open(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def console(settings: Settings) -> Iterator[Finding]:
    """The certificate of the address under which people reach the console, where the school names one."""
    url = urlsplit(settings.school.console_url or "")
    if url.scheme != "https" or not url.hostname:
        yield skipped("console certificate", "config/school.yaml names no console_url with https.")
        return
    place = f"{url.hostname}:{url.port or 443}"
    try:
        context = ssl.create_default_context()
        if settings.school.upstream_ca:
            context.load_verify_locations(settings.folders.root / settings.school.upstream_ca)
        with (
            socket.create_connection((url.hostname, url.port or 443), _WITHIN) as raw,
            context.wrap_socket(raw, server_hostname=url.hostname) as secured,
        ):
            der = secured.getpeercert(binary_form=True) or b""
        until = x509.load_der_x509_certificate(der).not_valid_after_utc
    except (OSError, ValueError) as error:
        words = f"{place} shows no certificate that a browser believes: {error}."
        yield wrong("console certificate", words, "Renew it at the web server that stands before the console.")
        return
    if until - datetime.now(UTC) < _CONSOLE_SOON:
        yield wrong("console certificate", f"That of {place} ends on {until:%Y-%m-%d}.", "Renew it before then.")
    else:
        yield good("console certificate", f"That of {place} is good until {until:%Y-%m-%d}.")
