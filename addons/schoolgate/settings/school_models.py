"""What config/school.yaml may hold: the school, where it listens, how it is told, how long things are kept."""

from datetime import timedelta
from ipaddress import IPv4Network
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from schoolgate.policy.calendar import Window
from schoolgate.policy.ports import Ways
from schoolgate.settings.identity_models import IdentityEntry
from schoolgate.settings.sign_on import SignOnEntry
from schoolgate.settings.values import (
    STRICT,
    Address,
    Duration,
    Email,
    FilePath,
    Listen,
    ListEntry,
    Network,
    NightHours,
    OneOrMoreListen,
    Port,
    Ports,
    TunnelNetwork,
    Words,
    Zone,
)


class _Strict(BaseModel):
    model_config = STRICT


class Role(_Strict):
    """Somebody who is told; ``user`` is their login, by which they may do what their role may."""

    name: Words
    email: Email
    deputy: str | None = None
    user: str | None = None


MOST_WORKERS = 64


class ListenOn(_Strict):
    """The addresses that the gateway opens.

    ``transparent`` is the port that the network redirects devices' web traffic to, ``dns`` the one of its resolver;
    both are open on all addresses. With several workers, each has ports of its own in the 128 after ``transparent``.
    """

    proxy: OneOrMoreListen = (("127.0.0.1", 8080),)
    transparent: Port | None = None
    dns: Port | None = None
    console: Listen | None = ("127.0.0.1", 8081)
    metrics: Listen | None = ("127.0.0.1", 9101)

    def ports(self) -> set[int]:
        """Every port that schoolgate opens."""
        ports = {address[1] for address in (*self.proxy, self.console, self.metrics) if address}
        return ports | {port for port in (self.transparent, self.dns) if port} | set(self.ports_of_workers())

    def own_transparent(self, number: int) -> int:
        """The port that worker ``number`` (from 1 on) has to itself for redirected devices."""
        return (self.transparent or 0) + number

    def own_proxy(self, number: int) -> int:
        """The port that worker ``number`` has to itself for devices that speak to the proxy."""
        return (self.transparent or 0) + MOST_WORKERS + number

    def ports_of_workers(self) -> range:
        """The ports that workers may have to themselves; none where nothing is redirected."""
        return range(self.own_transparent(1), self.own_proxy(MOST_WORKERS) + 1) if self.transparent else range(0)


Interface = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@-]{1,15}$")]
"""The name of a network interface as Linux knows it, like ``eth1``."""


class GatewayEntry(_Strict):
    """The machine as the way to the internet: the interfaces behind which devices are, and what is left alone.

    ``management`` networks are never redirected, whoever asks or is asked; ``direct`` are destinations, such as the
    school's own servers, that devices reach without the filter. ``ports`` is what devices may use on the internet
    beside the web: ``guarded`` (all but what VPNs, proxies and Tor are known by), ``any``, or the ports that are listed
    and no others; it does not bind the networks of ``any_port``.
    """

    inside: list[Interface] = []
    management: list[Network] = []
    direct: list[Network] = []
    ports: Ports = Ways.GUARDED
    any_port: list[Network] = []


class DnsEntry(_Strict):
    """The network's resolver: whether a blocked name leads to the block page or does not exist, and whom it asks.

    ``upstream`` are resolvers; where none stands here, those that the machine itself asks.
    """

    blocked: Literal["page", "nxdomain"] = "page"
    upstream: list[Address] = []


class AwayEntry(_Strict):
    """Devices of the school that are elsewhere: the name or address under which they reach this machine from outside.

    Each device has a UDP port of its own, from ``port`` on, and an address in ``network``, which exists in the tunnels
    only.
    """

    endpoint: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]+$", max_length=253)]
    port: Port = 51820
    network: TunnelNetwork = IPv4Network("10.90.0.0/24")


class Mail(_Strict):
    """The school's mail server."""

    host: Words = "localhost"
    port: Annotated[int, Field(gt=0, lt=65536)] = 25
    security: Literal["none", "starttls", "tls"] = "none"
    sender: Annotated[Email, Field(alias="from")] = "schoolgate@localhost"
    user: str | None = None
    password_file: FilePath | None = None


class Retention(_Strict):
    """How long the record is kept."""

    allowed: Duration = timedelta(days=30)
    logged: Duration = timedelta(days=90)
    blocked: Duration = timedelta(days=365)
    cases: Duration = timedelta(days=7 * 365)


class ListUpkeep(_Strict):
    """When downloaded lists are brought up to date (school time), and whether unlisted names are judged."""

    update: NightHours | None = Window(2 * 60, 5 * 60)
    names: Literal["judged", "ignored"] = "judged"


ConsoleUrl = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.\[\]:-]+$", max_length=253)]
"""The address of a site without a path, like ``https://filter.school.example``."""


Tenant = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$", max_length=253)]
"""A domain, or the id of a tenant: it goes into a header as it is."""


class TenantsEntry(_Strict):
    """Whose accounts may log in at Google and Microsoft from the school's devices; empty lists restrict nothing.

    ``google`` are domains, ``microsoft`` are tenants (domains or ids), ``microsoft_context`` is the id of the tenant
    that sets the restriction; ``personal_microsoft: false`` also shuts personal accounts out.
    """

    google: list[Tenant] = []
    microsoft: list[Tenant] = []
    microsoft_context: Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{0,64}$")] = ""
    personal_microsoft: bool = True


class PicturesEntry(_Strict):
    """Whether pictures are judged (needs the extra ``pictures``), and above which likelihood they are replaced."""

    judged: bool = False
    above: Annotated[float, Field(ge=0, le=1)] = 0.8


class PassThroughEntry(_Strict):
    """Connections that stay closed although their group is looked into (docs/pass-through.md).

    ``hosts`` count with all below them, for everybody; rules still hold for their names. ``never`` hosts are always
    looked into. ``learn``: what devices refuse the school's certificate for is passed through, where it is harmless.
    """

    hosts: list[ListEntry] = []
    never: list[ListEntry] = []
    learn: Literal["on", "off"] = "on"


HostPort = Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+:[0-9]{1,5}$", max_length=259)]
"""A name or an IPv4 address, and a port."""


class DoctorEntry(_Strict):
    """How the gateway probes itself (docs/doctor.md): how often, and whom it may ask outside; nobody by default.

    ``reach`` are sites that must answer for the way out to count as open, ``time`` is a server of NTP.
    """

    every: Duration | None = timedelta(hours=1)
    reach: list[HostPort] = []
    time: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]+$", max_length=253)] | None = None


class SchoolFile(_Strict):
    """config/school.yaml"""

    name: Words
    timezone: Zone = ZoneInfo("Europe/London")
    roles: dict[str, Role]
    listen: ListenOn = ListenOn()
    gateway: GatewayEntry = GatewayEntry()
    dns: DnsEntry = DnsEntry()
    away: AwayEntry | None = None  # devices that are elsewhere come by WireGuard
    data: FilePath = "var"
    mail: Mail = Mail()
    retention: Retention = Retention()
    lists: ListUpkeep = ListUpkeep()
    upstream_ca: FilePath | None = None
    tenants: TenantsEntry = TenantsEntry()
    pictures: PicturesEntry = PicturesEntry()
    pass_through: PassThroughEntry = PassThroughEntry()
    doctor: DoctorEntry = DoctorEntry()
    identity: IdentityEntry = IdentityEntry()
    console_url: ConsoleUrl | None = None  # where people reach the console, if a web server stands before it
    sign_on: SignOnEntry | None = None  # an issuer whose word is taken at the console, beside passwords
