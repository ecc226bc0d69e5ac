"""The one list of all screens and who may open them, and the application that it makes."""

from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from schoolgate.console import (
    account,
    answering,
    cases,
    class_site,
    concern,
    evidence,
    first_run,
    health,
    lessons,
    lists,
    log,
    login,
    looking,
    mine,
    names,
    people,
    reports,
    saying,
    settings_view,
    sign_on,
    today,
    unblock,
    what_if,
    why,
)
from schoolgate.console.desk import Desk
from schoolgate.console.entry import Screen, Who, door
from schoolgate.console.forms import MOST_BYTES
from schoolgate.console.guard import Guard
from schoolgate.console.pages import Pages
from schoolgate.console.places import Places
from schoolgate.settings.load import Settings

SCREENS: tuple[tuple[str, str, Who, Screen], ...] = (
    ("GET", "/login", Who.ANYONE, login.show_login),
    ("POST", "/login", Who.ANYONE, login.log_in),
    ("GET", "/sign-on", Who.ANYONE, sign_on.leave),
    ("GET", sign_on.BACK, Who.ANYONE, sign_on.come_back),
    ("GET", "/setup", Who.ANYONE, first_run.show_setup),
    ("POST", "/setup", Who.ANYONE, first_run.set_up),
    ("POST", "/logout", Who.SOMEONE, login.log_out),
    ("GET", "/account", Who.SOMEONE, account.show_account),
    ("POST", "/account/log-out-everywhere", Who.SOMEONE, account.log_out_everywhere),
    ("POST", "/account/password", Who.SOMEONE, account.change_password),
    ("GET", "/", Who.SOMEONE, today.show_start),
    ("GET", "/log", Who.OPERATIONS, log.show_log),
    ("POST", "/log", Who.LEADERS, log.look),
    ("GET", "/log/{event}", Who.OPERATIONS, why.show_why),
    ("GET", "/people", Who.LEADERS, people.show_people),
    ("GET", "/lists", Who.OPERATIONS, lists.show_lists),
    ("GET", "/settings", Who.OPERATIONS, settings_view.show_settings),
    ("GET", "/reports", Who.ROLES, reports.show_reports),
    ("GET", "/reports/{report}", Who.ROLES, reports.show_report),
    ("GET", "/health", Who.OPERATIONS, health.show_health),
    ("GET", "/mine", Who.STAFF, mine.show_record),
    ("GET", "/mine/left-out", Who.STAFF, mine.show_left_out),
    ("GET", "/mine/kept", Who.STAFF, mine.show_kept),
    ("GET", "/mine/said", Who.STAFF, saying.show_said),
    ("GET", "/mine/visits/{event}", Who.STAFF, saying.show_visit),
    ("POST", "/mine/visits/{event}/note", Who.STAFF, saying.add_note),
    ("POST", "/mine/visits/{event}/contest", Who.STAFF, saying.contest),
    ("GET", "/mine/lessons", Who.STAFF, lessons.show_lessons),
    ("POST", "/mine/lessons", Who.STAFF, lessons.declare),
    ("POST", "/mine/lessons/{declared}/withdraw", Who.STAFF, lessons.withdraw),
    ("GET", "/mine/open", Who.STAFF, class_site.show_class_site),
    ("POST", "/mine/open", Who.STAFF, class_site.open_for_class),
    ("POST", "/mine/open/{opening}/shut", Who.STAFF, class_site.shut_for_class),
    ("GET", "/unblock", Who.OPENERS, unblock.show_unblock),
    ("POST", "/unblock/open", Who.OPENERS, unblock.open_site),
    ("POST", "/unblock/refuse", Who.OPENERS, unblock.refuse),
    ("POST", "/unblock/{opening}/shut", Who.OPENERS, unblock.shut_site),
    ("GET", "/contests", Who.ANSWERERS, answering.show_contests),
    ("GET", "/contests/{contest}", Who.ANSWERERS, answering.show_contest),
    ("POST", "/contests/{contest}/look", Who.ANSWERERS, answering.look),
    ("POST", "/contests/{contest}/answer", Who.ANSWERERS, answering.answer),
    ("GET", "/records", Who.NAMERS, looking.show_records),
    ("POST", "/records", Who.NAMERS, looking.open_record),
    ("GET", "/records/{person}", Who.NAMERS, looking.show_record),
    ("GET", "/records/{person}/left-out", Who.NAMERS, looking.show_left_out),
    ("GET", "/names", Who.NAMERS, names.show_names),
    ("POST", "/names", Who.NAMERS, names.reveal),
    ("GET", "/look-ups", Who.WATCHERS, names.show_look_ups),
    ("GET", "/what-if", Who.OPERATIONS, what_if.show_what_if),
    ("GET", "/cases", Who.CASES, cases.show_cases),
    ("GET", "/cases/{case}", Who.CASES, cases.show_case),
    ("POST", "/cases/{case}/evidence", Who.CASES, evidence.attach),
    ("GET", "/cases/{case}/evidence/{sha256}", Who.CASES, evidence.download),
    ("POST", "/cases/{case}/{what}", Who.CASES, cases.change),
    ("GET", "/concern", Who.SOMEONE, concern.show_form),
    ("POST", "/concern", Who.SOMEONE, concern.raise_concern),
    ("GET", "/concern/block/{ref}", Who.SOMEONE, concern.show_form),
    ("GET", "/concern/{ref}", Who.SOMEONE, concern.show_raised),
)
"""Method, address, who may, and the screen."""

LARGE = dict.fromkeys(("/concern", "/cases/{case}/evidence"), concern.MOST_BYTES)
"""Addresses of forms that come with files, and the bytes that these may hold."""
STYLE, SCRIPT = "/console.css", "/live.js"
_FOR_A_DAY = {"Cache-Control": "public, max-age=86400"}
_MESSAGES = {
    404: "There is no such page in the console.",
    405: "This page cannot be used in that way.",
}


def make_app(desk: Desk) -> ASGIApp:
    """The console as an ASGI application behind its guard."""
    pages, places = Pages(), Places()

    async def style(request: Request) -> Response:
        return Response(pages.style, media_type="text/css", headers=_FOR_A_DAY)

    async def script(request: Request) -> Response:
        return Response(pages.script, media_type="text/javascript", headers=_FOR_A_DAY)

    async def message(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        words = _MESSAGES.get(status, "The console cannot answer that.")
        shown = {"account": None, "token": "", "path": "", "words": words}
        return pages.answer(desk.settings, "message.html", status, shown)

    routes = [
        Route(path, door(desk, pages, who, screen, places, LARGE.get(path, MOST_BYTES)), methods=[method])
        for method, path, who, screen in SCREENS
    ]
    handlers = {404: message, 405: message}
    app = Starlette(routes=[*routes, Route(STYLE, style), Route(SCRIPT, script)], exception_handlers=handlers)
    app.router.redirect_slashes = False
    return Guard(app, lambda: _own_names(desk.settings))


def _own_names(settings: Settings) -> tuple[str, ...]:
    """The host that the console listens on, and the one of ``console_url``."""
    listen = settings.school.listen.console
    return (listen[0] if listen else "", urlsplit(settings.console_url).hostname or "")
