"""A child that dies while it starts, or takes nothing in, holds its supervisor up for no moment."""

import os
import signal
import time

import pytest
from pretend.children import Unreadable, ends_at_once, says_what_it_got
from schoolgate.child import STOP, CannotStart, Child

LARGE = b"x" * 4_000_000  # more than any pipe holds


def test_what_is_large_arrives() -> None:
    child = Child("reader", says_what_it_got, ())
    child.start(LARGE)
    child.wait_until_ready()
    assert child.channel is not None
    assert child.channel.recv() == "4000000"
    child.tell(LARGE[:3_000_000])
    assert child.channel.recv() == "3000000"
    child.tell(STOP)
    assert child.process is not None
    child.process.join(40)
    assert not child.alive


def test_a_child_that_is_killed_while_it_starts_or_stopped_holds_up_nobody() -> None:
    for number in (signal.SIGKILL, signal.SIGSTOP):
        child = Child("gone", ends_at_once, ())
        began = time.monotonic()
        child.start(LARGE)
        assert child.process is not None
        assert child.process.pid is not None
        os.kill(child.process.pid, number)
        for _ in range(20):
            child.tell(LARGE)
        assert time.monotonic() - began < 10
        child.process.kill()
        child.process.join(40)


def test_a_child_that_cannot_take_its_settings_in_is_told() -> None:
    child = Child("reader", says_what_it_got, ())
    child.start(Unreadable())
    with pytest.raises(CannotStart, match="reader did not start"):
        child.wait_until_ready()
