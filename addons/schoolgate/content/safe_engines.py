"""What each search engine has to be told so that it answers safely: parameters, headers, cookies.

How each says so itself (and, where it publishes nothing, how its own settings page does it):

- Google: ``safe=active`` (support.google.com/websearch/answer/186669); Chrome's policy also sets ``ssui=on``
- YouTube: header ``YouTube-Restrict`` (support.google.com/a/answer/6214622); Google's search APIs: ``safeSearch``,
  ``safe`` (developers.google.com/youtube/v3/docs/search/list, /custom-search/v1/reference/rest/v1/cse/list)
- Bing: ``adlt=strict`` (Bing's help on SafeSearch for network administrators); its settings: cookie SRCHHPGUSR
- DuckDuckGo: ``kp`` (duckduckgo.com/duckduckgo-help-pages/settings/params); its scripts: ``p``, ``ex``; cookie ``p``
- Yahoo: ``vm=r`` (its advanced search; docs of Barracuda and Palo Alto Networks)
- Yandex: ``family=yes``, ``fyandex=1`` (yandex.com/support/search, "Filtering adult content")
- Brave, Qwant, Startpage, Mojeek, Presearch, Yep, Ecosia: as their own settings write it. Startpage's ``prfe`` and
  ``prfh`` carry a person's settings in the address, so they are taken out.
- Pixabay, GIPHY, Tenor, Flickr, Dailymotion: as the documentation of their public interfaces says

Engines without such a mode, or with none that can be forced, stand in ``blocklists/unsafe_search.yaml``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Pair = tuple[str, str]  # for STRICT, for MODERATE; "" takes the thing out
_TLD = r"(?:com?\.[a-z]{2}|[a-z]{2}|com|cat)"
_SUB = r"(?:[a-z0-9-]+\.)*"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting in a cookie that holds several: ``f`` in ``a=0:f=y:l=en``."""

    cookie: str
    name: str
    between: str
    equals: str
    values: Pair
    otherwise: str = ""  # what else stands in the cookie where a client has none yet


@dataclass(frozen=True, slots=True)
class SafeEngine:
    """Where an engine is (patterns of the whole host and of the path's beginning), and what it is told.

    ``posted``: it is also asked by POST, and then reads its parameters from the form.
    """

    host: str
    path: str = ""
    query: Mapping[str, Pair] = field(default_factory=dict)
    headers: Mapping[str, Pair] = field(default_factory=dict)
    cookies: Mapping[str, Pair] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()
    posted: bool = False


_GOOGLE: dict[str, Pair] = {"safe": ("active", "active"), "ssui": ("on", "on")}
_STARTPAGE = ("N1N", "EEE", ("0", "0"))

SAFE_ENGINES = (
    SafeEngine(
        rf"(?:(?:www\d?|images|encrypted|ipv[46]|video|m|cse)\.)?google\.{_TLD}",
        r"/(?!(?:gen_204|client_204|log|url|recaptcha|maps/vt|xjs|pagead|js|s2|compressiontest)(?:/|$))",
        _GOOGLE,
    ),
    SafeEngine(rf"{_SUB}google\.{_TLD}", r"/(?:search|images|cse|custom|scholar|books|complete/search|async)", _GOOGLE),
    SafeEngine(
        r"customsearch\.googleapis\.com|www\.googleapis\.com", r"/customsearch/", {"safe": ("active", "active")}
    ),
    SafeEngine(
        rf"{_SUB}youtube(?:-nocookie)?\.com|youtubei?\.googleapis\.com",
        headers={"YouTube-Restrict": ("Strict", "Moderate")},
    ),
    SafeEngine(r"(?:www|youtube)\.googleapis\.com", r"/youtube/v3/search", {"safeSearch": ("strict", "moderate")}),
    SafeEngine(
        rf"{_SUB}bing\.com",
        r"/(?!(?:rp|rs|sa|fd)/)",
        {"adlt": ("strict", "moderate")},
        settings=(Setting("SRCHHPGUSR", "ADLT", "&", "=", ("STRICT", "DEMOTE")),),
    ),
    SafeEngine(rf"{_SUB}mm\.bing\.net", r"/th", {"adlt": ("strict", "moderate")}),
    SafeEngine(
        rf"{_SUB}(?:duckduckgo\.com|duck\.com|ddg\.gg)",
        "",
        {"kp": ("1", "-1")},
        cookies={"p": ("1", "-1")},
        posted=True,
    ),
    SafeEngine(rf"{_SUB}duckduckgo\.com", r"/d\.js", {"p": ("1", ""), "ex": ("", "-1")}),
    SafeEngine(rf"{_SUB}duckduckgo\.com", r"/i\.js", {"p": ("1", "1")}),
    SafeEngine(rf"{_SUB}duckduckgo\.com", r"/(?:v|news|m|a|t)\.js", {"p": ("1", "-1")}),
    SafeEngine(rf"{_SUB}search\.yahoo\.(?:com|co\.[a-z]{{2}})", "", {"vm": ("r", "i")}),
    SafeEngine(
        rf"{_SUB}search\.brave\.com",
        "",
        {"safesearch": ("strict", "moderate")},
        cookies={"safesearch": ("strict", "moderate")},
    ),
    SafeEngine(
        rf"{_SUB}ecosia\.org",
        settings=(
            Setting(
                "ECFG",
                "f",
                ":",
                "=",
                ("y", "i"),
                "a=0:as=1:cs=0:dt=pc:fr=0:fs=1:l=en:lt=0:mc=en-gb:nf=1:nt=0:pz=0:t=0:tt=na:tu=auto:wu=auto:ma=1",
            ),
        ),
    ),
    SafeEngine(r"(?:(?:www|lite)\.)?qwant\.com", "", {"s": ("2", "1"), "safesearch": ("2", "1")}),
    SafeEngine(r"api\.qwant\.com", r"/v\d+/search", {"safesearch": ("2", "1")}),
    SafeEngine(
        rf"{_SUB}(?:yandex\.{_TLD}|yandex\.(?:net|org|eu)|ya\.ru|xn--d1acpjx3f\.xn--p1ai)",
        r"/(?:$|search|images|video|yandsearch|touchsearch|padsearch|msearch|large|gorsel|news|blogs)",
        {"family": ("yes", "yes"), "fyandex": ("1", "1")},
        cookies={"fyandex": ("1", "1")},
    ),
    SafeEngine(
        rf"{_SUB}(?:startpage\.com|ixquick\.(?:com|de))",
        r"/(?:$|(?:sp|do|rvd)/)",
        {"qadf": ("heavy", "heavy"), "prfe": ("", ""), "prfh": ("", ""), "prf": ("", "")},
        settings=(
            Setting("preferences", "disable_family_filter", *_STARTPAGE),
            Setting("preferences", "disable_video_family_filter", *_STARTPAGE),
        ),
        posted=True,
    ),
    SafeEngine(rf"{_SUB}mojeek\.(?:com|co\.uk)", r"/search", {"safe": ("1", "1")}),
    SafeEngine(rf"{_SUB}presearch\.(?:com|io|org)", cookies={"use_safe_search": ("true", "true")}),
    SafeEngine(rf"{_SUB}yep\.com", r"/(?:web|images|news|fs/)", {"safeSearch": ("strict", "strict")}),
    SafeEngine(r"(?:www\.)?pixabay\.com", r"/(?:api|.*search)", {"safesearch": ("true", "true")}),
    SafeEngine(r"api\.giphy\.com", r"/v\d+/", {"rating": ("g", "pg")}),
    SafeEngine(r"tenor\.googleapis\.com|(?:g|api)\.tenor\.com", r"/v\d+/", {"contentfilter": ("high", "medium")}),
    SafeEngine(r"(?:www\.|api\.)?flickr\.com", r"/(?:search|services/rest)", {"safe_search": ("1", "2")}),
    SafeEngine(r"api\.dailymotion\.com", "", {"family_filter": ("true", "true")}),
    SafeEngine(r"(?:(?:www|geo)\.)?dailymotion\.com", cookies={"ff": ("on", "on")}),
)
