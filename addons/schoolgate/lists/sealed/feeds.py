"""Which feeds of illegal material there are, what each is about, and which a school in England must have."""

from dataclasses import dataclass
from enum import StrEnum


class About(StrEnum):
    """What a feed is about, by which people are told where to turn."""

    CHILD_ABUSE = "child_abuse"
    TERRORISM = "terrorism"
    ILLEGAL = "illegal"


@dataclass(frozen=True, slots=True)
class Known:
    """A feed by the name of its folder; ``title`` is what people call it."""

    name: str
    title: str
    about: About


KNOWN = {
    each.name: each
    for each in (
        Known("iwf", "IWF (Internet Watch Foundation)", About.CHILD_ABUSE),
        Known("ctiru", "CTIRU (Counter Terrorism Internet Referral Unit)", About.TERRORISM),
        Known("interpol", "INTERPOL", About.CHILD_ABUSE),
        Known("ncmec", "NCMEC", About.CHILD_ABUSE),
        Known("arachnid", "Project Arachnid", About.CHILD_ABUSE),
    )
}
REQUIRED = ("iwf", "ctiru")
"""What the standards of the Department for Education on filtering and monitoring ask every school to block by."""


def known(name: str) -> Known:
    """The feed of a folder; one that nobody knows is about something illegal, and is called as its folder."""
    return KNOWN.get(name) or Known(name, name, About.ILLEGAL)
