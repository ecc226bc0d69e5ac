"""The office: the process that reads the record, raises alerts, sends mails and digests, and never holds up a page."""

import logging
import time
from datetime import datetime, timedelta
from multiprocessing.connection import Connection

from schoolgate.alerting.alerts import TECHNICAL, gather, raise_mails
from schoolgate.alerting.cases import Cases
from schoolgate.alerting.quiet_hours import is_quiet
from schoolgate.alerting.recipients import channels_of, recipients_of
from schoolgate.alerting.sending import Sending
from schoolgate.child import work_in_rounds
from schoolgate.policy.calendar import TERM
from schoolgate.reporting.period import Span, span
from schoolgate.reporting.report import Rendered, render_report, who_is
from schoolgate.reporting.seal import hand_out, has_news, note_handed_out, seal_words
from schoolgate.reporting.sending import ReportPost
from schoolgate.reporting.watchers import tell_watchers
from schoolgate.settings.load import Settings
from schoolgate.store.cases import Priority
from schoolgate.store.check_chain import Seal
from schoolgate.store.journal import Journal
from schoolgate.store.office import OfficeStore
from schoolgate.store.pack import last_seal
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.store.record import open_reader

log = logging.getLogger("schoolgate")

_ROUND = 0.25  # seconds
_FORGET_EVERY = 3600.0  # seconds
_DIGEST_HOUR = 16 * 60 + 30  # of the weekly digest where no daily one is sent
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def run_office(settings: Settings, channel: Connection) -> None:
    """The process's main function; ``channel`` brings new Settings or STOP."""
    office = Office(settings)
    work_in_rounds(channel, _ROUND, office.take_up, lambda: office.round(time.time()))
    office.close()


class Office:
    """Works in rounds. Everything it still has to do stands in its file, so it can end at any moment."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._pseudonyms = open_pseudonyms(settings.data)
        self._store = OfficeStore(settings.data)
        self._journal = Journal(settings.data, "office")
        self._cases = Cases(self._store, self._journal, self._pseudonyms)
        self._reports = ReportPost(self._store)
        self._next_forgetting = 0.0
        self._sending = Sending(self._store, settings, lambda given: who_is(given, self._pseudonyms))

    def take_up(self, settings: Settings) -> None:
        """From now on these settings hold."""
        self.settings = settings

    def round(self, now: float) -> None:
        """Take up new events, raise and send mails, and send the digest when its hour has come."""
        settings = self.settings
        repeat = settings.alerts.immediate.repeat.total_seconds()
        with open_reader(settings.data) as reader:
            gather(self._store, reader, repeat, now, settings.snapshot.categories)
            self._cases.round(reader, settings, now)  # before the mails, which link to the case
        raise_mails(
            self._store,
            self._recipients,
            repeat,
            now,
            settings.school.mail.sender.partition("@")[2],
            lambda at: is_quiet(settings.alerts.quiet, settings.snapshot.calendar, at),
            self._channels,
        )
        self._sending.round(settings, now)
        try:
            self._digests(now)
        except Exception as error:
            self._report_failed("digest", error, now)
        self._reports.round(settings, now, lambda name, error: self._report_failed(name, error, now))
        if now >= self._next_forgetting:
            self._next_forgetting = now + _FORGET_EVERY
            self._store.forget_before(now - settings.school.retention.blocked.total_seconds())

    def close(self) -> None:
        """End in good order."""
        self._sending.close(time.time())
        self._store.close()
        self._journal.close()

    def _recipients(self, audience: str, person: str = "") -> list[str]:
        return recipients_of(self.settings, self._pseudonyms, audience, person)

    def _channels(self, audience: str, person: str, priority: Priority) -> list[str]:
        return channels_of(self.settings, self._pseudonyms, audience, person, priority)

    def _report_failed(self, name: str, error: Exception, now: float) -> None:
        """The technician is told once a day; alerts go on."""
        today = datetime.fromtimestamp(now, self.settings.school.timezone).date().isoformat()
        if self._store.bookmark(f"{name}-failed") == today:
            return
        log.error("The report %s could not be made: %r", name, error)
        self._store.set_bookmark(f"{name}-failed", today)
        to = self._recipients(TECHNICAL)
        if to:
            domain = self.settings.school.mail.sender.partition("@")[2]
            what = "the digest" if name == "digest" else f"the report {name}"
            subject = f"{self.settings.school.name}: schoolgate could not make {what}"
            text = f"What happened: {what} could not be made.\nWhat to do now: correct this:\n\n{error}\n"
            self._store.add_mail(to, subject, text, "", f"<{name}-failed-{today}@{domain}>", now)

    def _digests(self, now: float) -> None:
        """The day's digest on school days, and the week's on its day, each once; each goes on where the last ended."""
        times, calendar = self.settings.alerts.digest, self.settings.snapshot.calendar
        local = datetime.fromtimestamp(now, calendar.zone)
        if local < _at(local, _DIGEST_HOUR if times.day is None else times.day):
            return
        school_day = TERM in calendar.moment(local, "").periods and local.weekday() < 5
        due = ["day"] if school_day and times.day is not None else []
        if times.week == _DAYS[local.weekday()]:
            due.append("week")
        if not due and times.day is not None:
            self._seal_alone(now)
        for period in due:
            name, today = f"digest-{period}", local.date().isoformat()
            last = self._store.bookmark(name)
            if last is not None and datetime.fromisoformat(last).astimezone(calendar.zone).date() >= local.date():
                continue
            to = self.settings.recipients(times.to)
            seal = seal_now(self.settings)
            days = span(period, local.date(), calendar).until_now(last, local)
            rendered = digest(self.settings, days, seal)
            with self._store.atomic():
                if to:
                    message_id = f"<{name}-{today}@{self.settings.school.mail.sender.partition('@')[2]}>"
                    self._store.add_mail(to, rendered.subject, rendered.text, rendered.html, message_id, now)
                self._store.set_bookmark(name, local.isoformat())
                handed_out = hand_out(self._store, self.settings, seal, to, now)
                if period == due[0]:
                    tell_watchers(self._store, self.settings, who_is(self.settings, self._pseudonyms), days, to, now)
            if handed_out and seal is not None:
                note_handed_out(self.settings, seal, now)

    def _seal_alone(self, now: float) -> None:
        """The seal on a day without a digest, where anybody has done anything since it was last handed out."""
        with open_reader(self.settings.data) as reader:
            seal, is_needed = last_seal(reader), has_news(self._store, reader)
        if seal is not None and is_needed and hand_out(self._store, self.settings, seal, [], now):
            note_handed_out(self.settings, seal, now)


def _at(day: datetime, minute: int) -> datetime:
    return day.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(minutes=minute)


def seal_now(settings: Settings) -> Seal | None:
    """The last seal of the record."""
    with open_reader(settings.data) as reader:
        return last_seal(reader)


def digest(settings: Settings, days: Span, seal: Seal | None = None) -> Rendered:
    """The digest of a stretch of time, with this seal or the last one.

    Raises SettingsError when the school's own template cannot be used.
    """
    with open_reader(settings.data, with_waiting=True) as reader:
        words = seal_words(seal or last_seal(reader), settings)
        return render_report("digest", days, reader, settings, who_is(settings, open_pseudonyms(settings.data)), words)
