"""Files of the school's that are broken while the gateway runs: what was in force stays so, and the technician is told where."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pretend.faulted import Watched
from pretend.gateway import schoolgate
from pretend.mailbox import Mailbox
from pretend.sites import Sites

FILES = (
    *(f"config/{name}.yaml" for name in ("school", "people", "calendar", "rules", "alerts", "monitoring")),
    "blocklists/adult.yaml",
    "blocklists/local/allow.yaml",
    "blocklists/local/block.yaml",
    "blocklists/apps/mine.yaml",
    "blocklists/private/mine.yaml",
)
"""Every kind of YAML that a school may write."""


def broken(school: Watched, name: str, text: str) -> str:
    """Write a broken file, and give back what the gateway says of it; then all is put right."""
    path, said = school.gateway.school.root / name, len(school.gateway.log)
    sound = path.read_text() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    try:
        end = time.monotonic() + 40
        while not all(words in school.gateway.log[said:] for words in ("the old ones stay in force", name)):
            assert time.monotonic() < end, school.gateway.log[said:]
            time.sleep(0.1)
        assert "Traceback" not in school.gateway.log[said:]
        assert school.blocked().status == 403
        assert school.allowed().status == 200
        return school.gateway.log[said:]
    finally:
        if sound is None:
            path.unlink()
        else:
            path.write_text(sound)


@pytest.mark.parametrize("name", FILES)
def test_whichever_file_breaks_the_old_settings_hold_and_it_is_named(school: Watched, name: str) -> None:
    said = broken(school, name, "[: {\n - }")
    assert f"{name}:" in said


def test_broken_settings_are_mailed_to_the_technician_and_sound_ones_taken_up(
    school: Watched, mailbox: Callable[[int], Mailbox], request: pytest.FixtureRequest
) -> None:
    gateway, port = school.gateway, school.sites.port
    box = mailbox(gateway.school.mail_port)
    rules = gateway.school.config / "rules.yaml"
    sound = rules.read_text()
    request.addfinalizer(lambda: rules.write_text(sound))
    rules.write_text(sound.replace("gambling", "gambing"))
    end = time.monotonic() + 60
    while not any("did you mean 'gambling'?" in mail.text for mail in box.delivered):
        assert time.monotonic() < end
        time.sleep(0.1)
    told = [mail for mail in box.delivered if "config/rules.yaml:3" in mail.text]
    assert told != []
    assert all(mail.to == ("it@school.example",) for mail in told)
    assert gateway.curl(f"http://bet365.com:{port}/").status == 403
    rules.write_text(sound.replace("gambling, ", ""))
    end = time.monotonic() + 40
    while gateway.curl(f"http://bet365.com:{port}/").status == 403 and time.monotonic() < end:
        time.sleep(0.2)
    assert gateway.curl(f"http://bet365.com:{port}/").status == 200
    rules.write_text(sound)


def test_a_file_that_is_gone_keeps_the_old_settings(school: Watched) -> None:
    people = school.gateway.school.config / "people.yaml"
    aside, said = people.with_suffix(".aside"), len(school.gateway.log)
    people.rename(aside)
    try:
        end = time.monotonic() + 40
        while "config/people.yaml: is missing" not in school.gateway.log[said:]:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert school.blocked().status == 403
    finally:
        aside.rename(people)


def test_an_edit_of_a_local_list_is_taken_up(school: Watched, sites: Sites) -> None:
    edited = school.gateway
    local = edited.school.root / "blocklists" / "local"
    assert edited.curl(f"http://news.example:{sites.port}/").status == 200
    (local / "block.yaml").write_text("domains: [news.example]\n")
    (local / "allow.yaml").write_text("domains: [bet365.com]\n")
    end = time.monotonic() + 40
    while edited.curl(f"http://news.example:{sites.port}/").status == 200 and time.monotonic() < end:
        time.sleep(0.2)
    answer = edited.curl(f"http://news.example:{sites.port}/")
    assert answer.status == 403
    assert "blocked this site itself" in answer.text
    assert edited.curl(f"http://bet365.com:{sites.port}/").status == 200
    for own in ("block", "allow"):
        (local / f"{own}.yaml").unlink()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("reports/block_page.html", "{{ why + 1 }}"),
        ("config/calendar.yaml", "[" * 200_000),
        ("config/people.yaml", "\0"),
        ("blocklists/adult.yaml", "category: [adult]"),
    ],
)
def test_no_broken_edit_stops_the_gateway(school: Watched, name: str, text: str) -> None:
    assert name in broken(school, name, text)


def test_an_edited_block_page_is_taken_up(school: Watched, sites: Sites) -> None:
    edited = school.gateway
    page = edited.school.root / "reports" / "block_page.html"
    page.parent.mkdir(exist_ok=True)
    page.write_text("Our own words about {{ host }}")
    end = time.monotonic() + 40
    while edited.curl(f"http://pornhub.com:{sites.port}/").text != "Our own words about pornhub.com":
        assert time.monotonic() < end
        time.sleep(0.2)
    page.unlink()


def test_wrong_settings_open_no_port(tmp_path: Path) -> None:
    from pretend.school import School

    school = School(tmp_path).write()
    (school.config / "rules.yaml").write_text("rules:\n  - {id: a, groups: [pupil], categories: [adlt]}\n")
    done = schoolgate("run", "--config", str(school.config))
    assert done.returncode == 2
    assert "config/rules.yaml:2" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (school.data / "ca").exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", school.proxy_port), 1)
