"""What each file of config/ may hold: its words, types and defaults; ``list_models`` says it of blocklists/."""

from datetime import timedelta
from ipaddress import IPv4Network
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from schoolgate.policy.calendar import Window
from schoolgate.policy.files import Direction
from schoolgate.policy.identity import Addresses, Inspect
from schoolgate.policy.ports import Ways
from schoolgate.policy.rules import Action, Alert, Subject
from schoolgate.settings.identity_models import IdentityEntry, Mac
from schoolgate.settings.list_models import AppFile, CategoryFile, LocalFile, ProtectedFile, TopicFile
from schoolgate.settings.sign_on import SignOnEntry
from schoolgate.settings.values import (
    STRICT,
    Address,
    Clock,
    Day,
    DayWindows,
    Duration,
    Email,
    Extension,
    FilePath,
    Hours,
    Listen,
    ListEntry,
    MediaType,
    Network,
    NightHours,
    OneOrMoreDays,
    OneOrMoreListen,
    Port,
    Ports,
    Size,
    SomeHours,
    TunnelNetwork,
    Wait,
    Windows,
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


class GroupEntry(_Strict):
    """A group of people or devices.

    ``addresses`` is what asking for a bare IP address of the internet means: ``judged`` for people who work here,
    ``block`` where only names are judged, else ``warn``, if nothing else stands here.
    """

    title: Words
    networks: list[Network] = []
    macs: list[Mac] = []
    users: list[Words] = []
    inspect: Inspect = Inspect.FULL
    text_limit: Annotated[int, Field(ge=10, le=1000)] | None = 100
    safe_search: Literal["off", "moderate", "strict"] = "strict"
    addresses: Addresses | None = None


class PersonEntry(_Strict):
    """Somebody by name; ``devices``, ``macs`` and ``hostnames`` are of devices that only they use."""

    name: Words
    group: str
    devices: list[Address] = []
    macs: list[Mac] = []
    hostnames: list[Words] = []


class Logins(_Strict):
    """How a login at the proxy is checked; ``ask`` lists networks whose devices must log in."""

    file: FilePath
    ask: list[Network] = []


class PeopleFile(_Strict):
    """config/people.yaml"""

    groups: Annotated[dict[str, GroupEntry], Field(min_length=1)]
    unknown: str
    logins: Logins | None = None
    people: dict[str, PersonEntry] = {}


class PeriodEntry(_Strict):
    """Named days, both ends included."""

    name: Words
    first: Annotated[Day, Field(alias="from")]
    last: Annotated[Day, Field(alias="to")]


class ClosureEntry(PeriodEntry):
    """Days on which the school is closed; with ``everybody`` nobody works, those who work all year neither."""

    everybody: bool = False


class ContractEntry(_Strict):
    """When persons (``people``: logins) or all of some groups work, in place of the hours of their group.

    ``breaks`` are taken out of the hours; ``works: all_year`` goes on in the holidays, ``inset: false`` leaves INSET
    days out; ``from`` and ``to`` are the days between which it holds, both included.
    """

    id: Words
    people: list[Words] = []
    groups: list[str] = []
    hours: SomeHours
    breaks: Hours = {}
    works: Literal["term", "all_year"] = "term"
    inset: bool = True
    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None


class DutyEntry(_Strict):
    """Working time beside the hours: ``every`` week on school days, or ``on`` one day or more at ``hours``."""

    name: Words
    people: list[Words] = []
    groups: list[str] = []
    every: Hours = {}
    on: OneOrMoreDays | None = None
    hours: Windows = []
    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None


class LeaveEntry(_Strict):
    """Days (both ends included) on which persons (logins) do not work, or not in ``hours``; nobody asks why."""

    people: Annotated[list[Words], Field(min_length=1)]
    first: Annotated[Day, Field(alias="from")]
    last: Annotated[Day, Field(alias="to")]
    hours: DayWindows = []


class CalendarFile(_Strict):
    """config/calendar.yaml"""

    working_hours: dict[str, Hours] = {}
    contracts: list[ContractEntry] = []
    duties: list[DutyEntry] = []
    leave: list[LeaveEntry] = []
    terms: list[PeriodEntry] = []
    closed: list[ClosureEntry] = []
    inset: list[Day] = []
    bank_holidays: Literal["England", "Wales", "Scotland", "Northern Ireland", "none"] | None = None
    periods: dict[str, Hours] = {}


class RuleEntry(_Strict):
    """One rule; the first that matches wins."""

    id: Words
    groups: Annotated[list[str], Field(min_length=1)]
    categories: Annotated[list[str], Field(min_length=1)]
    when: str = "always"
    action: Action
    alert: Alert = Alert.NONE
    why: Words
    basis: str = ""
    applies_to: Annotated[list[Subject], Field(min_length=1)] = list(Subject)


class FileEntry(_Strict):
    """One rule for downloads or uploads; the first that speaks of a file wins.

    It speaks of files of one of ``extensions`` or ``types`` (of all where neither is given), larger than
    ``larger_than``, on sites of ``categories`` (on all where none is given).
    """

    id: Words
    groups: Annotated[list[str], Field(min_length=1)]
    direction: Direction
    extensions: list[Extension] = []
    types: list[MediaType] = []
    larger_than: Size | None = None
    categories: list[str] = []
    action: Action
    alert: Alert = Alert.NONE
    why: Words
    basis: str = ""


class RulesFile(_Strict):
    """config/rules.yaml"""

    rules: list[RuleEntry]
    files: list[FileEntry] = []


Told = Annotated[list[str], Field(min_length=1)]
"""The roles that are told; of what matters at once it is never nobody."""


class ImmediateAlerts(_Strict):
    """Who is told at once of a block that a rule marks so."""

    to: Told = ["headteacher", "dsl"]
    repeat: Duration = timedelta(hours=1)


class DigestTimes(_Strict):
    """When the office sends digests by itself (school time), and to whom."""

    to: list[str] = ["headteacher", "dsl"]
    day: Clock | None = 16 * 60 + 30
    week: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] | None = "fri"


When = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "school_days", "end"]
"""When a report goes out: on a weekday, on every school day, or on the day after the term (of the year) ends."""


class ReportEntry(_Strict):
    """A report that the office sends; ``to`` and ``when`` are what the report itself says where they are left out."""

    name: Words
    to: list[str] | None = None
    when: When | None = None


class ReportFront(_Strict):
    """What stands at the head of a report of reports/.

    ``to`` are roles. ``people: none`` keeps everything that could name a person from the report. ``when`` is left out
    where the office does not send it unless alerts.yaml says so.
    """

    title: Words
    about: str = ""
    to: list[str] = []
    people: Literal["codes", "none"] = "none"
    period: Literal["day", "week", "term", "year"]
    when: When | None = None


class FaultAlerts(_Strict):
    """Who is told when the gateway itself is at fault."""

    to: Told = ["technician"]


class WorryAlerts(_Strict):
    """Who is told of a search, or of a prompt to a chatbot, that a rule marks ``alert: immediate``."""

    to: Told = ["dsl"]


class CaseEntry(_Strict):
    """How long a case may wait, in school time (at all hours where its priority is high), and who is told then.

    A day is the school's longest working day. ``escalate`` are roles: whoever of them was not told yet comes next.
    """

    acknowledge: Wait = timedelta(hours=1)
    decide: Wait = timedelta(days=5)
    escalate: list[str] = ["headteacher", "dsl", "chair_of_governors"]


class QuietEntry(_Strict):
    """Hours in which only alerts of high priority are sent (school time); the others wait for the next morning.

    With ``school_days_only`` days that are no school days are quiet altogether.
    """

    since: Annotated[Clock, Field(alias="from")] = 18 * 60
    until: Clock = 7 * 60
    school_days_only: bool = True


class RouteEntry(_Strict):
    """Who is told in place of ``immediate: to``: of alerts of these themes, about these groups (none: all)."""

    themes: list[Literal["content", "contact", "conduct", "commerce"]] = []
    groups: list[str] = []
    to: Told


class ChatEntry(_Strict):
    """A channel beside the mail: whatever is mailed to a role, with at least a priority, is told there in short.

    ``url_file`` holds the channel's address in Apprise's form, which is a secret; it is relative to the folder above
    config/.
    """

    url_file: FilePath
    to: str
    least: Literal["high", "medium", "low"] = "high"


class NoticeEntry(_Strict):
    """The notice that people read before they are monitored.

    ``required: false`` is for schools that prove it otherwise. ``contact`` is whom to ask, ``words`` are the school's
    own, added to what is generated from the settings.
    """

    required: bool = True
    contact: str = ""
    words: str = ""


class NamesEntry(_Strict):
    """Which roles may turn a pseudonym back into a name (with a reason, on record)."""

    may_reveal: list[str] = ["headteacher", "dsl", "chair_of_governors"]


class SealEntry(_Strict):
    """Who gets the daily seal of the record, so that nobody can change it alone."""

    to: list[str] = ["headteacher", "chair_of_governors"]


class OfficialPageEntry(_Strict):
    """A page of the school itself on a personal site (policy 8.1): its work, by whom, and when to look at it again."""

    url: ListEntry
    title: Words
    editors: list[str] = []
    approver: Words
    review: Day


class ChannelEntry(_Strict):
    """A channel that the school has agreed to use for its work; ``people`` are logins or groups (none: all staff)."""

    url: ListEntry
    title: Words
    people: list[str] = []
    approver: Words
    review: Day


class TeachingEntry(_Strict):
    """Sites that a lesson needs, declared ahead; ``people`` are logins or groups."""

    sites: Annotated[list[ListEntry], Field(min_length=1)]
    people: Annotated[list[str], Field(min_length=1)]
    purpose: Annotated[Words, Field(alias="for")]
    since: Annotated[Day, Field(alias="from")]
    until: Day


class MonitoringFile(_Strict):
    """config/monitoring.yaml (may be left out): what makes the monitoring of staff fair.

    ``never_log`` are the topics (files of blocklists/private/) that are neither opened nor logged for staff.
    """

    notice: NoticeEntry = NoticeEntry()
    names: NamesEntry = NamesEntry()
    seal: SealEntry = SealEntry()
    never_log: list[str] | None = None  # None: every topic
    official_pages: list[OfficialPageEntry] = []
    channels: list[ChannelEntry] = []
    teaching: list[TeachingEntry] = []


class AlertsFile(_Strict):
    """config/alerts.yaml (may be left out)"""

    immediate: ImmediateAlerts = ImmediateAlerts()
    worries: WorryAlerts = WorryAlerts()
    digest: DigestTimes = DigestTimes()
    faults: FaultAlerts = FaultAlerts()
    cases: CaseEntry = CaseEntry()
    quiet: QuietEntry | None = None
    routes: list[RouteEntry] = []
    channels: list[ChatEntry] = []
    reports: list[ReportEntry] | None = None  # None: each as it says itself

    @property
    def told_at_once(self) -> list[str]:
        """Every role that an alert may go to at once, by ``immediate`` or by a route."""
        return list(dict.fromkeys((*self.immediate.to, *(role for route in self.routes for role in route.to))))


FILES: dict[str, type[BaseModel]] = {
    "school": SchoolFile,
    "people": PeopleFile,
    "calendar": CalendarFile,
    "rules": RulesFile,
    "alerts": AlertsFile,
    "monitoring": MonitoringFile,
    "blocklists/category": CategoryFile,
    "blocklists/local": LocalFile,
    "blocklists/protected": ProtectedFile,
    "blocklists/private": TopicFile,
    "blocklists/apps": AppFile,
}
"""Every kind of file, for ``schoolgate config schema``."""
