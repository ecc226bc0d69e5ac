"""Somebody at the console, without a browser: logs in, reads its screens and fills in its forms."""

import html
import http.client
import re
from urllib.parse import urlencode, urljoin, urlsplit

from schoolgate.demo.device import Page

_WITHIN = 40.0  # seconds for one answer
_FURTHEST = 5  # times that the console may send a visitor on


class Visitor:
    """One login at the console on ``port``. Requests raise OSError or HTTPException where nobody answers."""

    def __init__(self, port: int) -> None:
        self._home = f"http://127.0.0.1:{port}"
        self._cookies: dict[str, str] = {}

    def log_in(self, login: str, password: str) -> Page:
        """Returns the first page behind the login. Raises PermissionError when the console does not take it."""
        page = self.answer(self.open("/login"), login=login, password=password)
        if 'name="password"' in page.text:
            raise PermissionError(f"the console does not take the login {login}: {page.status}")
        return page

    def open(self, path: str) -> Page:
        """A screen by its address."""
        return self._ask("GET", urljoin(self._home, path))

    def answer(self, page: Page, action: str = "", to: str = "", **given: str) -> Page:
        """Send a form of the page: the one whose address ends with ``action``; ``to`` is where another button leads."""
        address, fields = _form(page, action)
        kept = [(name, value) for name, value in fields if name not in given]
        return self._ask("POST", urljoin(self._home, to) if to else address, urlencode([*kept, *given.items()]))

    def _ask(self, method: str, url: str, body: str | None = None) -> Page:
        for _ in range(_FURTHEST):
            page = self._once(method, url, body)
            if page.status not in (302, 303):
                return page
            method, url, body = "GET", urljoin(url, page.headers["location"]), None
        raise OSError(f"the console leads in a circle at {url}")

    def _once(self, method: str, url: str, body: str | None) -> Page:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=_WITHIN)
        headers = {
            "Host": parts.netloc,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
        }
        if method == "POST":
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self._home}
        try:
            connection.request(method, f"{parts.path}{'?' + parts.query if parts.query else ''}", body, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            for cookie in answer.headers.get_all("set-cookie") or []:
                name, _, value = cookie.partition(";")[0].partition("=")
                self._cookies[name] = value
            return Page(url, answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)
        finally:
            connection.close()


def _form(page: Page, action: str) -> tuple[str, list[tuple[str, str]]]:
    """Where a form leads, with its hidden fields and what is ticked; the button to log out is no form of a screen."""
    for found in re.finditer(r"<form\b(?P<tag>[^>]*)>(?P<inside>.*?)</form>", page.text, re.DOTALL):
        to = re.search(r'\baction="([^"]*)"', found["tag"])
        address = html.unescape(to[1]) if to else urlsplit(page.url).path
        if address != "/logout" and address.endswith(action):
            inputs = re.findall(r"<input\b([^>]*)>", found["inside"])
            return urljoin(page.url, address), [_field(each) for each in inputs if _is_sent(each)]
    raise LookupError(f"{page.url} shows no form {action}: {page.title} ({page.status})")


def _is_sent(tag: str) -> bool:
    return 'type="hidden"' in tag or bool(re.search(r"\bchecked\b", tag))


def _field(tag: str) -> tuple[str, str]:
    """Name and value of an input."""
    name, value = (re.search(rf'\b{part}="([^"]*)"', tag) for part in ("name", "value"))
    return html.unescape(name[1]) if name else "", html.unescape(value[1]) if value else ""
