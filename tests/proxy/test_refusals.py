"""What refusals of the certificate teach, with a clock by hand."""

import pytest
from schoolgate.proxy.refusals import ENOUGH, ENOUGH_SILENT, WITHIN, Lesson, Refusals, Sign, sign_of

DEVICE, APP, BROWSER, HOST = "10.20.0.2", "app", "browser", "api.example.org"


def _trusting() -> Refusals:
    seen = Refusals()
    seen.accepted(DEVICE, BROWSER, "news.example", 0.0)
    return seen


def _times(seen: Refusals, many: int, sign: Sign = Sign.ALERT, host: str = HOST, step: float = 1.0) -> list[Lesson]:
    return [seen.refused(DEVICE, APP, host, sign, 1.0 + number * step) for number in range(many)]


def test_a_trusting_devices_app_is_pinned_after_three_alerts_or_six_silent_endings() -> None:
    assert _times(_trusting(), ENOUGH) == [Lesson.NOTHING] * 2 + [Lesson.PINNED]
    assert _times(_trusting(), ENOUGH_SILENT, Sign.SILENT) == [Lesson.NOTHING] * 5 + [Lesson.PINNED]


def test_refusals_that_lie_far_apart_teach_nothing() -> None:
    assert set(_times(_trusting(), 9, step=WITHIN / 2 + 1)) == {Lesson.NOTHING}


def test_a_success_of_the_same_program_at_the_same_host_begins_anew() -> None:
    seen = _trusting()
    assert _times(seen, 2) == [Lesson.NOTHING] * 2
    seen.accepted(DEVICE, APP, HOST, 4.0)
    assert [seen.refused(DEVICE, APP, HOST, Sign.ALERT, 5.0 + each) for each in range(3)][-2:] == [
        Lesson.NOTHING,
        Lesson.PINNED,
    ]


def test_a_device_that_never_trusted_the_certificate_teaches_nothing() -> None:
    assert set(_times(Refusals(), 20)) == {Lesson.NOTHING}


@pytest.mark.parametrize(("seen", "many"), [(Refusals(), 4), (_trusting(), 8)])
def test_a_program_that_refuses_everywhere_lacks_the_certificate(seen: Refusals, many: int) -> None:
    lessons = [seen.refused(DEVICE, APP, f"www.site{each}.example", Sign.ALERT, 1.0 + each) for each in range(many)]
    assert lessons == [Lesson.NOTHING] * (many - 1) + [Lesson.UNTRUSTING]
    assert {seen.refused(DEVICE, APP, HOST, Sign.ALERT, 10.0) for _ in range(4)} == {Lesson.UNTRUSTING}


def test_apps_of_one_make_that_refuse_everywhere_are_learned_where_they_are_known_to_be_pinned() -> None:
    """Android's apps trust no authority that a person has installed, and open connections alike."""
    seen = _trusting()
    for each in range(9):
        seen.refused(DEVICE, APP, f"www.site{each}.example", Sign.ALERT, 1.0 + each)
    lessons = [seen.refused(DEVICE, APP, HOST, Sign.ALERT, 10.0, is_known=True) for _ in range(3)]
    assert lessons == [Lesson.UNTRUSTING] * 2 + [Lesson.PINNED]


def test_many_hosts_of_one_maker_are_one_site() -> None:
    seen = _trusting()
    lessons = [seen.refused(DEVICE, APP, f"gs{each}.apple.com", Sign.ALERT, 1.0 + each) for each in range(9)]
    assert set(lessons) == {Lesson.NOTHING}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("tlsv1 alert unknown ca", Sign.ALERT),
        ("ssl/tls alert bad certificate", Sign.ALERT),
        ("OpenSSL Error([('SSL routines', '', 'ssl/tls alert certificate unknown')])", Sign.ALERT),
        ("OpenSSL Error([('SSL routines', '', 'tlsv1 alert access denied')])", Sign.ALERT),
        ("The client disconnected during the handshake. If this happens consistently for a.b, ...", Sign.SILENT),
        ("The client may not trust the proxy's certificate for a.b (OpenSSL ZeroReturnError())", Sign.SILENT),
        ("OpenSSL Error([('SSL routines', '', '')])", Sign.SILENT),
        ("OpenSSL Error([('SSL routines', '', 'tlsv1 alert internal error')])", Sign.SILENT),
        ("OpenSSL Error([('SSL routines', '', 'tls alert certificate expired')])", None),
        ("connection closed early", None),
        ("OpenSSL Error([('SSL routines', '', 'unsupported protocol')])", None),
        ("", None),
    ],
)
def test_only_what_is_about_the_certificate_counts(error: str, expected: Sign | None) -> None:
    assert sign_of(error) is expected
