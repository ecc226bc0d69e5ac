"""How people and devices are recognised on the network: what ``identity:`` of config/school.yaml may hold."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema

from schoolgate.policy.whereabouts import mac_address
from schoolgate.settings.values import STRICT, Duration, FilePath, Listen, Network, Words

_SERVER = r"^ldaps?://(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?$"
_NAME = r"^[^{}]*\{user\}[^{}]*$"


def _mac(value: Any) -> str:
    mac = mac_address(value) if isinstance(value, str) else None
    if mac is None or len(value.strip()) > 17:
        raise ValueError(f"{value!r} is no MAC address of a device; write it like 02:00:5e:10:00:01")
    return mac


def _lifetime(length: timedelta) -> timedelta:
    if not timedelta(minutes=1) <= length <= timedelta(days=7):
        raise ValueError("this is too short or too long to be of use; write 1m or more, and 7d at most")
    return length


def _server(value: str) -> str:
    if not re.fullmatch(_SERVER, value):
        raise ValueError(f"{value!r} is no directory; write it like ldaps://dc1.school.example")
    return value


def _name(value: str) -> str:
    if not re.fullmatch(_NAME, value):
        raise ValueError(f"{value!r} has to hold {{user}} once, as in {{user}}@school.example")
    return value


Mac = Annotated[str, BeforeValidator(_mac), WithJsonSchema({"type": "string", "examples": ["02:00:5e:10:00:01"]})]
Lifetime = Annotated[Duration, AfterValidator(_lifetime)]


class _Strict(BaseModel):
    model_config = STRICT


class LeaseEntry(_Strict):
    """A file in which a DHCP server of this machine notes who has which address."""

    file: FilePath
    kind: Literal["dnsmasq", "kea", "isc"]


class RadiusEntry(_Strict):
    """Accounting by RADIUS: where it is listened to, and the file with the shared secret of each client (address).

    ``lifetime`` is how long somebody counts as being there without a further word; ``realms`` are left out of names.
    """

    listen: Listen = ("0.0.0.0", 1813)
    clients: Annotated[dict[Words, FilePath], Field(min_length=1)]
    lifetime: Lifetime = timedelta(hours=1)
    realms: list[Words] = []


class LoginPageEntry(_Strict):
    """Redirected devices of these networks and groups have to log in on a page of the gateway's own."""

    networks: list[Network] = []
    groups: list[str] = []
    lifetime: Lifetime = timedelta(hours=8)


class DirectoryEntry(_Strict):
    """An LDAP directory (such as Active Directory) that is asked whether a password is right, always over TLS.

    ``name`` is how it knows a user: ``{user}@school.example``, or ``uid={user},ou=people,dc=school,dc=example``.
    ``ca`` is a PEM file; without one, its certificate has to be signed by an authority that this machine trusts.
    """

    server: Annotated[str, AfterValidator(_server), WithJsonSchema({"type": "string", "pattern": _SERVER})]
    security: Literal["tls", "starttls"] = "tls"
    name: Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": _NAME})]
    ca: FilePath | None = None
    remember: Lifetime = timedelta(minutes=15)


class IdentityEntry(_Strict):
    """Where the gateway learns which device has an address and who is at it (docs/identity.md).

    ``neighbours``: whether the MACs that this machine sees itself count; where nothing is said, they do as soon as
    anything else here is named: they alone show who takes an address without asking. ``forget`` is how long one counts
    that is seen no more.
    """

    leases: list[LeaseEntry] = []
    neighbours: Literal["on", "off"] | None = None
    forget: Lifetime = timedelta(minutes=10)
    radius: RadiusEntry | None = None
    login_page: LoginPageEntry | None = None
    directory: DirectoryEntry | None = None

    @property
    def watches(self) -> bool:
        """Whether anything has to be watched."""
        return bool(self.leases or self.sees_neighbours or self.radius)

    @property
    def sees_neighbours(self) -> bool:
        """Whether the MACs that this machine sees itself count."""
        others = bool(self.leases or self.radius or self.login_page)
        return self.neighbours == "on" or (self.neighbours is None and others)
