"""The changes to mitmproxy's insides are in force with the mitmproxy that is installed."""

from schoolgate.proxy.insides.full import Hold, can_let_go


def test_this_mitmproxy_can_let_go_of_a_full_answer() -> None:
    assert can_let_go()


def test_a_hold_is_full_by_size_or_by_time() -> None:
    assert not Hold(100, float("inf")).is_full(99)
    assert Hold(100, float("inf")).is_full(100)
    assert Hold(100, 0.0).is_full(1)
