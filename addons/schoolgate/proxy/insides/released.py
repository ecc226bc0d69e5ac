"""What is over is taken apart: mitmproxy's layers refer to each other in rings, which only the garbage collector ends.

It would look at each of their parts, 7 percent of what a connection costs. Taken apart, they go with their last use.
"""

from collections.abc import Iterator
from typing import Any

from mitmproxy.proxy.layer import Layer
from mitmproxy.proxy.layers.http import HttpStream
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler


class _Over:
    """Stands where the layers of a connection stood."""

    def handle_event(self, event: object) -> Iterator[Any]:
        """Nobody has anything to say any more."""
        return iter(())


OVER = _Over()


def _ignores(event: object) -> Iterator[Any]:
    return iter(())


def release_stream(stream: HttpStream) -> None:
    """Take a stream of HTTP apart that was dropped, unless it still waits for something."""
    if stream._paused is None:
        stream.client_state = stream.server_state = _ignores
        stream.context.layers = []


def release_connection(handler: ProxyConnectionHandler) -> None:
    """Take all layers of a device's connection apart, once it is closed on every side and no hook is under way."""
    waiting: list[Any] = [handler.layer, *handler.layer.context.layers]
    handler.layer = OVER  # type: ignore[assignment]
    handler.timeout_watchdog.callback = None  # type: ignore[assignment]
    while waiting:
        layer = waiting.pop()
        held = vars(layer)
        for part in held.values():
            if isinstance(part, Layer):
                waiting.append(part)
            elif type(part) is dict:
                waiting += [each for each in part.values() if isinstance(each, Layer)]
        if context := held.get("context"):  # not a second time
            context.layers = []
        for name in held:
            held[name] = None
