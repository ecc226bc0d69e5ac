"""Puts reports into the outbox when they are due: each once, also when the gateway was off at that moment."""

from collections.abc import Callable
from datetime import datetime, timedelta

from schoolgate.reporting.making import Making
from schoolgate.reporting.report import make_report
from schoolgate.reporting.schedule import due, stretch
from schoolgate.settings.alert_models import ReportEntry, ReportFront
from schoolgate.settings.load import Settings
from schoolgate.settings.report_files import report_files, sent_by_itself
from schoolgate.store.office import OfficeStore

MINUTE = 16 * 60 + 30
"""Of the day, where alerts.yaml sends no daily digest, whose time reports go by."""
_AGAIN = 900.0  # seconds, after which a report that could not be made is tried again
_AHEAD = timedelta(days=1)  # a mark that is further off was made while the clock stood wrong
Failed = Callable[[str, Exception], None]


class ReportPost:
    """Looks in each round what is due. How far each report has got stands in the office's file."""

    def __init__(self, store: OfficeStore, making: Making) -> None:
        self._store, self._making = store, making
        self._version = ""
        self._entries: list[tuple[ReportEntry, ReportFront]] = []
        self._not_before: dict[str, float] = {}

    def round(self, settings: Settings, now: float, failed: Failed) -> None:
        """Send what is due; ``failed`` is told of what could not be made, which holds up nothing else."""
        for entry, front in self._scheduled(settings):
            if 0 < self._not_before.get(entry.name, 0.0) - now <= _AGAIN:  # further off: the clock was set back
                continue
            try:
                self._send(settings, entry, front, now)
            except Exception as error:
                self._not_before[entry.name] = now + _AGAIN
                failed(entry.name, error)

    def _scheduled(self, settings: Settings) -> list[tuple[ReportEntry, ReportFront]]:
        """Read once for each version of the settings, to which reports belong."""
        if self._version != settings.snapshot.version:
            reports = report_files(settings.folders)
            fronts = {each.name: each.front for each in reports}
            entries = sent_by_itself(reports, settings.alerts.reports)
            self._entries = [(entry, fronts[entry.name]) for entry in entries]
            self._version, self._not_before = settings.snapshot.version, {}
        return self._entries

    def _send(self, settings: Settings, entry: ReportEntry, front: ReportFront, now: float) -> None:
        calendar, mark = settings.snapshot.calendar, f"report-{'-'.join([entry.name, *(entry.to or [])])}"
        local, at = datetime.fromtimestamp(now, calendar.zone), settings.alerts.digest.day
        when = entry.when or ""
        moment = due(front.period, when, MINUTE if at is None else at, local, calendar)
        bookmark = self._store.bookmark(mark)
        last = datetime.fromisoformat(bookmark).astimezone(calendar.zone) if bookmark else None
        if last is None and (moment is None or moment.date() != local.date()):  # it was due before there was a gateway
            self._store.set_bookmark(mark, local.isoformat())
            return
        if last is not None and last > local + _AHEAD:  # the clock stood wrong: whatever was due since is sent once
            last = None
        if moment is None or (last is not None and last >= moment):
            return
        to = settings.recipients(entry.to or [])
        if not to:
            self._store.set_bookmark(mark, local.isoformat())
            return
        days, earlier = stretch(front.period, when, moment, local, last, calendar)
        made = self._making.made(mark, lambda: (make_report(settings, entry.name, days, earlier, entry.to), local))
        if made is None:
            return
        page, up_to = made
        with self._store.atomic():
            domain = settings.school.mail.sender.partition("@")[2]
            message_id = f"<{mark}-{moment.date().isoformat()}@{domain}>"
            self._store.add_mail(to, page.subject, page.text, page.html, message_id, now)
            self._store.set_bookmark(mark, up_to.isoformat())
