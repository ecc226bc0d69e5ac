"""Fills a report's template from the record.

A report is one file of ``reports/``, rendered once for each ``part``: ``subject``, ``text`` and ``html``. In it,
``query(sql)`` asks the views of the record, where ``:since`` and ``:until`` are the report's period (UTC), and
``:contested`` and ``:cleared`` are JSON lists of the events that wait for an answer and that count no more. Templates
run in Jinja's sandbox, on a connection that cannot write.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from schoolgate.reporting.case import read_case
from schoolgate.reporting.counted import counted, waiting
from schoolgate.reporting.dpia import render_dpia
from schoolgate.reporting.evidence import evidence, render_evidence
from schoolgate.reporting.filling import fill
from schoolgate.reporting.looks import looks
from schoolgate.reporting.naming import Names
from schoolgate.reporting.period import Span
from schoolgate.reporting.sar import Holdings, as_page
from schoolgate.reporting.subject import Subject
from schoolgate.settings.load import Settings
from schoolgate.settings.monitoring import overdue
from schoolgate.store.deeds import contested, contests
from schoolgate.store.event import stamp
from schoolgate.store.pseudonym import Pseudonyms
from schoolgate.store.record import RecordReader, open_reader


@dataclass(frozen=True, slots=True)
class Rendered:
    """A report, ready to be mailed or saved."""

    subject: str
    text: str
    html: str


def who_is(settings: Settings, pseudonyms: Pseudonyms) -> Names:
    """How reports and mails call people."""
    return Names(settings, pseudonyms)


def try_reports(settings: Settings) -> None:
    """Fill every report from an empty record. Raises SettingsError when one of them cannot be used."""
    with TemporaryDirectory() as nothing, open_reader(Path(nothing)) as reader:
        render_report("digest", Span("never", "", ""), reader, settings, Names(settings, Pseudonyms(b"")))
        nobody, now = Subject("", ("",), "", "", "", ()), datetime.now(UTC)
        span = Span("never", "1980-01-01T00:00:00.000Z", "1980-01-02T00:00:00.000Z")
        render_evidence(evidence(read_case(reader, settings, nobody, span), now), {"words": "", "seal": ""})
        as_page(Holdings(nobody, now, (), (), ""), settings)
        render_dpia(settings, now)


def render_report(
    name: str, span: Span, reader: RecordReader, settings: Settings, who: Names, seal: str = ""
) -> Rendered:
    """Fill ``reports/<name>.html``. Raises SettingsError when the template cannot be used."""
    words = {"span": span, "who": who, "seal": seal, "when": _when(settings), **_prepared(span, reader, settings, who)}
    parts = fill(settings, name, words, ("subject", "text", "html"))
    return Rendered(" ".join(parts["subject"].split()), parts["text"], parts["html"])


def _prepared(span: Span, reader: RecordReader, settings: Settings, who: Names) -> dict[str, Any]:
    """What SQL alone cannot say: sittings, contests, look-ups, and pages to look at again."""
    everything = contests(reader)
    told = contested(everything)
    during = {"since": span.since, "until": span.until}
    during |= {"contested": json.dumps(sorted(told.waiting)), "cleared": json.dumps(sorted(told.cleared))}

    @cache
    def query(sql: str) -> list[dict[str, Any]]:
        return list(reader.query(sql, during))

    now = stamp(datetime.now(UTC))
    end = min(span.until or now, now)
    today = (datetime.fromisoformat(end) - timedelta(seconds=1)).astimezone(settings.school.timezone).date()
    return {
        "query": query,
        "counted": counted(reader, span, settings.snapshot.calendar.at_work, told),
        "waiting": waiting(reader, everything, today.isoformat()),
        "answered": [each for each in everything if each.answer and span.since <= each.answered_at < span.until],
        "looks": looks(reader, span, who.codes(settings.alerts.digest.to)),
        "overdue": [each.words(today) for each in overdue(settings.monitoring, today, settings.school)],
    }


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
