"""Keeps mitmproxy from importing thirty addons that a filter does not use: 16 MB and a tenth of a second a worker.

``mitmproxy.addons`` imports all of them for ``default_addons``, whichever one is asked for. Here the package stands
without that; who asks for ``default_addons`` after all (mitmdump does) gets the whole of it.
"""

import sys
from importlib.util import find_spec, module_from_spec
from typing import Any

import mitmproxy

_PACKAGE = "mitmproxy.addons"


def spare_the_others() -> None:
    """Let addons be imported one by one from now on; nothing happens where the package is there already."""
    spec = find_spec(_PACKAGE)
    if _PACKAGE in sys.modules or spec is None or spec.loader is None:
        return
    package, loader = module_from_spec(spec), spec.loader

    def whole(name: str) -> Any:
        if name != "default_addons":
            raise AttributeError(f"module {_PACKAGE!r} has no attribute {name!r}")
        loader.exec_module(package)
        return package.default_addons

    package.__dict__["__getattr__"] = whole
    sys.modules[_PACKAGE] = package
    mitmproxy.addons = package  # type: ignore[attr-defined]
