"""What config/people.yaml may hold: groups, people and their logins."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from schoolgate.passwords import FILE
from schoolgate.policy.identity import Addresses, Inspect
from schoolgate.settings.identity_models import Mac
from schoolgate.settings.values import (
    STRICT,
    Address,
    FilePath,
    Network,
    Words,
)


class _Strict(BaseModel):
    model_config = STRICT


class GroupEntry(_Strict):
    """A group of people or devices.

    ``addresses`` is what asking for a bare IP address of the internet means: if nothing else stands here, ``judged``
    for people who work here and whose TLS is opened, else ``block``.
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
    """How a login at the proxy is checked; ``ask`` lists networks whose devices must log in.

    Where school.yaml names a directory, there need not be a file of passwords.
    """

    file: FilePath = FILE
    ask: list[Network] = []


class PeopleFile(_Strict):
    """config/people.yaml"""

    groups: Annotated[dict[str, GroupEntry], Field(min_length=1)]
    unknown: str
    logins: Logins | None = None
    people: dict[str, PersonEntry] = {}
