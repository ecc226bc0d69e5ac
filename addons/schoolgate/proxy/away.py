"""Tunnels of devices that are elsewhere: each ends at a port of its own, and what comes out of it is that device's.

mitmproxy's own WireGuard mode knows one device. Here every device is a server instance with its own keys, which comes
and goes without touching another. Whatever address a packet in the tunnel claims, it counts as the device's own. Web
pages and names are answered as at school; nothing else leads anywhere.
"""

import asyncio
from collections.abc import Iterable
from ipaddress import IPv4Address

import mitmproxy_rs
from mitmproxy import ctx
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Client
from mitmproxy.proxy import layers
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import Layer
from mitmproxy.proxy.mode_servers import AsyncioServerInstance, ProxyConnectionHandler
from mitmproxy.proxy.mode_specs import ProxyMode, WireGuardMode

from schoolgate.policy.request import host_address
from schoolgate.settings.away import AwayDevice
from schoolgate.settings.school_models import AwayEntry

_WEB, _NAMES = (80, 443), 53
_RESOLVER = ("10.0.0.53", _NAMES)  # the address by which mitmproxy's resolver knows what it shall answer


class AwayMode(WireGuardMode):
    """``away:PORT/ADDRESS/FILTER_KEY/DEVICE_KEY@PORT``: one device; the keys stand in no log (``__repr__``)."""

    description = "A device that is elsewhere"

    def __repr__(self) -> str:
        return f"AwayMode({self.custom_listen_port})"


def mode_of(device: AwayDevice, away: AwayEntry) -> ProxyMode:
    """The device as a mode of mitmproxy's; two are the same if nothing about the device has changed."""
    port = device.port(away)
    spec = f"{device.address(away)} {device.filter_key} {device.device_key}"
    return AwayMode(full_spec=f"away:{spec}@{port}", data=spec, custom_listen_host=None, custom_listen_port=port)


class AwayServer(AsyncioServerInstance[AwayMode]):
    """The end of one device's tunnel."""

    @property
    def address(self) -> str:
        """The device's own address."""
        return self.mode.data.split()[0]

    def make_top_layer(self, context: Context) -> Layer:
        """Web pages are judged as those of a redirected device."""
        return layers.modes.TransparentProxy(context)

    async def start_udp_based_server(self, host: str, port: int) -> mitmproxy_rs.wireguard.WireGuardServer:
        """The device alone is a peer here."""
        _, ours, theirs = self.mode.data.split()
        return await mitmproxy_rs.wireguard.start_wireguard_server(
            host, port, ours, [theirs], self.handle_stream, self.handle_stream
        )

    async def handle_stream(
        self,
        reader: asyncio.StreamReader | mitmproxy_rs.Stream,
        writer: asyncio.StreamWriter | mitmproxy_rs.Stream | None = None,
    ) -> None:
        """One connection out of the tunnel; anything but the web and names ends here."""
        assert isinstance(reader, mitmproxy_rs.Stream)
        handler = ProxyConnectionHandler(ctx.master, reader, reader, ctx.options, self.mode)
        context = handler.layer.context
        to = reader.get_extra_info("remote_endpoint", context.client.sockname)
        is_tcp = context.client.transport_protocol == "tcp"
        context.client.peername = (self.address, context.client.peername[1])
        if to[1] == _NAMES:
            handler.layer = layers.DNSLayer(context)
            context.server.address = _RESOLVER
        elif is_tcp and to[1] in _WEB:
            handler.layer = self.make_top_layer(context)
            context.server.address = to
        else:
            reader.close()
            return
        with self.manager.register_connection(context.client.id, handler):
            await handler.handle_client()


def is_elsewhere(away: AwayEntry | None, client: Client, address: str) -> bool:
    """Whether an address of the tunnels came by no tunnel: it is nobody's there, whoever has taken it."""
    if away is None or isinstance(client.proxy_mode, AwayMode):
        return False
    literal = host_address(address)
    return isinstance(literal, IPv4Address) and literal in away.network


def put_out(proxyserver: Proxyserver, modes: Iterable[ProxyMode]) -> None:
    """End every connection of devices that may come no more."""
    gone = set(modes)
    for handler in list(proxyserver.connections.values()):
        if handler.client.proxy_mode in gone:
            for connection in list(handler.transports.values()):
                if connection.writer is not None:
                    connection.writer.close()
