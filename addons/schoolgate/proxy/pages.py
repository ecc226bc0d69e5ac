"""The answers that the gateway gives itself: the block page, and what stands in its place where none was asked for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape
from mitmproxy.http import Headers, Response

from schoolgate.lists.sealed.feeds import known
from schoolgate.policy.decision import LOCAL_BLOCK
from schoolgate.policy.request import WebRequest, host_address
from schoolgate.policy.rules import Category, Stage
from schoolgate.policy.sealed import is_sealed
from schoolgate.policy.verdict import Verdict
from schoolgate.proxy.nudges import LONGEST
from schoolgate.settings.faults import Fault, SettingsError
from schoolgate.settings.folders import Folders, shipped
from schoolgate.settings.load import Settings
from schoolgate.settings.notice import Notice, Section

OWN = "/.schoolgate/"
"""Paths of every site below which the gateway answers itself, for people who work here."""
NOTICE, NUDGE, ASK = f"{OWN}notice", f"{OWN}nudge", f"{OWN}ask"
"""Where the forms of the notice, of the page before a personal site, and of the block page send their answers."""
_PAGES = (
    "block_page.html",
    "help_page.html",
    "warn_page.html",
    "notice_page.html",
    "nudge_page.html",
    "fault_page.html",
    "refused_page.html",
    "upload_page.html",
    "asked_page.html",
    "portal_page.html",
    "login_page.html",
    "sealed_page.html",
)
_WORRYING = frozenset(
    ("self_harm", "extremism", "hate", "violence", "adult", "drugs", "weapons", "bullying", "grooming", "running_away")
)
_WORDS = (
    "school category why ref host theme worry url staff category_id searched what kind size retry"
    " title version action to back token longest stayed ask tell safeguarding"
    " fingerprint proxies about feed user wrong until"
)
_SAMPLE: Mapping[str, object] = {
    **dict.fromkeys(_WORDS.split(), "sample"),
    "sections": (Section("sample", ("sample",)),),
    "fields": {"sample": "sample"},
}  # of every page
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
_FORM = {
    # browsers hold form-action against redirects too, and the site that was wanted may send on to another
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",  # with no-referrer, a form's Origin would be "null"
}
_ASKS = _FORM | {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none';"
    " form-action 'self'"
}


def origin_of(request: WebRequest) -> str:
    """``https://example.com``, with the port where it is not the usual one, as browsers write it (RFC 6454)."""
    host = next((name for name in request.names if host_address(name) is None), request.host)
    port = "" if request.port == {"http": 80, "https": 443}.get(request.scheme) else f":{request.port}"
    return f"{request.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def is_opened(headers: Mapping[str, str], method: str, path: str) -> bool:
    """Whether the answer is a page of its own and no frame; also one that is fetched ahead, to be opened later."""
    return headers.get("sec-fetch-dest", "document").lower() == "document" and wanted(headers, method, path) == "page"


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
class Form:
    """A form on a block page: what it asks for, its hidden fields, and how many characters are kept of the words."""

    kind: str
    fields: Mapping[str, str]
    longest: int


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one version of the settings, read and compiled once."""

    school: str
    categories: Mapping[str, Category]
    staff: frozenset[str]  # the groups of people who work here
    templates: Mapping[str, Template]
    console: str = ""  # its address
    safeguarding: str = ""  # the name of the designated safeguarding lead

    def block(
        self, request: WebRequest, verdict: Verdict, ref: str, headers: Mapping[str, str], form: Form | None = None
    ) -> Response:
        """403: which category, why, what to do, and the reference; with a form to ask for it, if there is one."""
        if is_sealed(verdict.category, verdict.rule):
            return self._sealed(request, verdict, ref, headers)
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
            "ask": form.kind if form else "",
            "action": ASK,
            "fields": form.fields if form else {},
            "longest": form.longest if form else 0,
            "safeguarding": self.safeguarding,
            "tell": self._concern(verdict.identity.client or "", ref),
        }
        brief = {"error": "blocked", "category": verdict.category, "why": verdict.why, "ref": ref}
        helping = verdict.category in _WORRYING and verdict.stage in (Stage.SEARCH, Stage.RESPONSE)
        page = "help_page.html" if helping else "block_page.html"
        more = _ASKS if form and not helping else None
        return self._answer(403, page, words, brief, wanted(headers, request.method, request.path), more)

    def _sealed(self, request: WebRequest, verdict: Verdict, ref: str, headers: Mapping[str, str]) -> Response:
        """451 (RFC 7725): what is illegal to look at, and whom to tell; the address does not stand on it."""
        feed = known(verdict.list)
        words: dict[str, object] = {"school": self.school, "ref": ref, "about": feed.about.value, "ask": ""}
        words |= {"feed": feed.title}
        words |= {"staff": verdict.identity.group.id in self.staff, "safeguarding": self.safeguarding}
        words |= {"tell": self._concern(verdict.identity.client or "", ref)}
        brief = {"error": "blocked", "category": verdict.category, "why": verdict.why, "ref": ref}
        return self._answer(451, "sealed_page.html", words, brief, wanted(headers, request.method, request.path))

    def asked(self, request: WebRequest, kind: str) -> Response:
        """What somebody wrote on a block page has been passed on."""
        return self._answer(
            200, "asked_page.html", {"school": self.school, "host": request.host, "ask": kind}, {}, "page"
        )

    def _concern(self, client: str, ref: str) -> str:
        """The address of the form where a concern is raised, "" where there is none that this device can reach."""
        own, asking = host_address(urlsplit(self.console).hostname or ""), host_address(client)
        if not self.console or (own and own.is_loopback and not (asking and asking.is_loopback)):
            return ""
        return f"{self.console}/concern/block/{ref}"

    def warn(self, request: WebRequest, verdict: Verdict, ref: str) -> Response:
        """A page that lets the reader go on: the same address answers when it is asked for again."""
        category = self.categories[verdict.category]
        words = {"school": self.school, "category": category.title, "why": verdict.why, "ref": ref}
        words |= {"host": request.host, "url": request.url}
        return self._answer(403, "warn_page.html", words, {}, "page")

    def notice(self, request: WebRequest, notice: Notice, to: str, token: str) -> Response:
        """What somebody reads, and says that they have read, before anything is recorded about them."""
        words: dict[str, object] = {"school": self.school, "host": request.host, "title": notice.title}
        words |= {"version": notice.version, "sections": notice.sections, "action": NOTICE, "to": to, "token": token}
        return self._answer(403, "notice_page.html", words, {}, "page", _FORM)

    def nudge(self, request: WebRequest, verdict: Verdict, ref: str, to: str, back: str, token: str) -> Response:
        """A member of staff is asked what a personal site is for; ``back`` is the page that they came from, or ""."""
        words = self._of_nudge(request) | {"why": verdict.why, "ref": ref, "action": NUDGE, "to": to, "back": back}
        words |= {"category": self.categories[verdict.category].title, "category_id": verdict.category, "token": token}
        return self._answer(403, "nudge_page.html", words, {}, "page", _FORM)

    def stayed(self, request: WebRequest) -> Response:
        """Somebody chose not to go on, and came from nowhere."""
        return self._answer(200, "nudge_page.html", self._of_nudge(request) | {"stayed": True}, {}, "page")

    def _of_nudge(self, request: WebRequest) -> dict[str, object]:
        words: dict[str, object] = dict.fromkeys(("why", "ref", "action", "to", "back", "category", "category_id"), "")
        words |= {"school": self.school, "host": request.host, "longest": LONGEST, "stayed": False, "token": ""}
        return words

    def portal(self, fingerprint: str, proxies: list[str]) -> Response:
        """The gateway's own site; ``fingerprint`` is the SHA-256 of the CA certificate."""
        words = {"school": self.school, "fingerprint": fingerprint, "proxies": proxies}
        return self._answer(200, "portal_page.html", words, {}, "page")

    def login(self, user: str, until: str, to: str, token: str, wrong: str = "") -> Response:
        """The form for a login of this device, or whose it is and until when (school time), with a way out."""
        words = {"school": self.school, "user": user, "until": until, "to": to, "token": token, "wrong": wrong}
        return self._answer(403 if wrong else 200, "login_page.html", words, {}, "page", _FORM)

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
        self,
        status: int,
        template: str,
        words: Mapping[str, object],
        brief: Mapping[str, str],
        form: str,
        more: dict[str, str] | None = None,
    ) -> Response:
        if form == "page":
            body, kind = self.templates[template].render(words).encode(), _HTML
        elif form == "json":
            body, kind = json.dumps(brief).encode(), {"Content-Type": "application/json"}
        else:
            body, kind = b"", dict[str, str]()
        headers = Headers([(name.encode(), value.encode()) for name, value in (kind | _SAFE | (more or {})).items()])
        return Response.make(status, body, headers)


def open_pages(settings: Settings) -> Pages:
    """Read and try the page templates. Raises SettingsError when one of the school's own cannot be used."""
    categories = settings.snapshot.categories
    staff = settings.snapshot.calendar.at_work
    templates = {name: _template(settings.folders, name) for name in _PAGES}
    lead = settings.school.roles.get("dsl")
    return Pages(settings.school.name, categories, staff, templates, settings.console_url, lead.name if lead else "")


def _template(folders: Folders, name: str) -> Template:
    path = folders.report(name)
    environment = Environment(
        loader=FileSystemLoader([folders.root / "reports", shipped() / "reports"]),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    try:
        template = environment.get_template(name)
        template.render(_SAMPLE)
    except Exception as error:  # a template is a program: whatever it does wrong is a fault of its file
        line = getattr(error, "lineno", None) or 0
        raise SettingsError([Fault(folders.named(path), line, f"the page cannot be made: {error}")]) from None
    return template
