"""Fills a report's template from the record.

A report is one file of ``reports/`` with front matter (``settings.report_files``), rendered once for each ``part``:
``subject``, ``text`` and ``html``. ``reports/report.html`` is a frame that gives what a report leaves out; a text that
is left out is made from the page. What a template can ask is told in ``sources``. Templates run in Jinja's sandbox, on
a connection that cannot write.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory

from schoolgate.reporting.case import read_case
from schoolgate.reporting.dpia import render_dpia
from schoolgate.reporting.evidence import evidence, render_evidence
from schoolgate.reporting.filling import fill
from schoolgate.reporting.naming import Names
from schoolgate.reporting.period import Span, before, span
from schoolgate.reporting.plain import plain
from schoolgate.reporting.sar import Holdings, as_page
from schoolgate.reporting.sources import Occasion, Sources, occasion_of
from schoolgate.reporting.subject import Subject
from schoolgate.reporting.traced import Note
from schoolgate.reporting.without_people import without_people
from schoolgate.settings.alert_models import ReportFront
from schoolgate.settings.faults import Fault, SettingsError, unknown
from schoolgate.settings.load import Settings
from schoolgate.settings.report_files import ReportFile, report_file, report_files
from schoolgate.store.pseudonym import Pseudonyms, open_pseudonyms
from schoolgate.store.record import RecordReader, open_reader

_NEVER = Span("never", "", "")
_ONE_DAY = Span("never", "1980-01-01T00:00:00.000Z", "1980-01-02T00:00:00.000Z")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A report, ready to be mailed or saved; ``notes`` say how each of its numbers was counted."""

    subject: str
    text: str
    html: str
    notes: tuple[Note, ...] = ()


def who_is(settings: Settings, pseudonyms: Pseudonyms) -> Names:
    """How reports and mails call people."""
    return Names(settings, pseudonyms)


def make_report(
    settings: Settings,
    name: str,
    days: Span,
    previous: Span | None = None,
    to: list[str] | None = None,
    console: str | None = None,
) -> Rendered:
    """A report of a stretch of time from the school's record, for these roles or those that get it by default.

    ``console`` comes before the links to the console; left out, it is the console's own address.
    Raises SettingsError when its template cannot be used, ValueError where there is no such report.
    """
    who = who_is(settings, open_pseudonyms(settings.data))
    with open_reader(settings.data, with_waiting=True) as reader:
        return render_report(name, days, reader, settings, who, previous=previous, to=to, console=console)


def readers_of(settings: Settings, report: ReportFile) -> list[str]:
    """The roles that get a report by default: as alerts.yaml says, or else as the report does."""
    if report.name == "digest":
        return settings.alerts.digest.to
    named = (entry.to for entry in settings.alerts.reports or [] if entry.name == report.name)
    return next((to for to in named if to is not None), report.front.to)


def spans_of(settings: Settings, period: str, day: date) -> tuple[Span, Span | None]:
    """The period that a day lies in, and the one before. Raises ValueError where it lies in no term."""
    calendar = settings.snapshot.calendar
    return span(period, day, calendar), before(period, day, calendar)


def render_report(
    name: str,
    days: Span,
    reader: RecordReader,
    settings: Settings,
    who: Names,
    seal: str = "",
    previous: Span | None = None,
    to: list[str] | None = None,
    console: str | None = None,
) -> Rendered:
    """Fill ``reports/<name>.html``. Raises SettingsError when the template cannot be used."""
    report = report_file(settings.folders, name)
    front = report.front.model_copy(update={"to": readers_of(settings, report) if to is None else to})
    address = (settings.console_url or None) if console is None else console
    return _render(report, occasion_of(front, days, previous, address), reader, settings, who, seal)


def _render(
    report: ReportFile, occasion: Occasion, reader: RecordReader, settings: Settings, who: Names, seal: str
) -> Rendered:
    sources = Sources(reader, settings, who, occasion)
    words = {**sources.words(), "seal": seal, "when": _when(settings), "name": report.name}
    with nullcontext() if occasion.front.people == "codes" else without_people(reader):
        parts = fill(settings, report.name, words, ("subject", "text", "html"))
    subject = " ".join(parts["subject"].split())
    text, html = parts["text"], parts["html"]
    if not text.strip():  # the frame's
        subject, text = unescape(subject), plain(html)
    return Rendered(subject, text, html, tuple(sources.notes()))


def try_reports(settings: Settings) -> None:
    """Fill every report from an empty record. Raises SettingsError, with every fault, when one cannot be used."""
    faults: list[Fault] = []
    who = Names(settings, Pseudonyms(b""))
    with TemporaryDirectory() as nothing, open_reader(Path(nothing)) as reader:
        for report in report_files(settings.folders, faults):
            faults.extend(_unknown_roles(settings, report))
            try:
                _render(report, _first(report.front), reader, settings, who, "")
            except SettingsError as error:
                faults.extend(error.faults)
        try:
            _try_papers(settings, reader)
        except SettingsError as error:
            faults.extend(error.faults)
    if faults:
        raise SettingsError(faults)


def _unknown_roles(settings: Settings, report: ReportFile) -> Iterator[Fault]:
    """Roles of the front matter that no school has, and not this one either: nobody would get the report."""
    known = {*settings.school.roles, "headteacher", "dsl", "technician", "chair_of_governors"}
    lines = report.path.read_text(encoding="utf-8-sig").splitlines()
    line = next((number for number, words in enumerate(lines, 1) if words.startswith("to:")), 1)
    for role in report.front.to:
        if role not in known:
            yield Fault(settings.folders.named(report.path), line, unknown("role", role, known))


def _first(front: ReportFront) -> Occasion:
    """An occasion before there was anything to tell."""
    return occasion_of(front, _ONE_DAY, _NEVER if front.period == "day" else _ONE_DAY)


def _try_papers(settings: Settings, reader: RecordReader) -> None:
    nobody, now = Subject("", ("",), "", "", "", ()), datetime.now(UTC)
    render_evidence(evidence(read_case(reader, settings, nobody, _ONE_DAY), now), {"words": "", "seal": ""})
    as_page(Holdings(nobody, now, (), (), ""), settings)
    render_dpia(settings, now)


def _when(settings: Settings) -> Callable[[str, str], str]:
    zone = settings.school.timezone

    def when(first: str, last: str) -> str:
        """``Tue 24 Nov 10:42``, or ``… to 11:05``, or ``… to Thu 26 Nov 14:00``."""
        begin, end = (datetime.fromisoformat(at).astimezone(zone) for at in (first, last))
        if f"{begin:%d%H%M}" == f"{end:%d%H%M}":
            return f"{begin:%a %d %b %H:%M}"
        until = f"{end:%H:%M}" if begin.date() == end.date() else f"{end:%a %d %b %H:%M}"
        return f"{begin:%a %d %b %H:%M} to {until}"

    return when
