"""Python runs this at the start of every process that has this folder in PYTHONPATH: the duty's hook that a file names raises.

The product has no switch for it. What has tripped is noted beside the file, so that a test knows which faults were real.
"""

import importlib
import inspect
import os
import sys
from pathlib import Path
from typing import Any

_FILE = Path(os.environ["SCHOOLGATE_TEST_TRIP"])
_TRIPPED = _FILE.with_name("tripped")


def _trip(place: str) -> None:
    if _FILE.read_text() == place:
        with _TRIPPED.open("a") as file:
            file.write(f"{place}\n")
        raise ZeroDivisionError(f"planted in {place}")


def _broken(place: str, real: Any) -> Any:
    if inspect.iscoroutinefunction(real):

        async def waits(self: Any, *subject: Any) -> None:
            _trip(place)
            await real(self, *subject)

        return waits

    def at_once(self: Any, *subject: Any) -> Any:
        _trip(place)
        return real(self, *subject)

    return at_once


def _plant() -> None:
    from mitmproxy.hooks import all_hooks
    from schoolgate.policy import decision
    from schoolgate.proxy.pages import Pages
    from schoolgate.store.journal import Journal

    decision.decide_for = _broken("decide_for", decision.decide_for)
    Pages._answer = _broken("Pages._answer", Pages._answer)  # type: ignore[method-assign]
    Journal.append = _broken("Journal.append", Journal.append)  # type: ignore[method-assign]

    from schoolgate.proxy import chain
    from schoolgate.proxy.tunnels import Tunnels  # like the chain only now: it imports what was planted above

    Tunnels.opens = _broken("Tunnels.opens", Tunnels.opens)  # type: ignore[method-assign]
    made = chain.duties

    def duties(live: Any) -> list[Any]:
        for kind in {value for value in vars(chain).values() if inspect.isclass(value)}:
            for name in all_hooks if kind.__module__.startswith("schoolgate.proxy") and kind.__name__ != "Tls" else ():
                if name not in ("running", "done") and name in vars(kind):
                    setattr(kind, name, _broken(f"{kind.__name__}.{name}", vars(kind)[name]))
        return made(live)

    chain.duties = duties
    for kind, name in THEIRS:
        setattr(kind(), name, _broken(f"{kind().__name__}.{name}", getattr(kind(), name)))


def _addon(module: str, name: str) -> Any:
    return lambda: getattr(importlib.import_module(module), name)


_THEIRS = {
    ("mitmproxy.addons.next_layer", "NextLayer"): ("next_layer",),
    ("mitmproxy.addons.proxyserver", "Proxyserver"): ("server_connect",),
    ("mitmproxy.addons.disable_h2c", "DisableH2C"): ("request",),
    ("schoolgate.proxy.tls", "Tls"): (
        "tls_clienthello", "tls_start_client", "tls_start_server", "tls_failed_server", "server_disconnected",
    ),
}  # fmt: skip
THEIRS = [(_addon(*place), name) for place, names in _THEIRS.items() for name in names]
"""Hooks of mitmproxy's own addons, and of the one that is made of one, that no guard of ours stands around."""


class _Finder:
    """Plants them right after the chain was imported, in the processes that import it."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name == "schoolgate.proxy.worker":
            sys.meta_path.remove(self)
            _plant()


sys.meta_path.insert(0, _Finder())
