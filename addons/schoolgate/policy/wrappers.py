"""Sites that show, or lead to, pages of other sites: translators, archives, caches, AMP, readers, image proxies.

A line of the table (``wrapping_sites``) is a site (the domain and all below it; ``google.*`` is Google under any
country's ending), the beginning of the path, what the site does, and where the other address stands. ``shows``: the
other page comes through this site, so no request for it is ever seen. ``leads``: the browser is sent on to it. The
other address is the value of one of the named parameters (``?`` stands for a query that is nothing but the address),
or a part of the path (``/``), which may lack its ``https://`` only where ``/bare`` says so. The forms are the sites'
own, as their pages and documentation show them.
"""

from dataclasses import dataclass
from enum import StrEnum

from schoolgate.policy.wrapping_sites import LEADING, SHOWING


class Does(StrEnum):
    """Whether a site shows the other page itself or leads to it; of a site that nobody knows, it is a guess."""

    SHOWS = "shows"
    LEADS = "leads"
    PERHAPS = "perhaps"


@dataclass(frozen=True, slots=True)
class Wrapper:
    """One line of the table."""

    site: str
    path: str
    does: Does
    names: frozenset[str]
    whole_query: bool
    in_path: bool
    bare: bool


def _wrapper(line: str) -> Wrapper:
    site, path, does, *where = line.split()
    names = frozenset(word for word in where if word not in ("?", "/", "/bare"))
    in_path, bare = "/" in where or "/bare" in where, "/bare" in where
    return Wrapper(site, path, Does(does), names, "?" in where, in_path, bare)


def _by_site() -> dict[str, tuple[Wrapper, ...]]:
    lines = [line for line in (SHOWING + LEADING).splitlines() if line and not line.startswith("#")]
    found: dict[str, tuple[Wrapper, ...]] = {}
    for wrapper in map(_wrapper, lines):
        found[wrapper.site] = (*found.get(wrapper.site, ()), wrapper)
    return found


WRAPPERS = _by_site()
"""All lines by their site."""
