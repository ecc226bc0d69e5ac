"""Whether the network's ways past the filter are shut, and the way out through it is open."""

import os
import re
import secrets
import socket
import struct
import subprocess
from collections import Counter
from collections.abc import Iterator

from schoolgate.doctor.finding import Finding, good, skipped, wrong
from schoolgate.gateway import nftables
from schoolgate.gateway.nftables import NoNftables
from schoolgate.gateway.redirect import TABLE, mark_of, table
from schoolgate.settings.load import Settings
from schoolgate.settings.school_models import MOST_WORKERS

_WITHIN = 10.0  # seconds
_NXDOMAIN = 3  # RFC 1035, 4.1.1


def redirected(settings: Settings) -> Iterator[Finding]:
    """Whether nftables brings devices here, and refuses QUIC and encrypted DNS."""
    school = settings.school
    if school.listen.transparent is None or not school.gateway.inside:
        words = (
            "No network is redirected here (gateway: in school.yaml); a firewall elsewhere must refuse QUIC and DoT."
        )
        yield skipped("network", words)
        return
    again = "Run 'schoolgate gateway install'."
    try:
        text = nftables.listed()
    except NoNftables as error:
        yield skipped("network", f"nftables could not be asked ({error}). Run 'schoolgate doctor' as root.")
        return
    if not text:
        words = "The nftables table is not in force: devices go past the filter or nowhere."
        yield wrong("network", words, again)
        return
    tables = (table(school, workers) for workers in range(1, MOST_WORKERS + 1))
    wanted = next((each for each in tables if mark_of(each) == mark_of(text)), None)
    if wanted is None:
        yield wrong("network", "The nftables table is of older settings.", again)
    elif changes := _changes(wanted, text):
        yield wrong("network", f"The nftables table was changed: {'; '.join(changes[:4])}.", again)
    else:
        yield good("network", "Web traffic is redirected; QUIC and DNS over TLS are refused.")


def _changes(wanted: str, listed: str) -> list[str]:
    """What rules are gone and what was added, held against the table as nft lists it where it is in force elsewhere."""
    try:
        command = ["unshare", "--net", "sh", "-c", f"nft -f - && nft list table {TABLE}"]
        path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
        done = subprocess.run(
            command, input=wanted, capture_output=True, text=True, timeout=_WITHIN, env={**os.environ, "PATH": path}
        )
        lines = done.stdout if done.returncode == 0 else ""
    except (OSError, subprocess.TimeoutExpired):
        lines = ""
    if not lines:  # no network of our own may be made here: so many rules must be there
        lacking = wanted.count(" counter ") - listed.count(" counter ")
        return [f"{lacking} rules are gone"] if lacking > 0 else []
    before, now = _rules(lines), _rules(listed)
    gone = sorted((before - now).elements(), key=lambda rule: "counter" not in rule)  # what refuses comes first
    added = (now - before).elements()
    return [*(f"'{rule}' is gone" for rule in gone), *(f"'{rule}' was added" for rule in added)]


def _rules(listed: str) -> Counter[str]:
    lines = (re.sub(r"counter packets \d+ bytes \d+", "counter", line).strip() for line in listed.splitlines())
    return Counter(line for line in lines if line not in ("", "}"))


def resolver(settings: Settings) -> Iterator[Finding]:
    """Whether the network's resolver answers, and tells browsers to leave DNS over HTTPS alone."""
    port = settings.school.listen.dns
    if port is None:
        yield skipped("resolver", "None is opened here (listen: dns in school.yaml).")
        return
    try:
        own, canary = _look_up(port, "schoolgate.local"), _look_up(port, "use-application-dns.net")
    except (OSError, struct.error) as error:
        yield wrong("resolver", f"It gives no answer: {error}.", "Restart the gateway, and see its faults.")
        return
    if own != 0:
        yield wrong("resolver", "It does not know schoolgate.local.", "Is another resolver listening at its port?")
    elif canary != _NXDOMAIN:
        words = "It does not tell Firefox to leave DNS over HTTPS alone (use-application-dns.net)."
        yield wrong("resolver", words, "Give this machine's addresses a group that is inspected in people.yaml.")
    else:
        yield good("resolver", "It answers, and tells browsers to leave DNS over HTTPS alone.")


def _look_up(port: int, name: str) -> int:
    """The code that the resolver answers with; both names are its own, so nothing is recorded of it."""
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0\0\1\0\1"
    number = secrets.token_bytes(2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(_WITHIN)
        asking.connect(("127.0.0.1", port))
        asking.send(number + b"\1\0\0\1\0\0\0\0\0\0" + question)
        answer = asking.recv(4096)
    if answer[:2] != number:
        raise OSError("it answered something else")
    return int(struct.unpack_from(">H", answer, 2)[0]) & 0x0F


def upstream(settings: Settings) -> Iterator[Finding]:
    """Whether the sites that the school names can be reached: the name resolves, and a connection opens."""
    if not settings.school.doctor.reach:
        yield skipped("way out", "config/school.yaml names nobody to ask (doctor: {reach: [HOST:PORT]}).")
        return
    for place in settings.school.doctor.reach:
        host, _, port = place.rpartition(":")
        try:
            socket.create_connection((host, int(port)), _WITHIN).close()
        except (OSError, OverflowError) as error:
            advice = "Is the line to the provider up, and does this machine's own resolver answer?"
            yield wrong(f"way out to {place}", f"It cannot be reached: {error}.", advice)
        else:
            yield good(f"way out to {place}", "It can be reached.")
