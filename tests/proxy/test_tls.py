"""The TLS that devices and sites see: certificates of the school's authority, sessions that go on, and none too many."""

import asyncio
import gc
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from mitmproxy.addons.core import Core
from mitmproxy.addons.dns_resolver import DnsResolver
from mitmproxy.addons.next_layer import NextLayer
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.master import Master
from mitmproxy.options import Options
from OpenSSL import SSL
from pretend.sites import Sites
from schoolgate.proxy import tls as module
from schoolgate.proxy.certificates import ensure_authority
from schoolgate.proxy.tls import Tls

HYBRID = 1216  # bytes of a key of X25519MLKEM768


@dataclass
class Site:
    """One site, whose connections say whether they went on with a session of before, and how long each hello was."""

    context: ssl.SSLContext | SSL.Context
    went_on: list[bool] = field(default_factory=list)
    hellos: list[int] = field(default_factory=list)

    def start(self) -> int:
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return int(self.listener.getsockname()[1])

    def _serve(self) -> None:
        while True:
            try:
                line = self.listener.accept()[0]
            except OSError:
                return
            line.settimeout(40)
            self.hellos.append(len(line.recv(65536, socket.MSG_PEEK)))
            if isinstance(self.context, SSL.Context):
                self._serve_hybrid(line, self.context)
                continue
            try:
                with self.context.wrap_socket(line, server_side=True) as safe:
                    safe.recv(65536)
                    self.went_on.append(safe.session_reused)
                    safe.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            except OSError:
                pass

    def _serve_hybrid(self, line: socket.socket, context: SSL.Context) -> None:
        line.setblocking(True)
        safe = SSL.Connection(context, line)
        safe.set_accept_state()
        safe.do_handshake()
        assert safe.get_group_name() == "X25519MLKEM768"
        safe.recv(65536)
        self.went_on.append(bool(SSL._lib.SSL_session_reused(safe._ssl)))  # type: ignore[attr-defined]
        safe.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        safe.shutdown()
        line.close()


def visit(proxy: int, port: int, name: str, ca: Path, offers: tuple[str, ...] = ()) -> tuple[int, x509.Certificate]:
    """What a device gets of https://name/ by a proxy, checking certificates as browsers do."""
    believing = ssl.create_default_context(cafile=ca)
    believing.set_alpn_protocols(offers)
    with socket.create_connection(("127.0.0.1", proxy), timeout=40) as line:
        line.sendall(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert b" 200 " in line.recv(65536)
        with believing.wrap_socket(line, server_hostname=name) as safe:
            shown = safe.getpeercert(binary_form=True)
            assert (safe.selected_alpn_protocol() or "") == next((each for each in offers if each[:2] != "h3"), "")
            safe.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while part := safe.recv(65536):
                answer += part
    assert shown is not None
    return int(answer.split()[1]), x509.load_der_x509_certificate(shown)


def through(folder: Path, believed: Path, what: Callable[[int, Path], None]) -> None:
    """Run ``what`` with the port of a proxy and its authority's file."""
    authority = ensure_authority(folder, "St Test's")

    async def main() -> None:
        master = Master(Options())
        master.addons.add(Core(), Proxyserver(), NextLayer(), Tls(), DnsResolver())
        master.options.update(
            mode=["regular@127.0.0.1:0"],
            confdir=str(authority.folder),
            connection_strategy="lazy",
            upstream_cert=False,
            ssl_verify_upstream_trusted_ca=str(believed),
        )
        running = asyncio.create_task(master.run())
        server = master.addons.get("proxyserver")
        while not server.is_running:
            await asyncio.sleep(0.01)
        try:
            await asyncio.to_thread(what, server.listen_addrs()[0][1], authority.certificate)
        finally:
            master.shutdown()
            await running

    asyncio.run(main())


@pytest.fixture
def sites(tmp_path: Path) -> Sites:
    sites = Sites(tmp_path / "sites").start()
    sites.stop()  # only its authority is needed
    return sites


def test_devices_see_elliptic_keys_and_sites_are_asked_to_go_on(tmp_path: Path, sites: Sites) -> None:
    site = Site(sites._context("one.example"))
    port = site.start()

    def visits(proxy: int, ca: Path) -> None:
        first, again = visit(proxy, port, "one.example", ca), visit(proxy, port, "one.example", ca)
        end = time.monotonic() + 40
        while not site.went_on[-1] and time.monotonic() < end:  # the session is kept when the site's side has closed
            again = visit(proxy, port, "one.example", ca)
        assert (first[0], again[0]) == (200, 200)
        assert isinstance(first[1].public_key(), ec.EllipticCurvePublicKey)
        assert first[1] == again[1]
        assert (site.went_on[0], site.went_on[-1]) == (False, True)
        assert visit(proxy, port, "one.example", ca, ("h3", "h3-29", "http/1.1"))[0] == 200

    through(tmp_path / "var", sites.ca, visits)


def test_a_session_is_taken_up_only_for_the_name_that_it_was_verified_for(tmp_path: Path, sites: Sites) -> None:
    context = sites._context("one.example")
    site = Site(context)
    port = site.start()

    def visits(proxy: int, ca: Path) -> None:
        assert visit(proxy, port, "one.example", ca)[0] == 200
        assert visit(proxy, port, "two.example", ca)[0] == 502  # the site has no certificate for that name
        assert visit(proxy, port, "two.example", ca)[0] == 502
        assert visit(proxy, port, "one.example", ca)[0] == 200

    through(tmp_path / "var", sites.ca, visits)


def test_who_takes_a_sites_place_must_show_its_certificate_again(tmp_path: Path, sites: Sites) -> None:
    stranger = Sites(tmp_path / "strangers").start()
    stranger.stop()
    site = Site(sites._context("one.example"))
    port = site.start()

    def visits(proxy: int, ca: Path) -> None:
        assert visit(proxy, port, "one.example", ca)[0] == 200
        site.context = stranger._context("one.example")
        assert visit(proxy, port, "one.example", ca)[0] == 502
        site.context = sites._context("one.example")
        assert visit(proxy, port, "one.example", ca)[0] == 200

    through(tmp_path / "var", sites.ca, visits)


def hybrid(pem: Path) -> SSL.Context:
    """A site that exchanges keys in no other way."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_file(str(pem))
    context.use_privatekey_file(str(pem))
    assert SSL._lib.SSL_CTX_set1_curves_list(context._context, b"X25519MLKEM768")  # type: ignore[attr-defined]
    return context


def test_a_key_against_quantum_computers_is_made_for_each_site_that_wants_one(tmp_path: Path, sites: Sites) -> None:
    plain = sites._context("one.example")
    site = Site(plain)
    port = site.start()

    def visits(proxy: int, ca: Path) -> None:
        end = time.monotonic() + 40
        while not any(site.went_on) and time.monotonic() < end:
            assert visit(proxy, port, "one.example", ca)[0] == 200
        assert site.hellos[0] > HYBRID > site.hellos[-1]
        site.context = hybrid(tmp_path / "sites" / "one.example.pem")  # which asks for it, and has it from then on
        seen = len(site.went_on)
        while not any(site.went_on[seen:]) and time.monotonic() < end:
            assert visit(proxy, port, "one.example", ca)[0] == 200
        assert site.hellos[-1] > HYBRID
        assert site.went_on[-1]

    through(tmp_path / "var", sites.ca, visits)


def test_what_is_kept_has_an_end(tmp_path: Path, sites: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_LEAVES", 2)
    monkeypatch.setattr(module, "_MOST_CONTEXTS", 1)
    site = Site(sites._context("one.example"))
    port = site.start()

    def visits(proxy: int, ca: Path) -> None:
        for _ in range(2):
            for name in ("one.example", "other.example", "third.example"):
                assert visit(proxy, port, name, ca)[1].subject == x509.Name.from_rfc4514_string(f"CN={name}")

    through(tmp_path / "var", sites.ca, visits)


def test_what_openssl_holds_for_a_connection_goes_with_it_and_waits_for_no_collector(
    tmp_path: Path, sites: Sites
) -> None:
    site = Site(sites._context("one.example"))
    port = site.start()

    def held() -> int:
        return len(SSL.Connection._reverse_mapping)

    def visits(proxy: int, ca: Path) -> None:
        visit(proxy, port, "one.example", ca)
        gc.collect()
        gc.disable()
        try:
            before = held()
            for _ in range(5):
                assert visit(proxy, port, "one.example", ca)[0] == 200
                assert visit(proxy, port, "two.example", ca)[0] == 502
            end = time.monotonic() + 40
            while held() > before and time.monotonic() < end:
                time.sleep(0.02)
            assert held() <= before
        finally:
            gc.enable()

    through(tmp_path / "var", sites.ca, visits)


def test_nothing_is_written_beside_the_schools_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    through(tmp_path / "var", tmp_path / "var" / "schoolgate-ca.crt", lambda proxy, ca: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["var"]
