"""Where somebody stands with being monitored: whether anything of what they do may be kept at this moment.

Only of people who work here, only in their own working time, and only once they have read the notice that holds for
them. What is blocked is no monitoring: that is on record for everybody.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schoolgate.policy.calendar import WORKING_HOURS
from schoolgate.policy.identity import Identity, Inspect
from schoolgate.policy.standing import Standing
from schoolgate.settings.load import Settings
from schoolgate.settings.notice import Notice, notice_of
from schoolgate.store.pseudonym import Pseudonyms

_QUARTER = 900  # seconds: midnight, wherever the school is, begins one
_REMEMBERED = 256


class State(StrEnum):
    """What holds for a request."""

    OTHER = "other"  # nobody who works here: the rules alone say what is kept
    PRIVATE = "private"  # a site that is nobody's business: nothing is kept
    UNREAD = "unread"  # the notice is still to be read: nothing is kept
    FREE = "free"  # outside their working time: nothing of what is permitted is kept
    WORKING = "working"  # what the rules say, and counts by kind


@dataclass(frozen=True, slots=True)
class Footing:
    """``version`` is of the notice that holds for the person, ``notice`` the same once it was acknowledged."""

    state: State
    person: str = ""
    version: str = ""
    notice: str = ""

    @property
    def keeps_nothing(self) -> bool:
        """Whether nothing but blocks may be put on record."""
        return self.state in (State.UNREAD, State.PRIVATE)


NOBODY = Footing(State.OTHER)


class Footings:
    """Answers for one version of the settings."""

    def __init__(self, settings: Settings, pseudonyms: Pseudonyms) -> None:
        self._settings, self._pseudonyms = settings, pseudonyms
        self._calendar = settings.snapshot.calendar
        self._at_work = self._calendar.at_work
        self._required = settings.monitoring.notice.required
        self._versions: dict[tuple[str, int], str] = {}

    def of(self, identity: Identity, at: datetime, standing: Standing) -> Footing:
        """Where this person stands at the aware time ``at``."""
        group = identity.group
        if group.id not in self._at_work or group.inspect is Inspect.NONE:
            return NOBODY
        person, version = self.person(identity), self._version(group.id, at)
        has_read = (person, version) in standing.acknowledged
        if self._required and not has_read:
            return Footing(State.UNREAD, person, version)
        working = WORKING_HOURS in self._calendar.moment(at, group.id, identity.user or "").periods
        state = State.WORKING if working else State.FREE
        return Footing(state, person, version, version if has_read else "")

    def person(self, identity: Identity) -> str:
        """The pseudonym that somebody goes by: of their login, or of the device where there is none."""
        return self._pseudonyms.of(*identity.known_by)

    def notice(self, group: str, at: datetime) -> Notice:
        """The notice that holds for a group at the aware time ``at``."""
        return notice_of(self._settings, group, at.astimezone(self._calendar.zone).date())

    def _version(self, group: str, at: datetime) -> str:
        """The notice's version: it changes with the settings, and with the school year."""
        key = (group, int(at.timestamp()) // _QUARTER)
        version = self._versions.get(key)
        if version is None:
            if len(self._versions) >= _REMEMBERED:
                self._versions.clear()
            version = self._versions[key] = self.notice(group, at).version
        return version
