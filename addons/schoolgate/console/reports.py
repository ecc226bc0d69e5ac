"""The reports of reports/: which there are, and each of them for a period, as a page, as text or as a PDF."""

import threading
from dataclasses import dataclass
from datetime import date

from starlette.responses import HTMLResponse, Response

from schoolgate.console.entry import Refused, Visitor, Who
from schoolgate.console.guard import PAPER, POLICY, SANDBOX
from schoolgate.console.mine import local_now
from schoolgate.reporting.pdf import HOW_TO_INSTALL, make_pdf
from schoolgate.reporting.report import Rendered, make_report, readers_of, spans_of
from schoolgate.settings.faults import Fault, SettingsError
from schoolgate.settings.report_files import ReportFile, report_files

_FORMS = ("page", "text", "pdf")
_one_at_a_time = threading.Lock()  # a report of a year keeps the processor busy, and other screens must be answered too


@dataclass(frozen=True, slots=True)
class Offered:
    """A report that this visitor may read, and the roles that get it by mail."""

    report: ReportFile
    readers: list[str]


def show_reports(visitor: Visitor) -> Response:
    """Those that this visitor may read."""
    return _page(visitor, 200, "")


def show_report(visitor: Visitor) -> Response:
    """One report of the period that a day lies in."""
    name, settings = visitor.request.path_params["report"], visitor.settings
    report = next((each.report for each in offered(visitor) if each.report.name == name), None)
    if report is None:
        raise Refused(404, "There is no such report, or it is not for your role.")
    day, form = _day(visitor), visitor.query.line("as") or "page"
    if day is None or form not in _FORMS:
        return _page(visitor, 400, "Choose a day, like 2026-11-24.")
    try:
        days, previous = spans_of(settings, report.front.period, day)
        with _one_at_a_time:
            made = make_report(settings, name, days, previous, sorted(visitor.account.roles), "")  # what they may know
    except (ValueError, SettingsError) as error:
        return _page(visitor, 400, f"The report cannot be made: {error}")
    return _answer(visitor, made, form, f"{name}-{day}")


def offered(visitor: Visitor) -> list[Offered]:
    """All for the school's leaders; for others those that their role gets anyway."""
    found = [Offered(each, readers_of(visitor.settings, each)) for each in report_files(visitor.settings.folders)]
    leader, roles = visitor.may(Who.LEADERS), visitor.account.roles
    return [each for each in found if leader or not set(each.readers).isdisjoint(roles)]


def _answer(visitor: Visitor, made: Rendered, form: str, name: str) -> Response:
    if form == "text":
        return visitor.page("report_text.html", made=made)
    if form == "page":
        return HTMLResponse(made.html, headers={POLICY: PAPER})
    pdf = make_pdf(made.html)
    if pdf is None:
        return _page(visitor, 400, HOW_TO_INSTALL)
    told = {POLICY: SANDBOX, "Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=told)


def _page(visitor: Visitor, status: int, wrong: str) -> Response:
    today, faults = local_now(visitor).date(), list[Fault]()
    report_files(visitor.settings.folders, faults)
    wrong = "; ".join([*([wrong] if wrong else []), *(f"Left out: {fault}" for fault in faults)])
    return visitor.page("reports.html", status, reports=offered(visitor), today=today.isoformat(), wrong=wrong)


def _day(visitor: Visitor) -> date | None:
    written = visitor.query.line("day", 10)
    try:
        found = date.fromisoformat(written) if written else local_now(visitor).date()
    except ValueError:
        return None
    return found if 1980 <= found.year < 9000 else None
