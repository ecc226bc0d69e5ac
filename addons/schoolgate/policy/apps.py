"""What apps and operating systems send by themselves: nobody sits behind such a request and reads."""

import re
from collections.abc import Mapping

_BROWSER = ("mozilla/", "opera/")
_TEXT_BROWSERS = ("lynx/", "w3m/", "elinks", "links ", "links/", "netsurf/", "dillo/")
_TOOLS = ("curl/", "wget/")
_APPS = re.compile(
    r"captivenetworksupport|cfnetwork|darwin/|okhttp|dalvik/|windows-update-agent|microsoft bits|microsoft-cryptoapi"
    r"|microsoft ncsi|ms-office|microsoft office|msoffice|skypeuripreview|facebookexternalhit|whatsapp/|slackbot"
    r"|telegrambot|discordbot|twitterbot|linkedinbot|bingpreview|googlebot|googleimageproxy|feedfetcher|headline"
    r"|electron/|adobe(?:updater| acrobat| creative)|trustd|apsd|nsurlsession|gcloud|java/|python|curl/|wget/|go-http"
    r"|libwww|axios|node-fetch|powershell|winhttp|wininet|windowspowershell|postman|apt-http|microsoft-delivery-opt"
    r"|google(?:softwareupdate| update)|edgeupdate|omaha|teamviewer|zoom/|spotify/|steam|valve|exoplayer|stagefright"
    r"|thunderbird/|\+https?://|^mozilla/\d\.\d$",  # programs that read the web say with a plus where they come from
    re.I,
)
_HOSTS = re.compile(
    r"(?:^|\.)(?:msftconnecttest\.com|msftncsi\.com|captive\.apple\.com|detectportal\.firefox\.com"
    r"|connectivitycheck\.(?:gstatic|android)\.com|connectivity-check\.ubuntu\.com|nmcheck\.gnome\.org"
    r"|network-test\.debian\.org|windowsupdate\.com|update\.microsoft\.com|delivery\.mp\.microsoft\.com"
    r"|do\.dsp\.mp\.microsoft\.com|events\.data\.microsoft\.com|settings-win\.data\.microsoft\.com|wns\.windows\.com"
    r"|smartscreen\.microsoft\.com|update\.googleapis\.com|safebrowsing\.googleapis\.com|edgedl\.me\.gvt1\.com"
    r"|optimizationguide-pa\.googleapis\.com|content-autofill\.googleapis\.com|mtalk\.google\.com"
    r"|push\.apple\.com|mesu\.apple\.com|swscan\.apple\.com|swcdn\.apple\.com|gdmf\.apple\.com|xp\.apple\.com"
    r"|firefox\.settings\.services\.mozilla\.com|push\.services\.mozilla\.com|aus5\.mozilla\.org"
    r"|incoming\.telemetry\.mozilla\.org|time\.(?:windows|apple|google)\.com|pool\.ntp\.org)$"
)
_PROBE_HOSTS = re.compile(r"^(?:(?:ocsp\d*|crl\d*)\.(?=[^.]+\.)|(?:ctldl|wpad|isatap)\.|(?:ocsp|crl)-)")
_PROBE_PATHS = re.compile(
    r"/(?:generate_204|gen_204|hotspot-detect\.html|library/test/success\.html|connecttest\.txt|ncsi\.txt"
    r"|success\.txt|canonical\.html|wpad\.dat|proxy\.pac)$|\.crl$"
)
_CERTIFICATES = ("application/ocsp", "application/pkix-", "application/x-pkcs7-crl")


def sent_by_itself(headers: Mapping[str, str], host: str, path: str, type_: str) -> str:
    """Why this is an app's or the system's own request, "" where it is not."""
    agent = headers.get("user-agent", "")[:512]
    low = agent.lower()
    if low.startswith(_TOOLS) and "sec-fetch-dest" in headers:
        low = ""  # no tool says that by itself: somebody made it say so
    if low and _APPS.search(low):
        return f"an app or the system sent it by itself ({_word(agent)})"
    if low and not low.startswith(_BROWSER) and not low.startswith(_TEXT_BROWSERS):
        return f"no browser sent it ({_word(agent)})"
    if headers.get("sec-fetch-dest") == "document" and headers.get("sec-fetch-user") == "?1":
        return ""  # a browser that somebody led there
    if _HOSTS.search(host) or _PROBE_HOSTS.match(host):
        return f"a service that devices ask by themselves ({host})"
    if _PROBE_PATHS.search(path):
        return f"a check that devices make by themselves ({path[-40:]})"
    if type_.startswith(_CERTIFICATES) or headers.get("content-type", "").lower().startswith(_CERTIFICATES):
        return "a check of a certificate, which devices make by themselves"
    return ""


def is_text_browser(headers: Mapping[str, str]) -> bool:
    """A browser for text terminals, which sends no more than a script would."""
    return headers.get("user-agent", "").lower().startswith(_TEXT_BROWSERS)


def says_who_clicked(headers: Mapping[str, str]) -> bool:
    """Whether this browser sends ``Sec-Fetch-User`` at all: Chrome, Edge and Opera do, Firefox does, no WebKit does."""
    agent = headers.get("user-agent", "").lower()
    if "crios/" in agent or "fxios/" in agent or "edgios/" in agent:
        return False
    return "chrome/" in agent or "firefox/" in agent


def _word(agent: str) -> str:
    found = _APPS.search(agent)
    start = agent.rfind(" ", 0, found.start()) + 1 if found else 0
    shown = re.split(r"[\s;(),]", agent[start:], maxsplit=1)[0] or agent
    return "".join(sign if sign.isprintable() else "?" for sign in shown[:40])
