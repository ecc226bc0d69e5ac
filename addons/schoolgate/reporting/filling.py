"""Fills a template of ``reports/``, in Jinja's sandbox; what a template does wrong is a fault of its file."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from traceback import extract_tb
from typing import Any

from markupsafe import Markup

from schoolgate.reporting.traced import Phrase, Traced
from schoolgate.settings.faults import Fault, SettingsError
from schoolgate.settings.folders import shipped
from schoolgate.settings.load import Settings

_PART = 40  # letters


def fill(settings: Settings, name: str, words: Mapping[str, Any], parts: tuple[str, ...] = ("html",)) -> dict[str, str]:
    """``reports/<name>.html`` once for each part. Raises SettingsError when the template cannot be used."""
    from jinja2 import FileSystemLoader, StrictUndefined  # half the time that most commands take to begin
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    path = settings.folders.report(f"{name}.html")
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([settings.folders.root / "reports", shipped() / "reports"], "utf-8-sig"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    everywhere = {"school": settings.school.name, "times": times, "number": number, "minutes": minutes}
    everywhere |= {"title": partial(title, settings), "group": partial(group_title, settings)}
    everywhere |= {"percent": percent, "parted": parted, "clock": partial(clock, settings.school.timezone)}
    try:
        template = environment.get_template(path.name)
        return {part: template.render({**everywhere, **words}, part=part).strip() + "\n" for part in parts}
    except Exception as error:  # a template is a program: whatever it does wrong is a fault of its file
        file, line = _place(error, path)
        words_of_fault = f"the report cannot be made: {error}"
        raise SettingsError([Fault(settings.folders.named(file), line, words_of_fault)]) from None


def _place(error: Exception, path: Path) -> tuple[Path, int]:
    """The template and the line in which it went wrong: the last one of those that called each other."""
    written, line = getattr(error, "filename", None), getattr(error, "lineno", None)
    if isinstance(written, str) and isinstance(line, int):
        return Path(written), line
    places = [(Path(step.filename), step.lineno or 0) for step in extract_tb(error.__traceback__)]
    return next((each for each in reversed(places) if each[0].suffix == ".html"), (path, line or 0))


def times(count: int) -> str:
    """``once``, ``twice``, ``3 times``; a number that can be traced stays so."""
    return {1: "once", 2: "twice"}.get(count) or number(count, "time", "times")


def number(count: int, one: str, many: str) -> str:
    """``1 request``, ``2 requests``; a number that can be traced stays so."""
    words = f" {one if count == 1 else many}"
    return Phrase("", count, words) if isinstance(count, Traced) else f"{count}{words}"


def minutes(length: int) -> str:
    """Minutes as people say them: ``1 minute``, ``14 minutes``."""
    return number(length, "minute", "minutes")


def percent(share: float) -> str:
    """``12.5 %``; what is there, but hardly, is ``under 0.1 %``."""
    return "under 0.1 %" if 0 < share < 0.1 else f"{share:.1f} %"


def parted(text: str) -> Markup:
    """A long address that may be broken every 40 letters; a style sheet that says so costs a PDF a second for each."""
    return Markup("<wbr>").join(text[place : place + _PART] for place in range(0, len(text), _PART))


def title(settings: Settings, category: str) -> str:
    """A category as people call it."""
    known = settings.snapshot.categories.get(category)
    return known.title if known else "Blocked by the school" if category == "local" else category or "Not listed"


def group_title(settings: Settings, group: str) -> str:
    """A group as people call it."""
    return next((each.title for each in settings.snapshot.people.groups if each.id == group), group)


def clock(zone: tzinfo, at: str) -> str:
    """A moment of the record on the school's clock: ``Tue 24 Nov 2026 10:42``."""
    return f"{datetime.fromisoformat(at).astimezone(zone):%a %d %b %Y %H:%M}" if at else ""
