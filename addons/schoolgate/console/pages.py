"""Fills the console's pages. What people or sites have written always comes out as text, never as markup."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from schoolgate.console import words as said
from schoolgate.settings.load import Settings
from schoolgate.store.openings import by_words

_HERE = Path(__file__).parent
_UNITS = ((365, "year"), (30, "month"), (7, "week"), (1, "day"))


class Pages:
    """The templates, read once, with the one ``style`` sheet and ``script``, whose address changes with their text."""

    def __init__(self) -> None:
        self.style = (_HERE / "console.css").read_bytes()
        self.script = (_HERE / "live.js").read_bytes()
        self.mark = hashlib.sha256(self.style + self.script).hexdigest()[:12]
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters |= {
            "number": number,
            "span": span_words,
            "role": role_words,
            "minutes": minutes_words,
        }
        told = (
            said.yours,
            said.how_sure,
            said.how_sure_of_you,
            said.state_words,
            said.kind_words,
            said.action_words,
            said.actor_words,
        )
        self._environment.globals |= {each.__name__: each for each in (*told, said.as_it_is)}
        self._environment.globals["opened_by"] = by_words

    def answer(self, settings: Settings, template: str, status: int, words: Mapping[str, object]) -> Response:
        """A filled page. Raises jinja2.TemplateError for a template that asks for what it was not given."""
        zone = settings.school.timezone

        def moment(at: str) -> str:
            """``Tue 24 Nov 2026, 10:42`` on the school's clock."""
            return f"{datetime.fromisoformat(at).astimezone(zone):%a %d %b %Y, %H:%M}" if at else ""

        def clock(at: str) -> str:
            """``10:42`` on the school's clock."""
            return f"{datetime.fromisoformat(at).astimezone(zone):%H:%M}"

        def title(category: str) -> str:
            known = settings.snapshot.categories.get(category)
            return (
                known.title if known else "Blocked by the school" if category == "local" else category or "Not listed"
            )

        always = {"school": settings.school.name, "mark": self.mark, "moment": moment, "clock": clock, "title": title}
        text = self._environment.get_template(template).render(always | dict(words))
        return HTMLResponse(text, status)


def number(count: int, one: str, many: str = "") -> str:
    """``1 page``, ``2 pages``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def minutes_words(minutes: float) -> str:
    """``under a minute``, ``4 minutes``."""
    return "under a minute" if minutes < 1 else number(round(minutes), "minute")


def span_words(length: timedelta) -> str:
    """``90 days``, ``1 year``: in the largest unit that fits."""
    for days, unit in _UNITS:
        if length.days >= days and not length.days % days:
            return number(length.days // days, unit)
    return number(length.days, "day") if length.days else number(length.seconds // 3600, "hour")


def role_words(role: str) -> str:
    """``chair of governors``, ``safeguarding lead``."""
    return "safeguarding lead" if role == "dsl" else role.replace("_", " ")
