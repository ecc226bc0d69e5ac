"""What nobody reaches through the filter: the machine itself and, but for technicians, the networks they manage from.

A device chooses the name, and who owns the name chooses the address. The filter would open the connection from its own
place in the network, where other machines' rules let it pass. So every address is looked at when it is connected to,
not before: a name may lead elsewhere a moment later.
"""

from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv6Address

from mitmproxy.proxy.mode_specs import DnsMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from schoolgate.policy.request import host_address
from schoolgate.proxy.addresses import Addresses
from schoolgate.proxy.own import is_own
from schoolgate.settings.school_models import SchoolFile

type Barred = Callable[[str, int], bool]
_BARRED: ContextVar[Barred | None] = ContextVar("barred", default=None)
_WEB = frozenset({80, 443})
_WORDS = "This address belongs to the school's filter itself, or to the network that it is managed from."


class KeptOut:
    """Tells the event loop, for each connection that is about to be opened, where it may not lead."""

    def __init__(self, school: Callable[[], SchoolFile]) -> None:
        self._school = school
        self._ports: tuple[SchoolFile | None, frozenset[int]] = None, frozenset()

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """mitmproxy opens the connection in the same task, just after this; whom the resolver asks, the school says."""
        if isinstance(data.client.proxy_mode, DnsMode):
            return
        peer = data.client.peername
        client = host_address(str(peer[0])) if peer else None
        _BARRED.set(lambda address, port: self._is_barred(client, address, port))

    def _is_barred(self, client: IPv4Address | IPv6Address | None, address: str, port: int) -> bool:
        """A device may reach the sites of this machine (80, 443), but not what only the machine itself sees."""
        school, literal = self._school(), host_address(address)
        if literal is None:
            return True
        here = client is not None and client.is_loopback
        if is_own(address):
            hidden = literal.is_loopback or literal.is_unspecified or port not in _WEB
            return port in self._own_ports(school) or (hidden and not here)
        if here or not any(literal in network for network in school.gateway.management):
            return False
        return client is None or not any(client in network for network in school.gateway.management)

    def _own_ports(self, school: SchoolFile) -> frozenset[int]:
        """Where the filter itself listens."""
        if self._ports[0] is not school:
            self._ports = school, frozenset(school.listen.ports())
        return self._ports[1]


async def connect[T](open_to: Callable[[str], Awaitable[T]], addresses: Addresses, host: str, port: int) -> T:
    """Open a connection to the first address of a host that answers. Raises OSError, also where none may be reached."""
    barred = _BARRED.get()
    if barred is None:
        return await open_to(host)
    kept = addresses.kept(host)
    if kept is None:
        return await _first(open_to, barred, await addresses.ask(host, port), host, port)
    try:
        return await _first(open_to, barred, kept, host, port)
    except OSError:
        again = await addresses.ask(host, port)  # the site may have moved
        if again == kept:
            raise
    return await _first(open_to, barred, again, host, port)


async def _first[T](
    open_to: Callable[[str], Awaitable[T]], barred: Barred, addresses: Iterable[str], host: str, port: int
) -> T:
    error = OSError(f"{host} has no address")
    for address in addresses:
        if barred(address, port):
            error = OSError(_WORDS)
            continue
        try:
            return await open_to(address)
        except OSError as found:
            error = found
    raise error
