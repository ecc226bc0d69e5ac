"""What each file of blocklists/ may hold: its words, types and defaults."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from schoolgate.settings.values import STRICT, Duration, FilePath, ListEntry, Words


class _Strict(BaseModel):
    model_config = STRICT


class SourceEntry(_Strict):
    """A list of somebody else's that fills a category.

    ``url`` is https: for a download, or file: beside this file; ``shipped`` is a copy beside this file that serves
    until the first download; ``folder`` is the part of an archive that is meant; ``sha256`` is a digest that a download
    must have, or the address of its checksum file.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    url: Words
    format: Words
    folder: Annotated[str, Field(pattern=r"^([^/\x00][^\x00]*)?$")] = ""
    licence: str = ""
    refresh: Duration = timedelta(days=1)
    sha256: str | None = None
    shipped: FilePath | None = None


def _one_or_more(written: object) -> object:
    return (written,) if isinstance(written, str) else written


def _not_nothing(weight: int) -> int:
    if not weight:
        raise ValueError("a weight of 0 says nothing; leave the phrase out")
    return weight


Saying = Annotated[tuple[Words, ...], BeforeValidator(_one_or_more), Field(min_length=1, max_length=8)]
"""Words, or several that must all stand in a text; ``(a|b)`` in them stands for either."""


class PhraseEntry(_Strict):
    """Words that speak for a category, or against it where the weight (points) is negative.

    ``say`` is one phrase, ``any`` are several, each of which counts for itself.
    """

    say: Saying | None = None
    any: list[Saying] = []
    weight: Annotated[int, Field(ge=-500, le=500), AfterValidator(_not_nothing)]


class CategoryFile(_Strict):
    """blocklists/<category>.yaml

    ``part_of`` is a wider category: rules that name that one reach this one too. ``phrases`` are what its pages say,
    ``searches`` what people search for; ``phrase_lists`` are files beside this one in e2guardian's format.
    """

    category: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Words
    theme: Literal["content", "contact", "conduct", "commerce"]
    why: Words
    domains: list[ListEntry] = []
    urls: list[ListEntry] = []
    exceptions: Annotated[list[ListEntry], Field(alias="except")] = []
    part_of: str = ""
    phrases: list[PhraseEntry] = []
    searches: list[PhraseEntry] = []
    phrase_lists: list[FilePath] = []
    sources: list[SourceEntry] = []


class ProtectedFile(_Strict):
    """blocklists/protected.yaml

    At sites of ``anyone_writes``, protected or not, words count as much as anywhere else.
    """

    title: str = ""
    why: str = ""
    domains: list[ListEntry] = []
    exceptions: Annotated[list[ListEntry], Field(alias="except")] = []
    anyone_writes: list[ListEntry] = []


class LocalFile(_Strict):
    """blocklists/local/allow.yaml and block.yaml: the school's own word, which outranks every source"""

    title: str = ""
    why: str = ""
    domains: list[ListEntry] = []
    urls: list[ListEntry] = []


class AppFile(_Strict):
    """blocklists/apps/<app>.yaml: a service whose programs accept only its own certificate.

    ``at_once`` hosts stay closed from the start, ``learned`` ones once devices have refused the school's certificate
    there, ``learned_for_staff`` the same for people who work here: anybody's files or messages come that way.
    """

    app: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Words
    why: Words
    source: Words
    at_once: list[ListEntry] = []
    learned: list[ListEntry] = []
    learned_for_staff: list[ListEntry] = []


class TopicFile(_Strict):
    """blocklists/private/<topic>.yaml: sites that are nobody's business."""

    topic: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Words
    why: Words
    domains: list[ListEntry] = []
