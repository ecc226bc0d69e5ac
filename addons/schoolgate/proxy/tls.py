"""The TLS that the gateway speaks: to devices with certificates of its own, to sites with the sessions it has kept.

mitmproxy makes a context for each connection and signs with the authority's RSA key. Here each site's name has one
context with an elliptic-curve key, which is kept, and a site that was visited before is asked to go on with its session
instead of showing its certificate again. A session is taken up only with the name, the address and the protocols that
it was verified for. A key against quantum computers is offered to every site, and made at once for those that want it.

OpenSSL holds 30 to 80 KB for a connection, and mitmproxy's objects hold each other in rings until the garbage collector
comes, which counts objects and not bytes. So when a connection is closed, what OpenSSL holds for it is let go of here.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import ref

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from mitmproxy import ctx
from mitmproxy.addons import tlsconfig
from mitmproxy.certs import CertStore, CertStoreEntry, dummy_cert
from mitmproxy.connection import Client, Connection, Server
from mitmproxy.http import HTTPFlow
from mitmproxy.net import tls as net_tls
from mitmproxy.proxy.layers.modes import HttpProxy
from mitmproxy.proxy.layers.tls import TLSLayer
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.tls import TlsData
from OpenSSL import SSL

from schoolgate.kept import Kept
from schoolgate.proxy.attached import Attached

_MOST_LEAVES = 1000  # certificates that are kept
_MOST_CONTEXTS = 250  # of 15 KB each
_MOST_SESSIONS = 1000  # of some KB each, as they hold the site's certificates
_LIB: Any = SSL._lib  # type: ignore[attr-defined]
_GROUPS = b"?X25519MLKEM768 / ?*X25519:DEFAULT"
"""All that OpenSSL offers for the exchange of keys, and only the small key at once: the site may ask for the other."""


@dataclass(frozen=True, slots=True)
class _Issuer:
    """The authority as ``dummy_cert`` asks for it, with the public key of the leaves in the place of its own."""

    certificate: x509.Certificate
    leaf: ec.EllipticCurvePublicKey

    @property
    def subject(self) -> x509.Name:
        return self.certificate.subject

    @property
    def extensions(self) -> x509.Extensions:
        return self.certificate.extensions

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self.leaf


class LeafStore(CertStore):
    """Certificates for sites, all with one elliptic-curve key that is made at each start and never written."""

    def __init__(self, *store: Any) -> None:
        super().__init__(*store)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._issuer: Any = _Issuer(self.default_ca.to_cryptography(), self._key.public_key())
        self._leaves: Kept[Hashable, CertStoreEntry] = Kept(_MOST_LEAVES)

    def get_cert(
        self,
        commonname: str | None,
        sans: Iterable[x509.GeneralName],
        organization: str | None = None,
        crl_url: str | None = None,
    ) -> CertStoreEntry:
        """A certificate for these names, which is kept for the next time."""
        names = tuple(sans)
        key = commonname, names, organization, crl_url
        entry = self._leaves.recall(key)
        if entry is None or entry.cert.has_expired():
            made = dummy_cert(self.default_privatekey, self._issuer, commonname, names, organization, crl_url)
            private: Any = self._key
            entry = CertStoreEntry(made, private, self.default_chain_file, self.default_chain_certs)
            self._leaves.keep(key, entry)
        return entry


def _agree(connection: SSL.Connection, offered: list[bytes]) -> Any:
    """The protocol to speak with a device; HTTP/3, which cannot be spoken over TCP, is passed over."""
    return tlsconfig.alpn_select_callback(connection, [each for each in offered if not each.startswith(b"h3")])


class _Gone(SSL.Connection):
    """Stands where the TLS of a connection stood that is closed at both ends: nothing comes, and nothing is sent."""

    def sendall(self, buf: Any, flags: int = 0) -> int:
        raise SSL.ZeroReturnError

    def recv(self, bufsiz: int | None, flags: int | None = None) -> bytes:
        raise SSL.ZeroReturnError

    def bio_write(self, buf: Any) -> int:
        return len(buf)

    def get_shutdown(self) -> int:
        return int(SSL.SENT_SHUTDOWN | SSL.RECEIVED_SHUTDOWN)


def _begin_small(connection: SSL.Connection) -> None:
    """Make no key against quantum computers for a site that did not want one: that is half of what a hello costs."""
    if not _LIB.SSL_set1_curves_list(connection._ssl, _GROUPS):
        _LIB.ERR_clear_error()  # another OpenSSL: all stays as it was


class Tls(tlsconfig.TlsConfig):
    """mitmproxy's TlsConfig with what is worth keeping kept."""

    name = "tlsconfig"

    def __init__(self) -> None:
        self._contexts: Kept[int, tuple[CertStoreEntry, SSL.Context]] = Kept(_MOST_CONTEXTS)  # by identity
        self._sessions: Kept[Hashable, tuple[SSL.Session, bool]] = Kept(_MOST_SESSIONS)
        self._open = Attached[Server, tuple[Hashable, SSL.Connection]]()
        self._layers = Attached[Connection, ref[TLSLayer]]()
        self._gone = _Gone(SSL.Context(SSL.TLS_METHOD))

    def configure(self, updated: Any) -> None:
        """The authority's files are read where they may have changed."""
        super().configure(updated)  # type: ignore[no-untyped-call]
        store: CertStore | None = self.certstore
        if store is not None and not isinstance(store, LeafStore):
            files = store.default_chain_file, store.default_crl, store.dhparams
            self.certstore = LeafStore(store.default_privatekey, store.default_ca, *files)
            self._contexts.clear()

    def running(self) -> None:
        """All is set by then: mitmproxy would read the authority a second time here."""
        if self.certstore is None:
            self.configure({"confdir"})

    def request(self, flow: HTTPFlow) -> None:
        """The authority's list of revoked certificates, for whom asks for it; mitmproxy looks at each path twice."""
        if flow.request.data.path.endswith(b".crl"):
            super().request(flow)

    def tls_start_client(self, tls_start: TlsData) -> None:
        """A connection to a device, with the context that is kept for the site's certificate."""
        self._note(tls_start)
        if tls_start.ssl_conn is not None or tls_start.is_dtls or tls_start.context.client.cipher_list:
            super().tls_start_client(tls_start)
            return
        layers, client = tls_start.context.layers, tls_start.context.client
        entry = self.get_cert(tls_start.context)
        _, context = self._contexts.recall(id(entry)) or self._contexts.keep(id(entry), (entry, self._context(entry)))
        within = len(layers) == 2 and isinstance(layers[0], HttpProxy)  # the proxy itself is spoken to by TLS
        alpn = b"http/1.1" if within else client.alpn
        tls_start.ssl_conn = SSL.Connection(context)
        told = tlsconfig.AppData(client_alpn=alpn, server_alpn=tls_start.context.server.alpn, http2=ctx.options.http2)
        tls_start.ssl_conn.set_app_data(told)
        tls_start.ssl_conn.set_accept_state()

    def _context(self, entry: CertStoreEntry) -> SSL.Context:
        options = ctx.options
        make = partial(net_tls.create_client_proxy_context.__wrapped__, method=net_tls.Method.TLS_SERVER_METHOD)
        least = net_tls.Version[options.tls_version_client_min]
        context: SSL.Context = make(
            min_version=least,
            max_version=net_tls.Version[options.tls_version_client_max],
            cipher_list=tlsconfig._default_ciphers(least),
            ecdh_curve=net_tls.get_curve(options.tls_ecdh_curve_client),
            chain_file=entry.chain_file,
            request_client_cert=options.request_client_cert,
            alpn_select_callback=_agree,
            extra_chain_certs=(),
            dhparams=self.certstore.dhparams,
        )
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        context.use_certificate(entry.cert.to_cryptography())
        context.use_privatekey(entry.privatekey)
        return context

    def tls_start_server(self, tls_start: TlsData) -> None:
        """A connection to a site, which goes on with the session of the one before."""
        self._note(tls_start)
        super().tls_start_server(tls_start)
        connection, server = tls_start.ssl_conn, tls_start.conn
        if connection is None or not isinstance(server, Server):
            return
        key = server.sni, server.address, tuple(server.alpn_offers or ()), connection.get_context()
        session, is_small = self._sessions.recall(key) or (None, False)
        if session is not None:
            connection.set_session(session)
            if is_small and ctx.options.tls_ecdh_curve_server is None:
                _begin_small(connection)
        self._open[server] = key, connection

    def tls_failed_server(self, data: TlsData) -> None:
        """A session that leads to nothing is not tried again."""
        if isinstance(data.conn, Server) and (opened := self._open.pop(data.conn, None)) is not None:
            self._sessions.pop(opened[0], None)

    def server_disconnected(self, data: ServerConnectionHookData) -> None:
        """What the site gave to go on with is kept; with TLS 1.3 it comes after the handshake."""
        key, connection = self._open.pop(data.server, None) or (None, None)
        if connection is not None and data.server.tls_established:
            session = connection.get_session()
            if session is not None:
                connection.set_shutdown(SSL.SENT_SHUTDOWN | SSL.RECEIVED_SHUTDOWN)  # else OpenSSL spoils it as it goes
                self._sessions.keep(key, (session, "MLKEM" not in (connection.get_group_name() or "")))
        self._let_go(data.server)

    def client_disconnected(self, client: Client) -> None:
        """A device has gone."""
        self._let_go(client)

    def _note(self, start: TlsData) -> None:
        """Which layer is about to hold what OpenSSL makes for a connection."""
        for layer in reversed(start.context.layers):
            if isinstance(layer, TLSLayer) and layer.conn is start.conn:
                self._layers[start.conn] = ref(layer)
                return

    def _let_go(self, connection: Connection) -> None:
        noted = self._layers.pop(connection, None)
        layer = noted() if noted is not None else None
        if layer is not None and layer.tls is not None:
            layer.tls = self._gone
