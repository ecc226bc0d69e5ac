"""Names that lead nowhere and count as listed in a category: they show whether the rules hold, and harm nobody.

``adult.test.schoolgate.invalid`` is listed as ``adult`` for everybody, ``self-harm.test.schoolgate.invalid`` as
``self_harm``. No name below ``.invalid`` ever exists (RFC 6761, 6.4). A category of the school's own has one, too.
"""

from collections.abc import Container

from schoolgate.policy.rules import Hit, Listing

RESERVED = "test.schoolgate.invalid"
"""What all of them end in; the name itself is in no category."""
LIST = "reserved"
"""The list of a hit that a reserved name gave."""
_END = f".{RESERVED}"


def reserved_name(category: str) -> str:
    """The reserved name of a category; an underscore stands in no host name, so it is a hyphen there."""
    return category.replace("_", "-") + _END


def is_reserved(host: str) -> bool:
    """Whether a canonical host is the gateway's own to answer for."""
    return host == RESERVED or host.endswith(_END)


def reserved_listing(host: str, categories: Container[str]) -> Listing | None:
    """What a reserved name is listed as; None for every other name, and where there is no such category."""
    if not host.endswith(_END):
        return None
    label = host.removesuffix(_END)
    for category in (label.replace("-", "_"), label):
        if category in categories:
            return Listing((Hit(category, LIST, host),))
    return None
