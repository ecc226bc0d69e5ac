"""Fills a report's template from the record.

A report is one file of ``reports/``, rendered once for each ``part``: ``subject``, ``text`` and ``html``. In it,
``query(sql)`` asks the views of the record, where ``:since`` and ``:until`` are the report's period (UTC). Templates
run in Jinja's sandbox, on a connection that cannot write.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from schoolgate.reporting.period import Span
from schoolgate.settings.faults import Fault, SettingsError
from schoolgate.settings.load import Settings
from schoolgate.store.pseudonym import Pseudonyms
from schoolgate.store.record import RecordReader, open_reader

Who = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A report, ready to be mailed or saved."""

    subject: str
    text: str
    html: str


def who_is(settings: Settings, pseudonyms: Pseudonyms) -> Who:
    """Names the users that people.yaml lists; everybody else is a device."""
    names = {pseudonyms.of("user", user): user for group in settings.people.groups.values() for user in group.users}

    def who(person: str, client: str) -> str:
        return names.get(person) or (f"Device {client}" if client else "An unknown device")

    return who


def times(count: int) -> str:
    """``once``, ``twice``, ``3 times``."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def number(count: int, one: str, many: str) -> str:
    """``1 request``, ``2 requests``."""
    return f"{count} {one if count == 1 else many}"


def try_reports(settings: Settings) -> None:
    """Fill every report from an empty record. Raises SettingsError when one of them cannot be used."""
    with TemporaryDirectory() as nothing, open_reader(Path(nothing)) as reader:
        never = Span("never", "", "")
        render_report("digest", never, reader, settings, lambda person, client: client)


def render_report(name: str, span: Span, reader: RecordReader, settings: Settings, who: Who) -> Rendered:
    """Fill ``reports/<name>.html``. Raises SettingsError when the template cannot be used."""
    path = settings.folders.report(f"{name}.html")
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(path.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    zone = settings.school.timezone

    @cache
    def query(sql: str) -> list[dict[str, Any]]:
        return list(reader.query(sql, {"since": span.since, "until": span.until}))

    def when(first: str, last: str) -> str:
        """``Tue 24 Nov 10:42``, or ``… to 11:05``, or ``… to Thu 26 Nov 14:00``."""
        begin, end = (datetime.fromisoformat(at).astimezone(zone) for at in (first, last))
        if f"{begin:%d%H%M}" == f"{end:%d%H%M}":
            return f"{begin:%a %d %b %H:%M}"
        return (
            f"{begin:%a %d %b %H:%M} to {end:%H:%M}"
            if begin.date() == end.date()
            else (f"{begin:%a %d %b %H:%M} to {end:%a %d %b %H:%M}")
        )

    def title(category: str) -> str:
        known = settings.snapshot.categories.get(category)
        return known.title if known else "Blocked by the school" if category == "local" else category or "Not listed"

    def group(name: str) -> str:
        return next((g.title for g in settings.snapshot.people.groups if g.id == name), name)

    words = {"school": settings.school.name, "span": span, "query": query}
    words |= {"when": when, "title": title, "group": group, "who": who, "times": times, "number": number}
    try:
        template = environment.get_template(path.name)
        parts = {part: template.render(words, part=part).strip() for part in ("subject", "text", "html")}
    except Exception as error:  # a template is a program: whatever it does wrong is a fault of its file
        line = getattr(error, "lineno", None) or 0
        raise SettingsError(
            [Fault(settings.folders.named(path), line, f"the report cannot be made: {error}")]
        ) from None
    return Rendered(" ".join(parts["subject"].split()), parts["text"] + "\n", parts["html"] + "\n")
