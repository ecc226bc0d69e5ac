"""A person at a device: opens pages through the gateway as a browser does, and reads what comes back."""

import html
import http.client
import re
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit

_BROWSER = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Safari/605.1.15"
)
_PAGE = {
    "User-Agent": _BROWSER,
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.9",
    "Accept-Encoding": "identity",
}
_WITHIN = 40.0  # seconds for one answer


@dataclass(frozen=True, slots=True)
class Page:
    """What came back: the address, the status, the headers by lower-case names, and the body as text."""

    url: str
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def title(self) -> str:
        """The title of the page."""
        found = re.search(r"<title>(.*?)</title>", self.text, re.DOTALL)
        return " ".join(html.unescape(found[1]).split()) if found else ""

    def form(self) -> tuple[str, dict[str, str]]:
        """Where the first form of the page leads, and its hidden fields. Raises LookupError where there is none."""
        action = re.search(r'<form[^>]*\baction="([^"]*)"', self.text)
        if action is None:
            raise LookupError(f"{self.url} shows no form: {self.title}")
        hidden = re.findall(r'<input type="hidden" name="([\w.-]+)" value="([^"]*)"', self.text)
        return urljoin(self.url, html.unescape(action[1])), {name: html.unescape(value) for name, value in hidden}


@dataclass(slots=True)
class Device:
    """A device with an address of its own; ``trust`` knows the gateway's authority, ``login`` goes to the proxy."""

    address: str
    proxy: int
    trust: ssl.SSLContext
    login: tuple[str, str] | None = None
    seen: list[Page] = field(default_factory=list[Page])

    def open(self, url: str) -> Page:
        """Type an address, or follow a bookmark."""
        return self._get(url, self._opened("none"))

    def load(self, url: str, referer: str) -> Page:
        """What a page loads by itself: a picture, say."""
        same = "same-origin" if urlsplit(url).netloc == urlsplit(referer).netloc else "cross-site"
        part = {"Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": same, "Referer": referer}
        return self._get(url, _PAGE | part | {"Accept": "image/avif,image/webp,*/*"})

    def answer(self, page: Page, **given: str) -> Page:
        """Fill in the form that a page shows, press its button, and go where that leads."""
        to, fields = page.form()
        headers = self._opened("same-origin") | {"Origin": _origin(page.url), "Referer": page.url}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        done = self._ask("POST", to, headers, urlencode(fields | given))
        if done.status in (302, 303):
            return self._get(urljoin(to, done.headers["location"]), self._opened("same-origin"))
        return self._keep(done)

    def _opened(self, site: str) -> dict[str, str]:
        opened = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": site}
        return _PAGE | opened | {"Sec-Fetch-User": "?1", "Upgrade-Insecure-Requests": "1"}

    def _get(self, url: str, headers: dict[str, str]) -> Page:
        return self._keep(self._ask("GET", url, headers))

    def _keep(self, page: Page) -> Page:
        self.seen.append(page)
        return page

    def _ask(self, method: str, url: str, headers: dict[str, str], body: str | None = None) -> Page:
        """One request through the proxy, over a connection of its own. Raises OSError or http.client.HTTPException."""
        parts = urlsplit(url)
        host, source = parts.hostname or "", (self.address, 0)
        proof = (
            {"Proxy-Authorization": f"Basic {b64encode(':'.join(self.login).encode()).decode()}"} if self.login else {}
        )
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(
                "127.0.0.1", self.proxy, timeout=_WITHIN, source_address=source, context=self.trust
            )
            connection.set_tunnel(host, parts.port or 443, proof)
            target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.proxy, timeout=_WITHIN, source_address=source)
            target, headers = parts._replace(fragment="").geturl(), headers | proof
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            return Page(url, answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)
        finally:
            connection.close()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def trusting(*authorities: str) -> ssl.SSLContext:
    """What a device trusts: the authorities in these PEM texts, and no others."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for pem in authorities:
        context.load_verify_locations(cadata=pem)
    return context
