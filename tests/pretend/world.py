"""The internet of a network of namespaces: every name leads to one machine, which answers for all of them.

Run as a program in a namespace of its own: ``python world.py FOLDER``; writes who asked to FOLDER/asked, a JSON line each.
"""

import json
import socket
import sys
import threading
import time
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from mitmproxy.dns import DNSMessage, ResourceRecord
from mitmproxy.net.dns import types
from mitmproxy.net.dns.https_records import HTTPSRecord, SVCParamKeys

from pretend.sites import Sites

V4, V6 = "203.0.113.10", "2001:db8:113::10"
SAFE_V4 = "203.0.113.20"
WITH_KEY = "hidden.example"


def answer(packet: bytes) -> bytes:
    """A and AAAA of any name are the world's own; safe names of search engines lead to its second address.

    One has a record of type HTTPS (by which a browser asks for https alone): it offers HTTP/3 and a key for ECH.
    """
    message = DNSMessage.unpack(packet)
    question = message.questions[0]
    records = []
    if question.type == types.A:
        records = [ResourceRecord.A(question.name, IPv4Address(SAFE_V4 if is_safe(question.name) else V4))]
    elif question.type == types.AAAA and not is_safe(question.name):
        records = [ResourceRecord.AAAA(question.name, IPv6Address(V6))]
    elif question.type == types.HTTPS and question.name == WITH_KEY:
        offered = {SVCParamKeys.ALPN.value: b"\x02h3\x02h2", SVCParamKeys.ECH.value: b"a key"}
        records = [ResourceRecord.HTTPS(question.name, HTTPSRecord(1, "", offered))]
    return message.succeed(records).packed


def is_safe(name: str) -> bool:
    """Whether it is one of the names under which engines answer safely."""
    return name.startswith(("forcesafesearch.", "restrict.", "strict.", "safe."))


def serve_names() -> None:
    """Answers on UDP port 53 of all addresses."""
    listening = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listening.bind(("::", 53))
    while True:
        packet, sender = listening.recvfrom(4096)
        try:
            listening.sendto(answer(packet), sender)
        except (ValueError, IndexError, OSError):
            continue


def main(folder: Path) -> None:
    """Serve until killed."""
    threading.Thread(target=serve_names, daemon=True).start()
    sites = Sites(folder, "::", (80, 443)).start()
    (folder / "ready").touch()
    told = 0
    with (folder / "asked").open("w") as out:
        while True:
            while told < len(sites.asked):
                out.write(
                    json.dumps(
                        {"host": sites.asked[told].host, "path": sites.asked[told].path, "at": sites.asked[told].at}
                    )
                    + "\n"
                )
                told += 1
            out.flush()
            time.sleep(0.05)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
