"""Is the gateway well: what runs, what waits, what grows old, and what is missing, each with what to do about it."""

from importlib.metadata import version

from starlette.responses import Response

from schoolgate.console.checks import State, checks
from schoolgate.console.entry import Visitor


def show_health(visitor: Visitor) -> Response:
    """Everything, what is bad first."""
    found = sorted(checks(visitor.desk), key=lambda each: tuple(State)[::-1].index(each.state))
    return visitor.page("health.html", checks=found, version=version("schoolgate"))
