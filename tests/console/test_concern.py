"""Anybody raises a concern, with evidence that is held as it came; what must not be sent is refused in clear words."""

import hashlib
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from schoolgate.store.cases import Case, cases

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
MARKUP = '<script>alert(1)</script>"; filename="x.html\r\nX: y'


def _all(console: Any) -> list[Case]:
    with console.desk.reading() as reader:
        return cases(reader)


def _raise(browser: Any, files: list[Any] | None = None, **fields: str) -> Any:
    page = browser.get("/concern").text
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once
    given = {"kind": "bullying", "words": "They wrote it in the chat.", "once": once[1]} | fields
    sent = [("files", each) for each in files or []] or [("files", ("", b""))]
    return browser.post("/concern", given, files=sent)


def _only(console: Any) -> Case:
    [found] = _all(console)
    return found


def test_a_concern_is_a_case_with_the_dsl_and_who_raised_it_sees_that_it_arrived(console: Any) -> None:
    jones = console.browser("a.jones")
    answer = _raise(jones, about="a child of 5B", seen="Monday at ten", address="chat.example/room")
    case = _only(console)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/concern/{case.ref}")
    assert (case.route, case.priority, case.category, case.person) == ("dsl", "medium", "bullying", "")
    assert case.raised_by == console.code("a.jones")
    assert case.why == "A concern about bullying."
    shown = console.browser("d.safe").get(f"/cases/{case.id}").text
    for words in ("They wrote it in the chat.", "a child of 5B", "Monday at ten", "chat.example/room"):
        assert words in shown
    assert "Nobody has taken note of it yet" in jones.get(f"/concern/{case.ref}").text
    assert jones.get(f"/cases/{case.id}").status_code == 403
    head = console.browser("h.head")  # it names nobody who is known, so its words may be about her
    assert (head.get(f"/cases/{case.id}").status_code, case.ref in head.get("/cases").text) == (403, False)
    assert console.browser("b.khan").get(f"/concern/{case.ref}").status_code == 404
    safe = console.browser("d.safe")
    safe.get(f"/cases/{case.id}")
    assert safe.post(f"/cases/{case.id}/acknowledge").status_code == 303
    assert "Somebody has taken note of it" in jones.get(f"/concern/{case.ref}").text


@pytest.mark.parametrize("about", ["Ms Head", "h.head", "the Headteacher", "MRS HEAD"])
def test_a_concern_about_the_headteacher_never_comes_to_her(console: Any, about: str) -> None:
    _raise(console.browser("a.jones"), kind="staff", about=about)
    case = _only(console)
    assert (case.route, case.person) == ("chair_of_governors", console.code("h.head"))
    assert console.browser("h.head").get(f"/cases/{case.id}").status_code == 403
    assert console.browser("d.safe").get(f"/cases/{case.id}").status_code == 403
    assert console.browser("c.chair").get(f"/cases/{case.id}").status_code == 200


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("bullying", "our head teacher"),
        ("child", "The Headmistress"),
        ("extremism", "the head of the school"),
        ("network", "it was Ms Head, in the hall"),
        ("other", "Head"),
    ],
)
def test_no_kind_of_concern_about_the_headteacher_comes_to_her(console: Any, kind: str, about: str) -> None:
    _raise(console.browser("a.jones"), kind=kind, about=about)
    assert (_only(console).route, _only(console).person) == ("chair_of_governors", console.code("h.head"))


@pytest.mark.parametrize("about", ["the deputy head", "head of maths", "somebody who said it", "a lead of year 5"])
def test_nobody_is_taken_for_the_headteacher_by_a_part_of_a_title(console: Any, about: str) -> None:
    _raise(console.browser("a.jones"), kind="staff", about=about)
    assert (_only(console).route, _only(console).person) == ("headteacher", "")


def test_what_the_headteacher_did_is_about_her_whatever_code_is_written(console: Any) -> None:
    _raise(console.browser("a.jones"), kind="head", about=console.code("b.khan"))
    assert _only(console).person == console.code("h.head")


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_concern_that_could_not_be_written_whole_is_written_whole_when_it_is_sent_again(
    console: Any, writes: int
) -> None:
    jones, append, left = console.browser("a.jones"), console.desk.journal.append, [writes]
    once = re.search(r'name="once" value="([^"]+)"', jones.get("/concern").text)
    assert once

    def full(entry: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        append(entry)

    console.desk.journal.append = full
    answer = _raise(jones, once=once[1], files=[("a.png", PNG)], none="yes")
    assert (answer.status_code, "not be put on record" in answer.text) == (500, True)
    assert _all(console) == []
    assert writes or not list((console.settings.data / "evidence").iterdir())  # nothing that no case will ever name
    console.desk.journal.append = append
    assert _raise(jones, once=once[1], files=[("a.png", PNG)], none="yes").status_code == 303
    case = _only(console)
    assert [entry.words for entry in case.history if entry.what == "case-note"] == ["They wrote it in the chat."]
    assert len(case.exhibits) == 1


def test_it_can_be_said_to_be_about_the_headteacher(console: Any) -> None:
    _raise(console.browser("a.jones"), kind="head", about="")
    case = _only(console)
    assert (case.route, case.person) == ("chair_of_governors", console.code("h.head"))
    assert case.ref not in console.browser("h.head").get("/cases").text


def test_whom_it_is_about_is_known_by_login_name_or_code(console: Any) -> None:
    jones = console.browser("a.jones")
    for about in ("B.Khan", console.code("b.khan"), "Mr Safe"):
        _raise(jones, kind="staff", about=about)
    codes = [console.code(login) for login in ("b.khan", "b.khan", "d.safe")]
    found = _all(console)
    assert sorted(case.person for case in found) == sorted(codes)
    [of_dsl] = [case for case in found if case.person == console.code("d.safe")]
    assert console.browser("d.safe").get(f"/cases/{of_dsl.id}").status_code == 403


def test_the_number_of_a_block_page_leads_to_its_entry(console: Any) -> None:
    event = console.visit("a.jones", action="block", category="adult")
    page = console.browser("a.jones").get(f"/concern/block/{event.ref}").text
    assert f'value="{event.ref}"' in page
    _raise(console.browser("a.jones"), kind="network", ref=event.ref.lower().replace("-", ""))
    case = _only(console)
    assert (case.events, case.category, case.person) == ((event.id,), "adult", "")


def test_the_number_of_a_block_of_the_headteacher_leads_round_her(console: Any) -> None:
    event = console.visit("h.head", action="block", category="adult")
    _raise(console.browser("a.jones"), kind="network", ref=event.ref)
    assert (_only(console).route, _only(console).person) == ("chair_of_governors", console.code("h.head"))


def test_the_same_form_twice_is_one_concern(console: Any) -> None:
    jones = console.browser("a.jones")
    once = re.search(r'name="once" value="([^"]+)"', jones.get("/concern").text)
    assert once
    places = [_raise(jones, once=once[1], files=[("a.png", PNG)], none="yes").headers["location"] for _ in range(2)]
    assert places[0] == places[1]
    assert len(_only(console).exhibits) == 1


def test_evidence_is_held_by_its_hash_and_handed_out_safely(console: Any) -> None:
    text = "Er schrieb: <b>böse</b>".encode()
    files = [(MARKUP, PNG), ("chat.txt", text, "text/html")]
    assert _raise(console.browser("a.jones"), files=files, none="yes").status_code == 303
    case = _only(console)
    sums = [hashlib.sha256(content).hexdigest() for content in (PNG, text)]
    assert {each.sha256 for each in case.exhibits} == set(sums)
    folder = console.settings.data / "evidence" / case.id
    assert sorted(path.name for path in folder.iterdir()) == sorted(sums)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    safe = console.browser("d.safe")
    shown = safe.get(f"/cases/{case.id}").text
    assert "<script" not in shown
    assert "delete" not in shown.replace("deleted", "")
    got = safe.get(f"/cases/{case.id}/evidence/{sums[1]}")
    assert got.content == text
    assert got.headers["content-type"] == "text/plain; charset=utf-8"
    assert got.headers["content-disposition"] == f'attachment; filename="{case.ref}-{sums[1][:12]}.txt"'
    assert got.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["cache-control"] == "no-store"
    assert safe.get(f"/cases/{case.id}/evidence/{sums[0]}").content == PNG
    for login in ("a.jones", "t.tech", "c.chair"):
        assert console.browser(login).get(f"/cases/{case.id}/evidence/{sums[0]}").status_code == 403


def test_evidence_that_was_changed_on_the_disk_is_not_handed_out(console: Any) -> None:
    _raise(console.browser("a.jones"), files=[("a.png", PNG)], none="yes")
    case, safe = _only(console), console.browser("d.safe")
    [exhibit] = case.exhibits
    path: Path = console.settings.data / "evidence" / case.id / exhibit.sha256
    path.write_bytes(PNG + b"!")
    answer = safe.get(f"/cases/{case.id}/evidence/{exhibit.sha256}")
    assert (answer.status_code, "not what was attached" in answer.text) == (409, True)
    path.unlink()
    assert safe.get(f"/cases/{case.id}/evidence/{exhibit.sha256}").status_code == 409
    for wrong in ("0" * 64, "..%2f..%2fpseudonym.key", "x"):
        assert safe.get(f"/cases/{case.id}/evidence/{wrong}").status_code == 404


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"MZ\x90\0\x03", "Only PNG and JPEG"),
        (b"\xff\xfe\0\0", "Only PNG and JPEG"),
        (b"GIF89a", None),
        (b"", "empty"),
        (PNG + b"\0" * (10 * 1024 * 1024), "larger than 10 MB"),
    ],
)
def test_other_files_are_refused_and_nothing_is_done(console: Any, content: bytes, words: str | None) -> None:
    answer = _raise(console.browser("a.jones"), files=[("a.png", content)], none="yes")
    if words is None:
        assert answer.status_code == 303  # it is text, and held as text
        assert _only(console).exhibits[0].kind == "text/plain"
        return
    assert (answer.status_code, words in answer.text) == (400, True)
    assert "They wrote it in the chat." in answer.text
    assert _all(console) == []
    assert not (console.settings.data / "evidence").exists()


def test_without_the_tick_no_file_is_taken_and_the_page_says_what_to_do(console: Any) -> None:
    jones = console.browser("a.jones")
    page = jones.get("/concern").text
    assert "must not be copied, printed, forwarded, saved or uploaded" in page
    for words in ("Mr Safe", "police", "Internet Watch Foundation", "CEOP", "999"):
        assert words in page
    answer = _raise(jones, files=[("a.png", PNG)])
    assert (answer.status_code, "Tick that no file is an indecent image" in answer.text) == (400, True)
    assert _all(console) == []


def test_a_form_that_is_too_large_is_not_read_to_its_end(console: Any) -> None:
    jones = console.browser("a.jones")
    answer = _raise(jones, files=[("a.txt", b"a" * (22 * 1024 * 1024))], none="yes")
    assert answer.status_code == 413
    assert jones.post("/mine/lessons", {"purpose": "a" * 200_000}).status_code == 413


def test_nobody_without_a_login_or_with_another_sites_form_gets_anything_in(console: Any) -> None:
    stranger = console.browser()
    stranger.get("/login")
    answer = stranger.post("/concern", {"words": "x"}, files=[("files", ("a.png", PNG))])
    assert answer.status_code == 403
    jones = console.browser("a.jones")
    jones.token = "0" * 64
    answer = jones.client.post("/concern", data={"token": "0" * 64, "words": "xxxx"}, files=[("files", ("a", PNG))])
    assert answer.status_code == 403
    assert _all(console) == []


@pytest.mark.parametrize("body", [b"", b"--x\r\nbroken", b"--x\r\n" * 200 + b"--x--", b"\0" * 1000])
def test_broken_forms_are_told_so(console: Any, body: bytes) -> None:
    jones = console.browser("a.jones")
    for kind in ("multipart/form-data; boundary=x", "multipart/form-data", "multipart/form-data; boundary="):
        answer = jones.client.post("/concern", content=body, headers={"Content-Type": kind})
        assert answer.status_code in (400, 403), (kind, answer.text)
    assert _all(console) == []


def test_evidence_is_added_to_an_open_case_only(console: Any) -> None:
    _raise(console.browser("a.jones"))
    case, safe = _only(console), console.browser("d.safe")
    safe.get(f"/cases/{case.id}")
    sent = {"files": [("files", ("b.jpg", b"\xff\xd8\xff" + b"1" * 9))]}
    assert safe.post(f"/cases/{case.id}/evidence", {}, **sent).status_code == 400
    assert safe.post(f"/cases/{case.id}/evidence", {"none": "yes"}, **sent).status_code == 303
    assert [each.kind for each in _only(console).exhibits] == ["image/jpeg"]
    safe.post(f"/cases/{case.id}/outcome", {"outcome": "unfounded", "words": "x"})
    safe.post(f"/cases/{case.id}/close")
    assert safe.post(f"/cases/{case.id}/evidence", {"none": "yes"}, **sent).status_code in (303, 409)


def test_what_people_write_is_text(console: Any) -> None:
    markup = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{'sg'*3}}"
    jones = console.browser("a.jones")
    assert _raise(jones, words=markup, about=markup, seen=markup, address=markup, ref=markup).status_code == 303
    safe = console.browser("d.safe")
    wrong = _raise(jones, kind="nothing", words=markup, about=markup, seen=markup, address=markup, ref=markup)
    for text in (safe.get(f"/cases/{_only(console).id}").text, safe.get("/cases").text, wrong.text):
        assert "<script" not in text
        assert "<img" not in text
        assert "sgsgsg" not in text
