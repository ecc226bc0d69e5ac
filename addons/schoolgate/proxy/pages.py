"""The answers that the gateway gives itself: the block page, and what stands in its place where none was asked for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape
from mitmproxy.http import Headers, Response

from schoolgate.policy.decision import LOCAL_BLOCK, Verdict
from schoolgate.policy.request import WebRequest
from schoolgate.policy.rules import Category, Stage
from schoolgate.settings.faults import Fault, SettingsError
from schoolgate.settings.folders import Folders, shipped
from schoolgate.settings.load import Settings

_PAGES = (
    "block_page.html",
    "help_page.html",
    "warn_page.html",
    "fault_page.html",
    "refused_page.html",
    "upload_page.html",
)
_WORRYING = frozenset(
    ("self_harm", "extremism", "hate", "violence", "adult", "drugs", "weapons", "bullying", "grooming", "running_away")
)
_SAMPLE = (
    "school category why ref host theme worry url staff category_id searched what kind size retry"  # of every page
)
_ASSETS = (".js", ".mjs", ".css", ".json", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".svg", ".ico", ".woff2")
_SAFE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_HTML = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
}


def wanted(headers: Mapping[str, str], method: str, path: str) -> str:
    """What a client can show: ``page``, ``json`` or ``nothing`` (headers by lower-case name)."""
    dest = headers.get("sec-fetch-dest", "").lower()
    accept = headers.get("accept", "").lower()
    if dest:
        if dest in ("document", "iframe", "frame"):
            return "page"
        return "json" if dest == "empty" else "nothing"
    if "text/html" in accept:
        return "page"
    if "json" in accept or headers.get("x-requested-with"):
        return "json"
    by_hand = not headers.get("referer") and not headers.get("origin") and not path.lower().endswith(_ASSETS)
    if accept in ("", "*/*"):
        return (
            "page" if by_hand and method in ("GET", "HEAD") else "json" if method not in ("GET", "HEAD") else "nothing"
        )
    return "nothing"


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one version of the settings, read and compiled once."""

    school: str
    categories: Mapping[str, Category]
    staff: frozenset[str]  # the groups that have working hours
    templates: Mapping[str, Template]

    def block(self, request: WebRequest, verdict: Verdict, ref: str, headers: Mapping[str, str]) -> Response:
        """403: which category, why, what to do, and the reference."""
        category = self.categories.get(verdict.category)
        by_school = verdict.rule == LOCAL_BLOCK or category is None
        words = {
            "school": self.school,
            "category": "" if by_school or not category else category.title,
            "staff": verdict.identity.group.id in self.staff,
            "why": verdict.why,
            "ref": ref,
            "host": verdict.host,
            "theme": verdict.theme,
            "worry": verdict.category in _WORRYING,
            "category_id": verdict.category,
            "searched": verdict.stage is Stage.SEARCH,
        }
        brief = {"error": "blocked", "category": verdict.category, "why": verdict.why, "ref": ref}
        helping = verdict.category in _WORRYING and verdict.stage in (Stage.SEARCH, Stage.RESPONSE)
        page = "help_page.html" if helping else "block_page.html"
        return self._answer(403, page, words, brief, wanted(headers, request.method, request.path))

    def warn(self, request: WebRequest, verdict: Verdict, ref: str) -> Response:
        """A page that lets the reader go on: the same address answers when it is asked for again."""
        category = self.categories[verdict.category]
        words = {"school": self.school, "category": category.title, "why": verdict.why, "ref": ref}
        words |= {"host": request.host, "url": request.url}
        return self._answer(403, "warn_page.html", words, {}, "page")

    def fault(self, ref: str, headers: Mapping[str, str], method: str, path: str) -> Response:
        """503: the gateway could not decide, so nothing is shown."""
        brief = {"error": "fault", "why": "The filter could not check this address.", "ref": ref}
        return self._answer(
            503, "fault_page.html", {"school": self.school, "ref": ref}, brief, wanted(headers, method, path)
        )

    def refused(self, status: int, why: str, ref: str, headers: Mapping[str, str], method: str, path: str) -> Response:
        """400 or 421: the request itself is not one that can be let through."""
        brief = {"error": "refused", "why": why, "ref": ref}
        words = {"school": self.school, "why": why, "ref": ref}
        return self._answer(status, "refused_page.html", words, brief, wanted(headers, method, path))

    def _answer(
        self, status: int, template: str, words: Mapping[str, object], brief: Mapping[str, str], form: str
    ) -> Response:
        if form == "page":
            body, kind = self.templates[template].render(words).encode(), _HTML
        elif form == "json":
            body, kind = json.dumps(brief).encode(), {"Content-Type": "application/json"}
        else:
            body, kind = b"", dict[str, str]()
        headers = Headers([(name.encode(), value.encode()) for name, value in (kind | _SAFE).items()])
        return Response.make(status, body, headers)


def open_pages(settings: Settings) -> Pages:
    """Read and try the page templates. Raises SettingsError when one of the school's own cannot be used."""
    categories = settings.snapshot.categories
    staff = frozenset(settings.snapshot.calendar.hours)
    return Pages(settings.school.name, categories, staff, {name: _template(settings.folders, name) for name in _PAGES})


def _template(folders: Folders, name: str) -> Template:
    path = folders.report(name)
    environment = Environment(
        loader=FileSystemLoader([folders.root / "reports", shipped() / "reports"]),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sample = dict.fromkeys(_SAMPLE.split(), "sample")
    try:
        template = environment.get_template(name)
        template.render(sample)
    except Exception as error:  # a template is a program: whatever it does wrong is a fault of its file
        line = getattr(error, "lineno", None) or 0
        raise SettingsError([Fault(folders.named(path), line, f"the page cannot be made: {error}")]) from None
    return template
