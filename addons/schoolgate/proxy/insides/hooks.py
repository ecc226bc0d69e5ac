"""Hooks are done where they arise: who handles one is known by a table, and what need not wait makes no task."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, fields
from typing import Any

from mitmproxy.addonmanager import AddonManager, traverse
from mitmproxy.exceptions import AddonHalt
from mitmproxy.flow import Flow
from mitmproxy.proxy import commands
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler

from schoolgate.proxy.guarded import Guarded

addon_log = logging.getLogger("mitmproxy.addonmanager")

UnderWay = tuple[Awaitable[None] | None, Iterator[Callable[[Any], Awaitable[None] | None]]]
DONE: UnderWay = None, iter(())
Handlers = tuple[Callable[[Any], Awaitable[None] | None], ...]


@dataclass(slots=True)
class _Hooked:
    """What is known of one kind of hook in one chain of addons."""

    handlers: Handlers
    field: str  # the name of its one argument
    is_told: bool  # whether that is a flow, and somebody handles ``update``


@dataclass(slots=True)
class _Known:
    """The handlers of each hook in one chain of addons, as long as that chain is the same."""

    chain: list[Any]
    length: int
    handlers: dict[str, Handlers]
    hooked: dict[type, _Hooked]


def _known_of(addons: AddonManager) -> _Known:
    known: _Known | None = addons.__dict__.get("_known")
    if known is None or known.chain is not addons.chain or known.length != len(addons.chain):
        known = addons.__dict__["_known"] = _Known(addons.chain, len(addons.chain), {}, {})
    return known


def handlers_of(addons: AddonManager, name: str) -> Handlers:
    """Who handles a hook, in the order of the chain."""
    known = _known_of(addons)
    found = known.handlers.get(name)
    if found is None:
        each = (getattr(addon, name, None) for addon in traverse(addons.chain))
        found = known.handlers[name] = tuple(handler for handler in each if callable(handler))
    return found


def _hooked(addons: AddonManager, hook: commands.StartHook) -> _Hooked:
    known = _known_of(addons)
    found = known.hooked.get(type(hook))
    if found is None:
        (field,) = fields(hook)  # type: ignore[arg-type]
        is_flow = isinstance(getattr(hook, field.name), Flow)
        is_told = is_flow and bool(handlers_of(addons, "update"))
        found = known.hooked[type(hook)] = _Hooked(handlers_of(addons, hook.name), field.name, is_told)
    return found


def begin(addons: AddonManager, hook: commands.StartHook) -> UnderWay:
    """Call the handlers of a hook until one of them waits; ``DONE`` where none does."""
    hooked = _hooked(addons, hook)
    subject = getattr(hook, hooked.field)
    waiting = iter(hooked.handlers)
    for handler in waiting:
        try:
            if type(handler) is Guarded:  # a step less for each of ours
                try:
                    result = handler.__wrapped__(subject)
                except AddonHalt:
                    raise
                except Exception as error:
                    handler.failed(subject, error)
                    continue
                if result is not None:
                    result = handler.to_its_end(result, subject)
            else:
                result = handler(subject)
            if result is None:
                continue
            if inspect.iscoroutine(result):
                result = _begun(result)
                if result.done():
                    result.result()
                    continue
            elif not inspect.isawaitable(result):
                continue
        except AddonHalt:
            break
        except Exception as error:
            _note(error)
            continue
        return result, waiting
    if hooked.is_told or getattr(subject, "intercepted", False):
        return None, iter(())
    return DONE


def _begun(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """A task that has run already to where it waits for something, or to its end."""
    return asyncio.Task(coroutine, loop=asyncio.get_running_loop(), eager_start=True)


async def finish(
    self: ProxyConnectionHandler,
    hook: commands.StartHook,
    under_way: Awaitable[None] | None,
    waiting: Iterator[Callable[[Any], Awaitable[None] | None]],
) -> None:
    """What is left to do of a hook, one handler of which has to wait."""
    subject = getattr(hook, _hooked(self.master.addons, hook).field)
    with self.timeout_watchdog.disarm():
        try:
            if under_way is not None:
                await _safely(under_way)
            for handler in waiting:
                await _safely(handler, subject)
        except AddonHalt:
            pass
        if isinstance(subject, Flow):
            for handler in handlers_of(self.master.addons, "update"):
                await _safely(handler, [subject])
            await subject.wait_for_resume()


async def _safely(handler: Any, *subject: Any) -> None:
    """Call a handler, or await what one gave; its exception is put into the log, as mitmproxy does it."""
    try:
        result = handler(*subject) if callable(handler) else handler
        if inspect.isawaitable(result):
            await result
    except AddonHalt:
        raise
    except Exception as error:
        _note(error)


def _note(error: Exception) -> None:
    addon_log.error("Addon error: %s", error, exc_info=error)


async def trigger_event(self: AddonManager, event: Any) -> None:
    """As mitmproxy's, but asks only the addons that handle the hook."""
    subjects = event.args()
    for handler in handlers_of(self, event.name):
        try:
            await _safely(handler, *subjects)
        except AddonHalt:
            return


async def handle_hook(self: ProxyConnectionHandler, hook: commands.StartHook) -> None:
    """As mitmproxy's, but no timer is stopped where nothing is waited for."""
    under_way = begin(self.master.addons, hook)
    if under_way is not DONE:
        await finish(self, hook, *under_way)
