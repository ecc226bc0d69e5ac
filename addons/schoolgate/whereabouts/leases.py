"""Reads what DHCP servers note of who has which address: dnsmasq, Kea and ISC dhcpd, each in its own form.

A line that cannot be read is passed over: servers append while this is read, and disks fill up.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from schoolgate.policy.whereabouts import Hold, Source, mac_address

APPENDED = frozenset({"kea", "isc"})
"""Files that only grow, so that what was read of one holds, however busy the server is; dnsmasq writes its anew."""
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
_KEA_PARTS = (".completed", ".2", ".1", "")
"""Kea's cleaning up moves older leases aside (``kea-lfc``); the newest file is read last, as its lines win."""
_ISC_BLOCKS = re.compile(r"^(?=lease |ia-[a-z]+ )", re.MULTILINE)
_ISC_LEASE = re.compile(r"lease\s+(\S+)\s*\{(.*?)(^\}|\Z)", re.MULTILINE | re.DOTALL)
_ISC_CLIENT = re.compile(r'ia-[nt]a\s+("(?:[^"\\\n]|\\.)*"|[0-9a-fA-F:]+)\s*\{')
_ISC_SIX = re.compile(r"^\s*iaaddr\s+(\S+)\s*\{(.*?)(^\s*\}|\Z)", re.MULTILINE | re.DOTALL)
_ISC_WORD = re.compile(r"^\s*(starts|ends|hardware ethernet|client-hostname|binding state)\s+(.*?);", re.MULTILINE)
_MOST_BYTES = 64 * 1024 * 1024


def read_leases(kind: str, path: Path, now: datetime) -> tuple[Hold, ...]:
    """What holds at ``now``, each address once: of what is written of it, the last counts. Raises OSError."""
    return tuple(hold for hold in _KINDS[kind](path, now) if hold.since <= now < hold.until)


def _dnsmasq(path: Path, now: datetime) -> Iterable[Hold]:
    """Lines of ``expiry MAC address name client-id``; for IPv6 the client's DUID may hold the MAC."""
    found: dict[object, Hold] = {}
    for line in _text(path).splitlines(keepends=True):
        words = line.split()
        if len(words) != 5 or not words[0].isdecimal() or not line.endswith("\n"):
            continue
        mac = _mac(words[1]) or mac_of_duid(words[4])
        until = FOREVER if words[0] == "0" else _at(words[0])
        name = "" if words[3] == "*" else words[3]
        _note(found, words[2], mac, now, until, name)
    return found.values()


def _kea(path: Path, now: datetime) -> Iterable[Hold]:
    """CSV with a head; a lifetime of 0 or a state other than 0 means that the lease is no more."""
    found: dict[object, Hold] = {}
    parts = [part for end in _KEA_PARTS if (part := path.with_name(path.name + end)).exists() or not end]
    for part in parts:
        lines = (line for line in _text(part).split("\n")[:-1])  # what has no end is being written
        for row in csv.DictReader(lines, quoting=csv.QUOTE_NONE):  # Kea quotes nothing, devices' names may
            address, length, end = row.get("address"), row.get("valid_lifetime"), row.get("expire")
            if not (address and length and end and length.isdecimal() and end.isdecimal()):
                continue
            mac = _mac(row.get("hwaddr") or "") or mac_of_duid(row.get("duid") or "")
            name = (row.get("hostname") or "").replace("&#x2c", ",").rstrip(".")
            alive = length != "0" and row.get("state") == "0"
            began = min(now, _at(str(int(end) - int(length))))
            _note(found, address, mac if alive else None, began, _at(end), name)
    return found.values()


def _isc(path: Path, now: datetime) -> Iterable[Hold]:
    """Blocks of ``lease ADDRESS {...}``, and for IPv6 of ``ia-na CLIENT {... iaaddr ADDRESS {...}}``.

    The last word on an address counts. Of a block that breaks off it is only known that the address is no more whose
    it was.
    """
    found: dict[object, Hold] = {}
    for block in _ISC_BLOCKS.split(_text(path)):
        if (lease := _ISC_LEASE.match(block)) is not None:
            words = dict(_ISC_WORD.findall(lease[2]))
            mac = _mac(words.get("hardware ethernet", "")) if lease[3] else None
            _note_isc(found, lease[1], mac, words, words.get("starts", ""), now)
        elif (client := _ISC_CLIENT.match(block)) is not None:
            mac = mac_of_duid(_isc_octets(client[1])[4:].hex())  # after four octets that number the interface
            for address, body, end in _ISC_SIX.findall(block):
                words = dict(_ISC_WORD.findall(body))
                _note_isc(found, address, mac if end else None, words, f"epoch {now.timestamp():.0f}", now)
    return found.values()


def _note_isc(
    found: dict[object, Hold], address: str, mac: str | None, words: dict[str, str], starts: str, now: datetime
) -> None:
    began, until = _isc_time(starts), _isc_time(words.get("ends", ""))
    if began is None or until is None or words.get("binding state") != "active":
        mac = None
    _note(found, address, mac, min(began or now, now), until or now, words.get("client-hostname", "").strip('"'))


def _isc_octets(written: str) -> bytes:
    """Octets as ISC dhcpd writes them: in hexadecimal, or between quotes with ``\\ooo`` for what is no letter."""
    if not written.startswith('"'):
        return bytes(int(part, 16) & 255 for part in written.split(":") if part)
    parts = re.findall(r"\\([0-7]{3})|\\?(.)", written[1:-1])
    return bytes(int(octal, 8) & 255 if octal else ord(letter) & 255 for octal, letter in parts)


_KINDS: dict[str, Callable[[Path, datetime], Iterable[Hold]]] = {"dnsmasq": _dnsmasq, "kea": _kea, "isc": _isc}


def _note(
    found: dict[object, Hold], address: str, mac: str | None, since: datetime, until: datetime, name: str
) -> None:
    """The newest word on an address; without a MAC the address is nobody's."""
    try:
        key = ip_address(address)
    except ValueError:
        return
    found.pop(key, None)
    if mac is not None:
        found[key] = Hold(key, mac, since, until, Source.LEASE, name[:255])


def mac_of_duid(duid: str) -> str | None:
    """The MAC inside a DHCPv6 client's identifier of the kinds that hold one (RFC 8415: DUID-LLT, DUID-LL)."""
    digits = duid.replace(":", "").lower()
    if re.fullmatch(r"00010001[0-9a-f]{8}[0-9a-f]{12}", digits) or re.fullmatch(r"00030001[0-9a-f]{12}", digits):
        return mac_address(digits[-12:])
    return None


def first_seen(holds: Iterable[Hold], before: Iterable[Hold]) -> Iterator[Hold]:
    """The same holds, each since it was first seen: a lease that is renewed is not a new one."""
    known = {(hold.address, hold.mac, hold.source): hold.since for hold in before}
    for hold in holds:
        since = known.get((hold.address, hold.mac, hold.source), hold.since)
        yield replace(hold, since=since) if since < hold.since else hold


def _mac(text: str) -> str | None:
    """A MAC and nothing more: longer addresses are of other kinds of networks."""
    return mac_address(text) if len(text) == len("02:00:00:00:00:0a") else None


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES).decode("utf-8", "replace")


def _at(seconds: str) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=min(int(seconds), 200_000_000_000))


def _isc_time(text: str) -> datetime | None:
    """``4 2026/11/26 12:00:00`` (UTC), ``epoch 1795694400`` or ``never``."""
    if text.strip() == "never":
        return FOREVER
    match = re.match(r"\s*epoch\s+(\d+)", text)
    if match:
        return _at(match[1])
    try:
        return datetime.strptime(text.strip().partition(" ")[2], "%Y/%m/%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
