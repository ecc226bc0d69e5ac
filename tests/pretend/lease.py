"""A small DHCP client (RFC 2131) for eth0: ``take`` prints the address that was leased, ``release`` gives it back."""

import socket
import struct
import sys
from pathlib import Path

MAC = bytes.fromhex(Path("/sys/class/net/eth0/address").read_text().strip().replace(":", ""))
KEPT = Path("/tmp") / f"lease-{MAC.hex()}"
_DISCOVER, _REQUEST, _RELEASE = 1, 3, 7


def packet(kind: int, options: bytes = b"", client: bytes = bytes(4)) -> bytes:
    """A message that asks for answers by broadcast."""
    head = struct.pack("!BBBBIHH4s4s4s4s16s192x", 1, 1, 6, 0, 0x5CA1AB1E, 0, 0x8000, client, b"", b"", b"", MAC)
    return head + b"\x63\x82\x53\x63" + bytes([53, 1, kind]) + options + b"\xff"


def main() -> None:
    """Speak from port 68 on eth0, as clients without an address do."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
    made.bind(("0.0.0.0", 68))
    made.settimeout(8)
    if sys.argv[1] == "release":
        address = KEPT.read_bytes()
        KEPT.unlink()
        server = bytes([54, 4]) + socket.inet_aton("10.20.0.1")
        made.sendto(packet(_RELEASE, server, address), ("10.20.0.1", 67))
        return
    made.sendto(packet(_DISCOVER), ("255.255.255.255", 67))
    offered = made.recv(2048)[16:20]
    wanted = bytes([50, 4]) + offered + bytes([54, 4]) + socket.inet_aton("10.20.0.1")
    made.sendto(packet(_REQUEST, wanted), ("255.255.255.255", 67))
    given = made.recv(2048)[16:20]
    KEPT.write_bytes(given)
    print(socket.inet_ntoa(given))


if __name__ == "__main__":
    main()
