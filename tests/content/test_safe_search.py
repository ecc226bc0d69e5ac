"""Whatever is asked for, and however it is spelled, an engine reads exactly one value: the safe one."""

import re
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote_plus

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from schoolgate.content.safe_engines import SAFE_ENGINES
from schoolgate.content.safe_search import Change, Level, safe_change, safe_form, with_cookies
from schoolgate.content.searches import open_engines
from schoolgate.content.tenants import Tenants, tenant_headers

STRICT, MODERATE, OFF = Level.STRICT, Level.MODERATE, Level.OFF

QUERIES = [
    ("www.google.com", "/search", "q=cat", "safe=active&ssui=on&q=cat"),
    ("www.google.co.uk", "/search", "q=cat&tbm=isch", "safe=active&ssui=on&q=cat&tbm=isch"),
    ("google.de", "/search", "udm=2&q=cat", "safe=active&ssui=on&udm=2&q=cat"),
    ("www.google.com", "/search", "safe=off&q=cat&safe=off", "safe=active&ssui=on&q=cat"),
    ("www.google.com", "/search", "%73afe=off&q=cat&SAFE=images", "safe=active&ssui=on&q=cat"),
    ("www.google.com", "/search", "q=cat&safe%00=off&safe[]=off&+safe=off&%2573afe=off", "safe=active&ssui=on&q=cat"),
    ("www.google.com", "/search", "q=a;safe=off", "safe=active&ssui=on&q=a%3Bsafe=off"),
    ("www.google.com", "/search", "q=a%2Bb+c%20d&x", "safe=active&ssui=on&q=a%2Bb+c%20d&x"),
    ("www.google.com", "/", "", "safe=active&ssui=on"),
    ("www.google.com", "//search", "q=cat", "safe=active&ssui=on&q=cat"),
    ("www.google.com", "/%73earch", "q=cat", "safe=active&ssui=on&q=cat"),
    ("images.google.fr", "/images", "q=cat", "safe=active&ssui=on&q=cat"),
    ("news.google.com", "/search", "q=cat", "safe=active&ssui=on&q=cat"),
    ("cse.google.com", "/cse/element/v1", "q=cat&safe=off", "safe=active&ssui=on&q=cat"),
    ("www.googleapis.com", "/customsearch/v1", "q=cat&safe=off", "safe=active&q=cat"),
    ("www.googleapis.com", "/youtube/v3/search", "q=cat&safeSearch=none", "safeSearch=strict&q=cat"),
    ("www.bing.com", "/search", "q=cat&adlt=off", "adlt=strict&q=cat"),
    ("www.bing.com", "/images/async", "q=cat&%u0061dlt=off", "adlt=strict&q=cat"),
    ("tse1.mm.bing.net", "/th", "q=cat", "adlt=strict&q=cat"),
    ("duckduckgo.com", "/", "q=cat&kp=-2", "kp=1&q=cat"),
    ("html.duckduckgo.com", "/html/", "q=cat", "kp=1&q=cat"),
    ("links.duckduckgo.com", "/d.js", "q=cat&p=-2&ex=-2", "kp=1&p=1&q=cat"),
    ("duckduckgo.com", "/i.js", "q=cat&p=-1", "kp=1&p=1&q=cat"),
    ("uk.search.yahoo.com", "/search", "p=cat&vm=p", "vm=r&p=cat"),
    ("images.search.yahoo.com", "/search/images", "p=cat", "vm=r&p=cat"),
    ("search.brave.com", "/images", "q=cat&safesearch=off", "safesearch=strict&q=cat"),
    ("www.qwant.com", "/", "q=cat&s=0", "s=2&safesearch=2&q=cat"),
    ("api.qwant.com", "/v3/search/images", "q=cat&safesearch=0", "safesearch=2&q=cat"),
    ("yandex.com", "/images/search", "text=cat&family=no", "family=yes&fyandex=1&text=cat"),
    ("yandex.com.tr", "/search/", "text=cat", "family=yes&fyandex=1&text=cat"),
    ("ya.ru", "/search/", "text=cat", "family=yes&fyandex=1&text=cat"),
    ("www.startpage.com", "/sp/search", "query=cat&qadf=none&prfe=0805dd67", "qadf=heavy&query=cat"),
    ("www.mojeek.com", "/search", "q=cat&safe=0", "safe=1&q=cat"),
    ("api.yep.com", "/fs/2/search", "q=cat&safeSearch=off", "safeSearch=strict&q=cat"),
    ("pixabay.com", "/images/search/cat/", "safesearch=false", "safesearch=true"),
    ("api.giphy.com", "/v1/gifs/search", "q=cat&rating=r", "rating=g&q=cat"),
    ("tenor.googleapis.com", "/v2/search", "q=cat&contentfilter=off", "contentfilter=high&q=cat"),
    ("www.flickr.com", "/search/", "text=cat&safe_search=3&safe.search=3", "safe_search=1&text=cat"),
]  # fmt: skip


@pytest.mark.parametrize(("host", "path", "query", "safe"), QUERIES)
def test_the_query_is_made_safe(host: str, path: str, query: str, safe: str) -> None:
    change = safe_change(host, path, query, STRICT)
    assert change is not None
    assert change.query == safe
    again = safe_change(host, path, safe, STRICT)
    assert again is None or again.query is None, "what is safe already stays as it is"


@pytest.mark.parametrize(
    ("host", "path", "query", "moderate"),
    [
        ("www.google.com", "/search", "q=x", "safe=active&ssui=on&q=x"),
        ("www.bing.com", "/search", "q=x", "adlt=moderate&q=x"),
        ("duckduckgo.com", "/", "q=x", "kp=-1&q=x"),
        ("links.duckduckgo.com", "/d.js", "q=x&p=-2&ex=-2", "kp=-1&ex=-1&q=x"),
        ("search.yahoo.com", "/search", "p=x", "vm=i&p=x"),
        ("search.brave.com", "/search", "q=x", "safesearch=moderate&q=x"),
        ("api.giphy.com", "/v1/gifs/search", "q=x", "rating=pg&q=x"),
    ],
)
def test_a_group_may_have_moderate_answers(host: str, path: str, query: str, moderate: str) -> None:
    change = safe_change(host, path, query, MODERATE)
    assert change is not None
    assert change.query == moderate


def test_every_google_of_the_world_is_known() -> None:
    endings = (
        "ad ae al am as at az ba be bf bg bi bj bs bt by ca cat cd cf cg ch ci cl cm cn co.ao co.bw co.ck co.cr co.id "
        "co.il co.in co.jp co.ke co.kr co.ls co.ma co.mz co.nz co.th co.tz co.ug co.uk co.uz co.ve co.vi co.za co.zm "
        "co.zw com com.af com.ag com.ai com.ar com.au com.bd com.bh com.bn com.bo com.br com.bz com.co com.cu com.cy "
        "com.do com.ec com.eg com.et com.fj com.gh com.gi com.gt com.hk com.jm com.kh com.kw com.lb com.ly com.mm "
        "com.mt com.mx com.my com.na com.ng com.ni com.np com.om com.pa com.pe com.pg com.ph com.pk com.pr com.py "
        "com.qa com.sa com.sb com.sg com.sl com.sv com.tj com.tr com.tw com.ua com.uy com.vc com.vn cv cz de dj dk dm "
        "dz ee es fi fm fr ga ge gg gl gm gp gr gy hn hr ht hu ie im iq is it je jo kg ki kz la li lk lt lu lv md me "
        "mg mk ml mn ms mu mv mw ne nl no nr nu pl pn ps pt ro rs ru rw sc se sh si sk sm sn so sr st td tg tk tl tm "
        "tn to tt vg vu ws"
    )
    for ending in endings.split():
        for host in (f"www.google.{ending}", f"google.{ending}", f"images.google.{ending}"):
            assert safe_change(host, "/search", "q=x", STRICT), host


@pytest.mark.parametrize(
    "host",
    [
        "www.youtube.com",
        "m.youtube.com",
        "music.youtube.com",
        "youtube.com",
        "youtubei.googleapis.com",
        "youtube.googleapis.com",
        "www.youtube-nocookie.com",
    ],
)
def test_youtube_is_told_by_a_header(host: str) -> None:
    assert safe_change(host, "/results", "search_query=x", STRICT) == Change(None, {"YouTube-Restrict": "Strict"}, {})
    assert safe_change(host, "/", "", MODERATE) == Change(None, {"YouTube-Restrict": "Moderate"}, {})


@pytest.mark.parametrize(
    ("host", "before", "after"),
    [
        ("www.bing.com", "", "SRCHHPGUSR=ADLT=STRICT"),
        ("www.bing.com", "MUID=1; SRCHHPGUSR=SRCHLANG=en&ADLT=OFF&HV=17; x=y", "SRCHHPGUSR=ADLT=STRICT&SRCHLANG=en&HV=17; MUID=1; x=y"),
        ("www.bing.com", "srchhpgusr=ADLT=OFF; SRCHHPGUSR=SRCHLANG%3Den%26ADLT%3DOFF", "SRCHHPGUSR=ADLT=STRICT"),
        ("duckduckgo.com", "p=-2; kl=uk-en; p=-2", "p=1; kl=uk-en"),
        ("search.brave.com", "safesearch=off; country=gb", "safesearch=strict; country=gb"),
        ("www.ecosia.org", "ECFG=a=1:f=n:l=de; ECCC=e", "ECFG=f=y:a=1:l=de; ECCC=e"),
        ("yandex.com", "fyandex=0; yandexuid=7", "fyandex=1; yandexuid=7"),
        ("presearch.com", "use_safe_search=false", "use_safe_search=true"),
        (
            "www.startpage.com",
            "preferences=date_timeEEEworldN1Ndisable_family_filterEEE1N1NlanguageEEEenglish",
            "preferences=disable_video_family_filterEEE0N1Ndisable_family_filterEEE0N1Ndate_timeEEEworldN1NlanguageEEEenglish",
        ),
        ("www.dailymotion.com", "ff=off", "ff=on"),
    ],
)  # fmt: skip
def test_cookies_are_made_safe_and_keep_their_other_settings(host: str, before: str, after: str) -> None:
    change = safe_change(host, "/", "", STRICT, before)
    assert change is not None
    assert with_cookies(before, change.cookies) == after


def test_a_new_ecosia_cookie_is_whole() -> None:
    change = safe_change("www.ecosia.org", "/search", "q=x", STRICT)
    assert change is not None
    assert change.cookies["ECFG"].startswith("f=y:a=0:")


@pytest.mark.parametrize(
    ("host", "path", "query"),
    [
        ("www.google.com", "/gen_204", "q=x"),
        ("www.google.com", "/url", "q=https://example.org/"),
        ("mail.google.com", "/mail/u/0/", "q=x"),
        ("docs.google.com", "/document/d/1/edit", ""),
        ("www.example.org", "/search", "q=x&safe=off"),
        ("notgoogle.com", "/search", "q=x"),
        ("google.com.example.org", "/search", "q=x"),
        ("www.bbc.co.uk", "/search", "q=x"),
        ("i.ytimg.com", "/vi/x/default.jpg", ""),
        ("yandex.ru", "/maps/", "text=x"),
    ],
)
def test_nothing_else_is_touched(host: str, path: str, query: str) -> None:
    assert safe_change(host, path, query, STRICT) is None


def test_a_group_without_safe_search_is_left_alone() -> None:
    for host, path, query, _ in QUERIES:
        assert safe_change(host, path, query, OFF) is None
    assert safe_form("duckduckgo.com", "/html", "application/x-www-form-urlencoded", b"kp=-2", OFF) is None


# each engine once, with an address at which it is asked
PLACES = [(host, path) for host, path, _, _ in QUERIES if host not in ("duckduckgo.com",) or path.endswith(".js")]
TRICKS = st.sampled_from(
    [
        "safe=off", "SAFE=off", "%73%61fe=off", "safe", "safe%00x=off", "+safe=off", "safe[]=off", "safe%5B%5D=off",
        "%2573afe=off", "adlt=off", "ADLT=OFF", "%u0061dlt=off", "kp=-2", "k%70=-2", "p=-2", "ex=-2", "vm=p",
        "safesearch=off", "safeSearch=off", "safe.search=3", "safe_search=3", "s=0", "family=no", "fyandex=0",
        "qadf=none", "prfe=00", "rating=r", "contentfilter=off", "ssui=off", "q=a;safe=off;adlt=off", ";kp=-2;vm=p",
        "q=x#", "#", "?safe=off", "=", "&", "q=%26safe%3Doff", "q=a+b%20c",
    ]
)  # fmt: skip


def _readings(query: str) -> list[list[tuple[str, str]]]:
    """The ways in which servers read a query."""
    php = [
        (re.sub(r"[. ]", "_", unquote_plus(name).lstrip().partition("\0")[0].partition("[")[0]).lower(), value)
        for name, _, value in (piece.partition("=") for piece in query.split("&"))
    ]
    return [
        [(name.lower(), value) for name, value in parse_qsl(query, keep_blank_values=True)],
        [(name.lower(), value) for name, value in parse_qsl(query.replace(";", "&"), keep_blank_values=True)],
        [(unquote_plus(name), value) for name, value in php],
        [(name.lower(), value) for name, value in parse_qsl(query.partition("#")[0], keep_blank_values=True)],
    ]


@given(
    st.sampled_from(PLACES),
    st.sampled_from([STRICT, MODERATE]),
    st.lists(TRICKS | st.text(alphabet="ab=&;%20#?+[]sfek", max_size=12), max_size=8).map("&".join),
)
@example(("www.google.com", "/search"), STRICT, "q=x#&safe=active")
def test_an_engine_reads_exactly_one_value_and_it_is_safe(place: tuple[str, str], level: Level, query: str) -> None:
    host, path = place
    change = safe_change(host, path, query, level)
    result = query if change is None or change.query is None else change.query
    engines = [
        engine
        for engine in SAFE_ENGINES
        if re.fullmatch(engine.host, host) and re.match(engine.path, re.sub("/+", "/", unquote_plus(path)))
    ]
    wanted = {name: pair[level is MODERATE] for engine in engines for name, pair in engine.query.items()}
    assert wanted
    for reading in _readings(result):
        for name, value in wanted.items():
            assert [found for said, found in reading if said == name.lower()] == ([value] if value else [])


@given(st.lists(st.from_regex(r"[ac-or-z]{1,4}=[A-Za-z0-9%+.~-]{0,6}", fullmatch=True), max_size=6))
def test_all_other_parameters_stay_byte_for_byte(pieces: list[str]) -> None:
    pieces = [piece for piece in pieces if not piece.startswith(("safe=", "ssui="))]
    change = safe_change("www.google.com", "/search", "&".join(pieces), STRICT)
    assert change is not None
    assert change.query == "&".join(["safe=active", "ssui=on", *pieces])


@given(st.text(max_size=60), st.text(max_size=60))
def test_an_engine_gets_one_safe_cookie(before: str, value: str) -> None:
    header = f"{before}; p=-2; x={quote(value)}; P=-2"
    change = safe_change("duckduckgo.com", "/", "", STRICT, header)
    assert change is not None
    names = [part.strip().partition("=") for part in with_cookies(header, change.cookies).split(";")]
    assert [found for name, _, found in names if name.strip().lower() == "p"] == ["1"]


def test_a_posted_search_is_made_safe() -> None:
    form = "application/x-www-form-urlencoded; charset=UTF-8"
    assert safe_form("html.duckduckgo.com", "/html/", form, b"q=cat&kp=-2", STRICT) == b"kp=1&q=cat"
    assert (
        safe_form("www.startpage.com", "/sp/search", form, b"query=a&prfe=0&qadf=none", STRICT) == b"qadf=heavy&query=a"
    )
    assert safe_form("html.duckduckgo.com", "/html/", form, b"kp=1&q=cat", STRICT) is None
    assert safe_form("www.google.com", "/search", form, b"safe=off", STRICT) is None
    assert safe_form("html.duckduckgo.com", "/html/", "application/json", b"{}", STRICT) is None
    for host in ("lite.duckduckgo.com", "duckduckgo.com", "www.startpage.com", "ixquick.com"):
        assert open_engines().takes_forms(host), "its forms are held, for their words too"


def test_no_engine_is_both_forced_and_listed_as_unsafe() -> None:
    path = Path(__file__).resolve().parents[2] / "blocklists" / "unsafe_search.yaml"
    for domain in yaml.safe_load(path.read_text(encoding="utf-8"))["domains"]:
        assert safe_change(domain, "/search", "q=x", STRICT) is None or domain.endswith("-browse.startpage.com"), domain


TENANTS = Tenants(
    ("school.example", "trust.example"), ("school.example",), "72f988bf-86f1-41af-91ab-2d7cd011db47", False
)


@pytest.mark.parametrize(
    ("host", "headers"),
    [
        ("accounts.google.com", {"X-GoogApps-Allowed-Domains": "school.example,trust.example"}),
        ("mail.google.com", {"X-GoogApps-Allowed-Domains": "school.example,trust.example"}),
        ("www.google.co.uk", {"X-GoogApps-Allowed-Domains": "school.example,trust.example"}),
        (
            "login.microsoftonline.com",
            {
                "Restrict-Access-To-Tenants": "school.example",
                "Restrict-Access-Context": "72f988bf-86f1-41af-91ab-2d7cd011db47",
            },
        ),
        ("login.live.com", {"sec-Restrict-Tenant-Access-Policy": "restrict-msa"}),
        ("evil.login.live.com", {}),
        ("notgoogle.com", {}),
        ("www.example.org", {}),
    ],
)
def test_logins_are_kept_to_the_schools_accounts(host: str, headers: dict[str, str]) -> None:
    assert tenant_headers(host, TENANTS) == headers
    assert tenant_headers(host, Tenants()) == {}
