"""What is remembered has an end, and what is asked for stays."""

from schoolgate.kept import Kept


def test_what_was_longest_not_asked_for_goes_first() -> None:
    kept = Kept[int, int | None](2)
    for number in range(5):
        assert kept.keep(number, number) == number
        assert kept.recall(0) == 0
    assert sorted(kept) == [0, 4]
    assert kept.recall(3) is None
    kept.keep(0, None)  # anew, and with a value that is none
    kept.keep(7, 7)
    assert sorted(kept) == [0, 7]
