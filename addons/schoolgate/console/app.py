"""The one list of all screens and who may open them, and the application that it makes."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from schoolgate.console import answering, lessons, login, looking, mine, names, saying
from schoolgate.console.desk import Desk
from schoolgate.console.entry import Screen, Who, door
from schoolgate.console.guard import Guard
from schoolgate.console.pages import Pages

SCREENS: tuple[tuple[str, str, Who, Screen], ...] = (
    ("GET", "/login", Who.ANYONE, login.show_login),
    ("POST", "/login", Who.ANYONE, login.log_in),
    ("POST", "/logout", Who.SOMEONE, login.log_out),
    ("GET", "/", Who.SOMEONE, mine.show_home),
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
    ("GET", "/contests", Who.NAMERS, answering.show_contests),
    ("GET", "/contests/{contest}", Who.NAMERS, answering.show_contest),
    ("POST", "/contests/{contest}/look", Who.NAMERS, answering.look),
    ("POST", "/contests/{contest}/answer", Who.NAMERS, answering.answer),
    ("GET", "/records", Who.NAMERS, looking.show_records),
    ("POST", "/records", Who.NAMERS, looking.open_record),
    ("GET", "/records/{person}", Who.NAMERS, looking.show_record),
    ("GET", "/records/{person}/left-out", Who.NAMERS, looking.show_left_out),
    ("GET", "/names", Who.NAMERS, names.show_names),
    ("POST", "/names", Who.NAMERS, names.reveal),
    ("GET", "/look-ups", Who.WATCHERS, names.show_look_ups),
)
"""Method, address, who may, and the screen."""

STYLE = "/console.css"
_MESSAGES = {
    404: "There is no such page in the console.",
    405: "This page cannot be used in that way.",
}


def make_app(desk: Desk) -> ASGIApp:
    """The console as an ASGI application behind its guard."""
    pages = Pages()

    async def style(request: Request) -> Response:
        return Response(pages.style, media_type="text/css", headers={"Cache-Control": "public, max-age=86400"})

    async def message(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        words = _MESSAGES.get(status, "The console cannot answer that.")
        shown = {"account": None, "token": "", "path": "", "words": words}
        return pages.answer(desk.settings, "message.html", status, shown)

    routes = [Route(path, door(desk, pages, who, screen), methods=[method]) for method, path, who, screen in SCREENS]
    handlers = {404: message, 405: message}
    app = Starlette(routes=[*routes, Route(STYLE, style)], exception_handlers=handlers)
    app.router.redirect_slashes = False
    return Guard(app, lambda: desk.settings.school.listen.console[0] if desk.settings.school.listen.console else "")
