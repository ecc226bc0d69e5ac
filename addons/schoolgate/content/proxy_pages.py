"""Recognises the pages of open web proxies by how they are built, whatever they say and wherever they stand.

Such sites change their names and words every week, and a fresh one stands on no list. What stays is the software that
they run: its forms, its scripts and the names in these. A page that only shows such code, as a lesson or a repository
does, has it in its text, so only what stands in a tag or runs as a script counts.
"""

import re

import re2

POINTS = 190.0
"""Points of such a page: surely a web proxy, but too few for a site that the school must be able to reach."""

_REGISTERED = (
    r"serviceworker\s*\.\s*register\(\s*[\"'`][^\"'`]{0,120}"
    r"\b(?:(?:uv|uv-sw|scramjet|proxy|unblock\w*)[\w.-]{0,20}(?:/sw)?|dynamic(?:[.-]sw|/sw)?)\.js"
)
_IN_SCRIPTS = (
    (
        "Ultraviolet",
        r"__uv\$config|ultraviolet\.codec|\buv\.(?:bundle|handler|client|config|sw)\.js|/hvtrs?(?:8|:|%3a)(?:/|%2f)",
    ),
    ("Interstellar", r"/assets/mathematics/(?:bundle|config|handler|sw)\.js"),
    ("Chemical", r"\bchemicalloaded\b|\bchemical\.(?:encode|settransport|setwisp)\("),
    ("Aero", r"defaultconfig\.aero\.js|\baeroconfig\b"),
    (
        "Scramjet",
        r"scramjet(?:loadcontroller|controller|serviceworker)|scramjet\.(?:all|bundle|client|shared|codecs)\.js",
    ),
    ("bare-mux", r"baremuxconnection|bare-mux/(?:index|worker)|baremux/(?:index|worker)|createbareclient|bareclient\("),
    ("Wisp", r"wss?://[^\s\"'`]{1,200}/wisp/|[\"'`]/wisp/[\"'`]|wispserver|wispurl"),
    ("Rammerhead", r"rammerhead(?:\.min)?\.js|rammerheadencryptedsession|rammerheadapi|strshuffler\("),
    ("Hammerhead", r"%hammerhead%|/hammerhead\.js|%is-hammerhead"),
    ("CroxyProxy", r"__cpsheader|__cporiginal|__cpn\b|__cpslocation|croxyproxy"),
    ("Dynamic", r"__dynamic\$config|dynamic\.(?:worker|handler|client)\.js"),
    ("Meteor", r"\$meteor_config|__meteor\$config|meteor\.(?:bundle|worker|codecs)\.js"),
    ("Corrosion", r"window\.\$corrosion|__corrosion|new corrosion\("),
    ("Womginx", r"womginx\.js|womginx-"),
    ("Alloy", r"alloyproxy|__alloy\b|data-alloyproxy"),
    ("Osana", r"__osana\$config"),
    ("a proxy's service worker", _REGISTERED),
)
_IN_TAGS = (
    ("Glype", r"name=[\"']?(?:encodeurl|stripjs|encodepage|allowcookies)\b"),
    ("Glype's form", r"includes/process\.php\?action=update"),
    ("PHProxy", r"name=[\"']?hl\[(?:include_form|remove_scripts|accept_cookies|show_\w+|base64_encode|strip_meta)\]"),
    ("CGIProxy", r"/nph-\w{0,20}\.(?:cgi|pl)|startproxy"),
    ("CroxyProxy", r"__cpsheader|id=[\"']?__cps\w+|requestsform__url|name=[\"']?proxyserverid\b"),
    ("miniProxy", r"action=[\"'][^\"']{0,120}miniproxy\.php"),
    (
        "php-proxy",
        r"href=[\"']?(?:https?:)?//(?:www\.)?php-proxy\.com|action=[\"'][^\"']{0,120}\?q=[\"'][^>]{0,200}php-?proxy|id=[\"']?phpproxy",
    ),
    ("Zalmos", r"id=[\"']?zalmos|action=[\"'][^\"']{0,120}/servlet/redirect\.srv"),
    ("KProxy", r"doproxy\.jsp|kproxyagent"),
    (
        "a proxy's scripts",
        r"link [^>]{0,200}/(?:uv\.(?:bundle|handler|client|config)|scramjet\.(?:all|bundle)|baremux/index)\.m?js",
    ),
    ("SearXNG", r"content=[\"']searx(?:ng)?/\d"),
    (
        "Invidious, Piped or Nitter",
        r"type=[\"']?application/opensearchdescription\+xml[^>]{0,80}title=[\"']?(?:invidious|piped|nitter)\b",
    ),
    ("Nitter", r"og:site_name[\"'][^>]{0,20}content=[\"']nitter\b"),
    ("Redlib", r"content=[\"']view on (?:redlib|libreddit|teddit)\b"),
    ("Whoogle", r"title=[\"']whoogle search"),
    ("Ultraviolet", r"id=[\"']?uv-(?:form|address|search-engine|error)\b"),
    ("Rammerhead", r"id=[\"']?session-(?:advanced-toggle|create-btn|httpproxy)\b"),
)
_MOST = 500  # places that are looked at: what names such software more often is a page of it
_TWICE = frozenset({"Glype"})  # one option of its form may stand on other sites


def _compiled(lines: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<g{number}>{pattern})" for number, (_, pattern) in enumerate(lines)))


_SCRIPTS, _TAGS = _compiled(_IN_SCRIPTS), _compiled(_IN_TAGS)
_ANY = re2.compile("|".join(pattern for _, pattern in (*_IN_SCRIPTS, *_IN_TAGS)))  # 40 times as fast to say no


def proxy_software(lowered: str) -> str:
    """The proxy software that a page, in small letters, is built with; "" where there is none."""
    if _ANY.search(lowered) is None:
        return ""
    for number, match in enumerate(_SCRIPTS.finditer(lowered)):
        if number >= _MOST or _runs(lowered, match.start()):
            return _IN_SCRIPTS[int((match.lastgroup or "g0")[1:])][0]
    seen: dict[str, set[str]] = {}
    for number, match in enumerate(_TAGS.finditer(lowered)):
        if number >= _MOST or _is_in_a_tag(lowered, match.start()):
            name = _IN_TAGS[int((match.lastgroup or "g0")[1:])][0]
            seen.setdefault(name, set()).add(match[0].replace('"', "'"))
            if name not in _TWICE or len(seen[name]) > 1 or number >= _MOST:
                return name
    return ""


def _runs(lowered: str, at: int) -> bool:
    """Whether this place is in a script that the browser runs, or in the address of one."""
    start = lowered.rfind("<script", 0, at)
    if start < 0 or start < lowered.rfind("</script", 0, at):
        return False
    head = lowered[start : max(lowered.find(">", start), start)]
    return "json" not in head and "text/plain" not in head and "template" not in head


def _is_in_a_tag(lowered: str, at: int) -> bool:
    return lowered.rfind("<", 0, at) > lowered.rfind(">", 0, at)
