"""Searches that are put to an engine through another site, such as a translator: found, and refused where unsafe.

An engine that is asked by a translator or a web proxy cannot be told to answer safely: the question never passes here.
"""

from schoolgate.content.safe_names import safe_name
from schoolgate.content.safe_search import Level
from schoolgate.content.searches import Search, SearchEngines
from schoolgate.policy.identity import Identity, Inspect
from schoolgate.policy.request import WebRequest
from schoolgate.policy.wrapped import wrapped_in
from schoolgate.policy.wrappers import Does

_WHY = "Search engines are not asked through other sites, which would not answer safely."


def search_behind(request: WebRequest, engines: SearchEngines) -> Search | None:
    """What an address searches for, or the address behind it; None where nothing is searched for."""
    for asked in (request, *[each.request for each in wrapped_in(request)]):
        for name in asked.names:
            if (search := engines.search_of(name, asked.path, asked.query)) is not None:
                return search
    return None


def asks_unsafely(request: WebRequest, identity: Identity, engines: SearchEngines) -> str:
    """Why a search through another site is refused to somebody whose searches have to be safe; "" where it is not.

    Where only names are known, an engine that would answer safely under another name is refused whatever it is asked.
    """
    group = identity.group
    shown = [each.request for each in wrapped_in(request) if each.does is Does.SHOWS]
    if not shown or Level(group.safe_search) is Level.OFF or group.inspect is Inspect.NONE:
        return ""
    if not request.asked and any(safe_name(each.host, Level(group.safe_search)) for each in shown):
        return _WHY
    return _WHY if any(engines.search_of(each.host, each.path, each.query) for each in shown) else ""
