"""The real office over a told record, with a clock by hand and a real mail server that can be away."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from schoolgate.office import Office
from schoolgate.settings.load import Settings
from schoolgate.store.event import Event
from schoolgate.store.recorder import Recorder

from pretend.mailbox import Delivered, Mailbox
from pretend.school import School
from pretend.told import Told, named_school

LONDON = ZoneInfo("Europe/London")


def alerting_school(root: Path, alerts: str) -> School:
    """A school of people with names, whose alerts.yaml says this; it sends no digest."""
    school = named_school(root)
    (school.config / "alerts.yaml").write_text(f"digest: {{day: null, week: null}}\n{alerts}\nreports: []\n")
    return school


class Alerted:
    """Moments are school time, like ``2026-11-24T10:42``. What is told happens at the hand of the clock."""

    def __init__(self, settings: Settings, at: str = "2026-11-24T10:00", up: bool = True) -> None:
        self.settings, self.told, self.now = settings, Told(settings), self._moment(at)
        self.recorder, self.office = Recorder(settings.data, {}), Office(settings)
        self.box = Mailbox(settings.school.mail.port)
        self.is_up = False
        if up:
            self.up()

    @staticmethod
    def _moment(at: str) -> datetime:
        return datetime.fromisoformat(at).replace(tzinfo=LONDON)

    def up(self) -> None:
        self.box.start()
        self.is_up = True

    def down(self) -> None:
        self.box.stop()
        self.is_up = False

    def block(self, login: str = "j.smith", **changes: Any) -> Event:
        return self.told.block(self._wall, login, **changes)

    def log(self, login: str = "j.smith", **changes: Any) -> Event:
        return self.told.event(self._wall, login, **({"alert": "immediate"} | changes))

    @property
    def _wall(self) -> str:
        return f"{self.now.astimezone(LONDON):%Y-%m-%dT%H:%M:%S.%f}"

    def pupil(self, **changes: Any) -> Event:
        """A block of a pupil's device that is known by its place."""
        about = {"group": "pupils", "client": "127.0.0.2", "person": self.told.pseudonyms.of("device", "127.0.0.2")}
        return self.block(**(about | {"identity_confidence": "network", "rule": "pupils-harm"} | changes))

    def run(self, seconds: float = 5, step: float = 0.5) -> list[Delivered]:
        """Returns the mails about alerts that came in that time."""
        before = len(self.mails)
        for _ in range(max(1, int(seconds / step))):
            self.now += timedelta(seconds=step)
            self.recorder.round()
            self.office.round(self.now.timestamp())
            self.finish()
        return self.mails[before:]

    @property
    def mails(self) -> list[Delivered]:
        """All mails about alerts that came; those about cases that nobody looks at are not among them."""
        return [mail for mail in self.box.delivered if str(mail.message["message-id"]).startswith("<alert-")]

    def finish(self) -> None:
        """Wait until nothing is under way."""
        sending = self.office._sending
        for outbox in (sending._mail, *sending._channels.values()):
            if outbox._under_way:
                outbox._under_way[2].result(30)

    def at(self, moment: str, seconds: float = 5) -> list[Delivered]:
        """What comes when it is so late."""
        self.now = self._moment(moment)
        return self.run(seconds)

    def restart(self, settings: Settings | None = None) -> None:
        """The office ends in good order, and begins anew."""
        self.office.close()
        self.settings = settings or self.settings
        self.office = Office(self.settings)

    def alerts(self) -> list[dict[str, Any]]:
        """Rows of the office's file, with their facts read."""
        rows = self.office._store.rows("select * from alert order by id")
        return [row | {"facts": json.loads(row["facts"])} for row in rows]

    def close(self) -> None:
        if self.is_up:
            self.down()
        self.office.close()
        self.recorder.close()
        self.told.journal.close()
