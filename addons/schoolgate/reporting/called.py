"""The words by which somebody may be called: a name as it is written, without its title, and in parts."""

import re
from collections.abc import Iterator

_TITLES = re.compile("mr|mrs|ms|miss|mx|dr|prof|professor|rev|revd|fr|sr|sir|dame|lord|lady")
_POSTS = re.compile(
    "head|teacher|headteacher|deputy|assistant|executive|principal|designated|safeguarding|lead|chair|governors?|of|the"
    "|and|it|ict|technician|network|manager|business|office|officer|data|protection|bursar|secretary|school|support"
    "|administrator|admin|staff|member|dsl|dpo"
)
_WORD = re.compile(r"[^\W\d_][\w'’-]*")


def names_in(name: str) -> Iterator[str]:
    """``Mr Anthony Jones`` as a whole, as ``Anthony Jones``, and each of its parts; a post is no name."""
    yield name
    words = _WORD.findall(name)
    own = [word for word in words if not _TITLES.fullmatch(word.casefold())]
    if len(own) == len(words):  # whoever has a title may be called Mr Head
        own = [word for word in own if not _POSTS.fullmatch(word.casefold())]
    if own:
        yield " ".join(own)
        yield from (word for word in own if len(word) > 1)
