"""What the sites of the pretend internet say; every page is written for this demonstration, and says that it is."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

_PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
_SEARCH_HOSTS = ("google", "bing", "duckduckgo")
_PARTS = (".gif", ".png", ".jpg", ".ico")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that reached a site; header names are in lower case."""

    host: str
    path: str
    headers: Mapping[str, str]


PAGES: dict[str, tuple[str, str]] = {
    "www.bbc.co.uk/bitesize/fractions": (
        "Adding fractions with different denominators",
        """To add fractions, first make the denominators the same. A half is the same as three sixths, and a third is
the same as two sixths. Together that makes five sixths. Try the quiz at the end of the page.""",
    ),
    "www.topmarks.co.uk/times-tables": (
        "Times tables: hit the button",
        """Choose a table and answer as many questions as you can in one minute. How many sevens are in fifty-six?""",
    ),
    "www.natgeokids.com/volcanoes": (
        "How volcanoes work",
        """Deep inside the Earth it is so hot that rock melts and becomes magma. When magma comes out of a volcano it is
called lava. Some eruptions are quiet rivers of rock; others throw ash high into the sky.""",
    ),
    "www.hmd.org.uk/learn/the-holocaust": (
        "The Holocaust: a lesson for Year 6",
        """Between 1941 and 1945 the Nazis and those who helped them murdered six million Jewish people. We call it the
Holocaust. In this lesson we read from the diary of Anne Frank, who hid in Amsterdam and was killed at
Bergen-Belsen, and we ask how neighbours came to hate neighbours. Antisemitism and racism did not begin with death
camps, they began with words. We remember the victims, and we learn what each of us can do against hatred.""",
    ),
    "www.nhs.uk/conditions/breast-cancer": (
        "Breast cancer: what it is and how it is treated",
        """Breast cancer is the most common kind of cancer in the United Kingdom. A lump in the breast, a change of the
nipple or of the skin of the breast should be checked by a doctor. Most lumps are not cancer. Women can learn
to look at and feel their breasts regularly. Treatment is an operation, radiotherapy and medicine; most people
who are treated early get well.""",
    ),
    "www.bbc.co.uk/news/school-meals": (
        "New standards for school meals",
        """From next year every primary school will serve two portions of vegetables with each lunch, ministers say.
Head teachers welcome the plan and ask who will pay for it.""",
    ),
    "www.facebook.com/friends": (
        "Friends",
        """Your friends have shared nine new posts since this morning.""",
    ),
    "www.facebook.com/stwilfridsdemo": (
        "St Wilfrid's Primary School",
        """The choir sings at the market on Saturday at eleven. Please return the slips for the museum by Friday.""",
    ),
    "www.amazon.co.uk/garden-chairs": (
        "Garden chairs",
        """Four folding chairs, oak, with cushions. In stock.""",
    ),
    "www.ebay.co.uk/prams": (
        "Prams and pushchairs",
        """Seventy-two results near you. Ends today: a blue pram.""",
    ),
    "neu.org.uk/advice": (
        "Advice for members",
        """What to do when a meeting about you is called, and whom you may bring.""",
    ),
    "www.gov.uk/bank-holidays": (
        "Bank holidays",
        """The next bank holiday in England and Wales is on Christmas Day.""",
    ),
}
"""Title and text by host and path."""


def answer(asked: Asked) -> tuple[int, str, bytes]:
    """Status, media type and body of the site that was asked."""
    path, _, query = asked.path.partition("?")
    if path.endswith(_PARTS):
        return 200, "image/gif", _PIXEL
    if path.startswith("/search") and any(name in asked.host for name in _SEARCH_HOSTS):
        return 200, "text/html; charset=utf-8", _results(asked.host, query)
    title, text = PAGES.get(
        asked.host + path.rstrip("/"), (f"Welcome to {asked.host}", "A quiet page with little on it.")
    )
    return 200, "text/html; charset=utf-8", _page(asked.host, title, f"<p>{html.escape(text)}</p>")


def _results(host: str, query: str) -> bytes:
    """A page of results that shows which level of safe search reached the engine."""
    given = parse_qs(query)
    words = html.escape(given.get("q", [""])[0])
    level = given.get("safe", given.get("adlt", ["off"]))[0]
    safe = {"active": "on", "strict": "on", "moderate": "moderate", "medium": "moderate"}.get(level, "off")
    items = "".join(f"<li>Result {number} about {words}</li>" for number in range(1, 6))
    return _page(
        host,
        f"Results for {given.get('q', [''])[0]}",
        f"<p>Safe search is <strong>{safe}</strong>.</p><ol>{items}</ol>",
    )


def _page(host: str, title: str, body: str) -> bytes:
    return f"""<!doctype html>
<html lang="en-GB"><head><meta charset="utf-8"><title>{html.escape(title)}</title>
<style>body{{font:17px/1.6 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}}
footer{{color:#555;font-size:14px;margin-top:3rem}}</style></head>
<body><p>{html.escape(host)}</p><h1>{html.escape(title)}</h1>{body}
<img src="/logo.gif" alt="" width="1" height="1">
<footer>A page of the pretend internet of schoolgate demo. The real site was never asked.</footer></body></html>
""".encode()
