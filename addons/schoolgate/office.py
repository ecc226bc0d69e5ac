"""The office: the process that reads the record, raises alerts, sends mails and digests, and never holds up a page."""

import logging
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection

from schoolgate.alerting.alerts import TECHNICAL, gather, raise_mails
from schoolgate.alerting.cases import Cases
from schoolgate.alerting.quiet_hours import is_quiet
from schoolgate.alerting.recipients import channels_of, recipients_of
from schoolgate.alerting.sending import Sending, stuck_messages
from schoolgate.child import work_in_rounds
from schoolgate.doctor.hourly import Hourly
from schoolgate.policy.calendar import TERM
from schoolgate.reporting.making import Making
from schoolgate.reporting.period import Span, span
from schoolgate.reporting.report import Rendered, render_report, who_is
from schoolgate.reporting.seal import hand_out, has_news, note_handed_out, seal_words
from schoolgate.reporting.sending import ReportPost
from schoolgate.reporting.watchers import tell_watchers
from schoolgate.settings.load import Settings
from schoolgate.store.cases import Priority
from schoolgate.store.check_chain import Seal
from schoolgate.store.copies import NotCopied, is_damage
from schoolgate.store.event import fault_event
from schoolgate.store.journal import Journal
from schoolgate.store.mending import ask_to_look, is_to_look, looked
from schoolgate.store.office import FILE as OFFICE
from schoolgate.store.office import OfficeStore
from schoolgate.store.pack import last_seal
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.store.record import open_reader
from schoolgate.store.watched import RecordWatch

log = logging.getLogger("schoolgate")

_ROUND = 0.25  # seconds
_PATIENCE = 0.05  # seconds that a round waits for a report that is being made; the next round asks again
_FORGET_EVERY = 3600.0  # seconds
_DIGEST_HOUR = 16 * 60 + 30  # of the weekly digest where no daily one is sent
_STANDS_STILL = """What happened: the recorder has written nothing for ten minutes. The filter works, and what it \
stops waits in the journals; but nobody is alerted of it until the recorder works again.
What to do now: look why it does not, with journalctl -u schoolgate, and restart the gateway. Is the disk full, or \
record.db not to be read?
"""
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def run_office(settings: Settings, channel: Connection) -> None:
    """The process's main function; ``channel`` brings new Settings or STOP."""
    try:
        office = Office(settings, _PATIENCE)
    except NotCopied as error:
        channel.send(f"its tables are not brought up to date without a copy of them as they are, but {error}")
        return
    except OSError as error:
        channel.send(f"Its files cannot be opened: {error}. Is the disk full or read-only?")
        return
    work_in_rounds(channel, _ROUND, office.take_up, lambda: office.round_or_mend(time.time()))
    office.close()


class Office:
    """Works in rounds. Everything it still has to do stands in its file, so it can end at any moment.

    ``patience`` are the seconds that a round waits for a report; left out, it waits until the report is made.
    """

    def __init__(
        self, settings: Settings, patience: float = 600.0, running_on: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings
        self._running_on, self._record = running_on, RecordWatch(settings.data)
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._pseudonyms = open_pseudonyms(settings.data)
        self._store = OfficeStore(settings.data)
        self._journal = Journal(settings.data, "office")
        if self._store.mended:
            told = fault_event(datetime.now(UTC), "office-damaged", self._store.mended, settings.snapshot.version)
            self._journal.append({"t": "event", **told.row()})
        self._cases = Cases(self._store, self._journal, self._pseudonyms)
        self._making = Making(patience)
        self._reports = ReportPost(self._store, self._making)
        self._next_forgetting = 0.0
        self._doctor = Hourly(self._store, self._journal, self._tell_of_mended)
        self._sending = Sending(self._store, settings, lambda given: who_is(given, self._pseudonyms))

    def take_up(self, settings: Settings) -> None:
        """From now on these settings hold."""
        self.settings = settings

    def round_or_mend(self, now: float) -> None:
        """A round; where a store is damaged, whoever writes it is to mend it, which the office does when it begins."""
        try:
            self._look_if_asked()
            self._watch_record(now)
            self.round(now)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            ask_to_look(self.settings.data)
            self._look_if_asked()
            raise

    def _look_if_asked(self) -> None:
        data = self.settings.data
        if is_to_look(data, OFFICE) and not looked(data, OFFICE):
            raise SystemExit(f"{OFFICE} is damaged; the office begins again with a good copy of it")

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
        try:
            self._doctor.round(settings, now)
        except Exception:  # reports and alerts go on; it is examined again in an hour
            log.exception("The gateway could not examine itself")
        self._reports.round(settings, now, lambda name, error: self._report_failed(name, error, now))
        if now >= self._next_forgetting:
            self._next_forgetting = now + _FORGET_EVERY
            self._tell_of_stuck(now)
            self._store.forget_before(now - settings.school.retention.blocked.total_seconds())

    def close(self) -> None:
        """End in good order."""
        self._making.close()
        self._doctor.close()
        self._sending.close(time.time())
        self._store.close()
        self._journal.close()

    def _recipients(self, audience: str, person: str = "") -> list[str]:
        return recipients_of(self.settings, self._pseudonyms, audience, person)

    def _channels(self, audience: str, person: str, priority: Priority) -> list[str]:
        return channels_of(self.settings, self._pseudonyms, audience, person, priority)

    def _report_failed(self, name: str, error: Exception, now: float) -> None:
        """Alerts go on meanwhile."""
        what = "the digest" if name == "digest" else f"the report {name}"
        text = f"What happened: {what} could not be made.\nWhat to do now: correct this:\n\n{error}\n"
        self._tell_technician(f"{name}-failed", f"schoolgate could not make {what}", text, now)

    def _tell_of_stuck(self, now: float) -> None:
        """A channel whose address is no good, or a mailbox that is refused, would else be seen in the console only."""
        stuck = stuck_messages(self._store, now)
        if stuck:
            self._tell_technician("messages-failed", "messages could not be sent", stuck, now)

    def _watch_record(self, now: float) -> None:
        """Sent from here, as the round may fail for the very reason that is told."""
        if self._record.stands_still(self._running_on()):
            self._tell_technician("record-still", "nothing comes to the record", _STANDS_STILL, now)
            self._sending.round(self.settings, now)

    def _tell_of_mended(self, subject: str, text: str, now: float) -> None:
        """Each time, since each time something was told of before."""
        to = self._recipients(TECHNICAL)
        if to:
            domain = self.settings.school.mail.sender.partition("@")[2]
            subject = f"{self.settings.school.name}: {subject}"
            self._store.add_mail(to, subject, text, "", f"<mended-{int(now * 1000)}@{domain}>", now)

    def _tell_technician(self, name: str, subject: str, text: str, now: float) -> None:
        """Once a day for each name."""
        today = datetime.fromtimestamp(now, self.settings.school.timezone).date().isoformat()
        if self._store.bookmark(name) == today:
            return
        log.error("%s: %s", subject, " ".join(text.split()))
        self._store.set_bookmark(name, today)
        to = self._recipients(TECHNICAL)
        if to:
            domain = self.settings.school.mail.sender.partition("@")[2]
            subject = f"{self.settings.school.name}: {subject}"
            self._store.add_mail(to, subject, text, "", f"<{name}-{today}@{domain}>", now)

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
            last = self._last(name, local)
            if last is not None and datetime.fromisoformat(last).astimezone(calendar.zone).date() >= local.date():
                continue
            to, days = self.settings.recipients(times.to), span(period, local.date(), calendar).until_now(last, local)
            made = self._making.made(name, partial(_sealed_digest, self.settings, days))
            if made is None:
                return  # the next round asks again
            rendered, days, seal = made
            with self._store.atomic():
                if to:
                    message_id = f"<{name}-{today}@{self.settings.school.mail.sender.partition('@')[2]}>"
                    self._store.add_mail(to, rendered.subject, rendered.text, rendered.html, message_id, now)
                up_to = datetime.fromisoformat(days.until).astimezone(calendar.zone)
                self._store.set_bookmark(name, up_to.isoformat())
                handed_out = hand_out(self._store, self.settings, seal, to, now)
                if period == due[0]:
                    tell_watchers(self._store, self.settings, who_is(self.settings, self._pseudonyms), days, to, now)
            if handed_out and seal is not None:
                note_handed_out(self.settings, seal, now)

    def _last(self, name: str, local: datetime) -> str | None:
        """When a digest went out last; one of a day to come was sent by a clock that has been set right since."""
        last = self._store.bookmark(name)
        is_to_come = last is not None and datetime.fromisoformat(last) > local + timedelta(days=1)
        return None if is_to_come else last

    def _seal_alone(self, now: float) -> None:
        """The seal on a day without a digest, where anybody has done anything since it was last handed out."""
        with open_reader(self.settings.data) as reader:
            seal, is_needed = last_seal(reader), has_news(self._store, reader)
        if seal is not None and is_needed and hand_out(self._store, self.settings, seal, [], now):
            note_handed_out(self.settings, seal, now)


def _at(day: datetime, minute: int) -> datetime:
    return day.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(minutes=minute)


def _sealed_digest(settings: Settings, days: Span) -> tuple[Rendered, Span, Seal | None]:
    seal = seal_now(settings)
    return digest(settings, days, seal), days, seal


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
