"""Fills a report's template from the record.

A report is one file of ``reports/`` with the blocks ``subject``, ``text`` and ``html``. In it, ``query(sql)`` asks the
views of the record; ``:since`` and ``:until`` are the report's period (UTC). Templates run in Jinja's sandbox.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from schoolgate.reporting.period import Span
from schoolgate.settings.faults import Fault, SettingsError
from schoolgate.settings.load import Settings
from schoolgate.store.pseudonym import Pseudonyms
from schoolgate.store.record import RecordReader

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
        return names.get(person) or (f"device {client}" if client else "an unknown device")

    return who


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

    def query(sql: str, **more: Any) -> list[dict[str, Any]]:
        return list(reader.query(sql, {"since": span.since, "until": span.until, **more}))

    def clock(at: str, form: str = "%H:%M") -> str:
        return datetime.fromisoformat(at).astimezone(zone).strftime(form)

    def title(category: str) -> str:
        known = settings.snapshot.categories.get(category)
        return known.title if known else category or "none"

    def group(name: str) -> str:
        return next((g.title for g in settings.snapshot.people.groups if g.id == name), name)

    words = {"school": settings.school.name, "span": span, "query": query}
    words |= {"clock": clock, "title": title, "group": group, "who": who}
    try:
        template = environment.get_template(path.name)
        parts = {
            block: "".join(template.blocks[block](template.new_context(words))) for block in ("subject", "text", "html")
        }
    except (TemplateError, KeyError) as error:
        line = getattr(error, "lineno", None) or 0
        raise SettingsError(
            [Fault(settings.folders.named(path), line, f"the report cannot be made: {error}")]
        ) from None
    return Rendered(" ".join(parts["subject"].split()), parts["text"].strip() + "\n", parts["html"].strip() + "\n")
