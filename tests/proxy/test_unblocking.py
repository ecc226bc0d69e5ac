"""A device asks a few times in a while, and what is written is one short line."""

from hypothesis import given
from hypothesis import strategies as st
from schoolgate.proxy.unblocking import LONGEST, MOST, WITHIN, Sparing, in_short


def test_a_device_asks_a_few_times_in_a_while_and_another_is_not_held_up() -> None:
    now = [0.0]
    sparing = Sparing(lambda: now[0])
    assert [sparing.may("one") for _ in range(MOST + 1)] == [True] * MOST + [False]
    assert sparing.may("other")
    now[0] = WITHIN - 1
    assert not sparing.may("one")
    now[0] = WITHIN
    assert sparing.may("one")


def test_many_devices_take_no_more_room_than_is_set_aside() -> None:
    sparing = Sparing(lambda: 0.0)
    assert all(sparing.may(f"device {number}") for number in range(20_000))
    assert len(sparing._asked) <= 10_000


@given(st.text())
def test_what_is_written_becomes_one_short_line_of_what_can_be_seen(words: str) -> None:
    short = in_short(words)
    assert len(short) <= LONGEST
    assert short.isprintable()
    assert len(short.splitlines()) <= 1
    assert in_short(short) == short
