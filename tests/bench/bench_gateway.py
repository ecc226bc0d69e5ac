"""How fast the gateway is beside bare mitmdump, on this machine, in one run: ``python tests/bench/bench_gateway.py``.

Prints requests a second over one keep-alive connection (plain http, a 10 KB page), the time of a blocked answer, and
the rate of verdicts alone. The ratio against bare mitmdump is the figure to quote: machines differ and are shared.
"""

import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pretend.gateway import Gateway
from pretend.school import School, free_port
from schoolgate.policy.decision import decide
from schoolgate.policy.request import request_from_url
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import load_settings

ROUNDS, REQUESTS = 5, 400
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 10240\r\n\r\n" + b"x" * 10240


def origin() -> int:
    """A site that answers every request at once."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        while connection.recv(65536):
            connection.sendall(PAGE)

    def accept() -> None:
        while True:
            threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return int(server.getsockname()[1])


def ask(port: int, host: str, number: int) -> tuple[float, list[float]]:
    """Requests a second and the seconds of each, over one connection as the device 127.0.0.2."""
    request = f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    took: list[float] = []
    with socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.2", 0)) as connection:
        file = connection.makefile("rb")
        started = time.perf_counter()
        for _ in range(number):
            sent = time.perf_counter()
            connection.sendall(request)
            length = 0
            while (line := file.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            file.read(length)
            took.append(time.perf_counter() - sent)
    return number / (time.perf_counter() - started), took


def main() -> None:
    site = f"127.0.0.1:{origin()}"
    folder = Path(tempfile.mkdtemp())
    gateway = Gateway(School(folder / "school")).start()
    port = free_port()
    command = [shutil.which("mitmdump") or str(Path(sys.executable).parent / "mitmdump"), "--quiet"]
    command += ["--listen-host", "127.0.0.1", "--listen-port", str(port), "--set", f"confdir={folder / 'bare'}"]
    bare = subprocess.Popen(command)
    try:
        time.sleep(4)
        print(
            f"mitmproxy {version('mitmproxy')}, Python {sys.version.split()[0]}, {ROUNDS} rounds of {REQUESTS} requests"
        )
        ratios, rates = [], []
        for _ in range(ROUNDS):
            theirs, ours = ask(port, site, REQUESTS)[0], ask(gateway.school.proxy_port, site, REQUESTS)[0]
            ratios.append(ours / theirs)
            rates.append((theirs, ours))
        middle = rates[ratios.index(sorted(ratios)[ROUNDS // 2])]
        print(f"plain keep-alive: bare mitmdump {middle[0]:.0f}/s, schoolgate {middle[1]:.0f}/s, ", end="")
        print(f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
        took = sorted(ask(gateway.school.proxy_port, "pornhub.com", 2000)[1])
        print(f"blocked answer, on record: p50 {took[1000] * 1000:.2f} ms, p99 {took[1980] * 1000:.2f} ms")
    finally:
        gateway.stop()
        bare.terminate()
        bare.wait()
    snapshot = load_settings(find_folders(gateway.school.config)).snapshot
    requests = [
        request_from_url(url, at=datetime.now(UTC), client="127.0.0.2")
        for url in ("https://www.bbc.co.uk/news/uk", "https://pornhub.com/", "https://a.b.c.example.org/x/y?z=1")
    ]
    started = time.perf_counter()
    for _ in range(10_000):
        for request in requests:
            decide(request, snapshot)
    rate = 30_000 / (time.perf_counter() - started)
    started = time.perf_counter()
    for _ in range(10_000):
        for request in requests:
            snapshot.lists.look_up(request.host, request.target)
    bare_rate = 30_000 / (time.perf_counter() - started)
    print(f"verdicts {rate:,.0f}/s; look-ups alone {bare_rate:,.0f}/s; ratio {rate / bare_rate:.2f}")


if __name__ == "__main__":
    main()
