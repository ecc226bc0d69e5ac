"""Fills a template of ``reports/``, in Jinja's sandbox; what a template does wrong is a fault of its file."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import partial
from typing import Any

from markupsafe import Markup

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
        loader=FileSystemLoader([settings.folders.root / "reports", shipped() / "reports"]),
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
        line = getattr(error, "lineno", None) or 0
        words_of_fault = f"the report cannot be made: {error}"
        raise SettingsError([Fault(settings.folders.named(path), line, words_of_fault)]) from None


def times(count: int) -> str:
    """``once``, ``twice``, ``3 times``."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def number(count: int, one: str, many: str) -> str:
    """``1 request``, ``2 requests``."""
    return f"{count} {one if count == 1 else many}"


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
