"""A clock of a gateway's own, which a test moves through a school's day; what else runs keeps the machine's."""

import time
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
FOLLOWING = Path(__file__).parent / "clocked"


def last_tuesday() -> date:
    """A Tuesday of the last seven days: near enough for certificates of today."""
    yesterday = datetime.now(LONDON).date() - timedelta(days=1)
    return yesterday - timedelta(days=(yesterday.weekday() - 1) % 7)


class Clock:
    """Set by ``stands_at``; goes on from there at the usual pace. Waits and deadlines keep the machine's own clock."""

    def __init__(self, folder: Path, day: date, hour: str) -> None:
        self._path, self.day = folder / "clock", day
        self._path.write_text(self._seconds(hour))
        self.environment = {"PYTHONPATH": str(FOLLOWING), "SCHOOLGATE_TEST_CLOCK": str(self._path)}

    def stands_at(self, hour: str) -> None:
        """It is now so late (``08:15``) on the school's wall, for every process that lives by this clock."""
        whole, seconds = self._path.with_suffix(".new"), self._seconds(hour)
        whole.write_text(seconds)
        whole.replace(self._path)
        end = time.monotonic() + 60
        while any(seen != seconds for seen in self._seen()):
            assert time.monotonic() < end, f"a process did not see that it is {hour}"
            time.sleep(0.05)

    def _seconds(self, hour: str) -> str:
        return str(datetime.fromisoformat(f"{self.day}T{hour}").replace(tzinfo=LONDON).timestamp())

    def _seen(self) -> list[str]:
        """What each process that still runs has read from the file."""
        seen = [(path, path.name.removeprefix("seen-by-")) for path in self._path.parent.glob("seen-by-*")]
        return [path.read_text() for path, process in seen if Path("/proc", process).exists()]
