"""Compiles lists in a process of its own, so that who asks for it stays small and quick, and can end at any time."""

import multiprocessing
import os
from collections.abc import Iterable
from multiprocessing.connection import Connection
from pathlib import Path

from schoolgate.child import be_child
from schoolgate.lists.compiler import CategoryList, Report
from schoolgate.lists.guards import Guard
from schoolgate.settings.blocklists import compile_lists
from schoolgate.settings.faults import Fault, SettingsError

COMPILING = "compile"
"""The name of the process, for whoever has to end it early."""
_SPAWN = multiprocessing.get_context("spawn")


def compile_lists_apart(path: Path, lists: Iterable[CategoryList], guard: Guard) -> Report:
    """Compile in another process, which gives way to all others. Raises OSError, or SettingsError if it is lost."""
    ours, theirs = _SPAWN.Pipe(duplex=False)
    work = (path, tuple(lists), guard, theirs)
    process = _SPAWN.Process(target=be_child, args=(COMPILING, _compile, work), name=COMPILING, daemon=True)
    process.start()
    theirs.close()
    try:
        answer = ours.recv()
    except EOFError:
        raise SettingsError([Fault("blocklists", 0, "the process that compiles the lists ended by itself")]) from None
    finally:
        ours.close()
        process.join()
    if isinstance(answer, Report):
        return answer
    raise answer


def _compile(path: Path, lists: tuple[CategoryList, ...], guard: Guard, channel: Connection) -> None:
    os.nice(10)
    try:
        channel.send(compile_lists(path, lists, guard))
    except Exception as error:
        channel.send(error)
