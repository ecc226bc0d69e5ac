"""What is changed in mitmproxy to make it faster changes nothing else, and stays off where mitmproxy is another one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import version
from mitmproxy.http import Headers
from schoolgate.proxy.insides import faster

DRIVEN = Path(__file__).parents[1] / "pretend" / "driven.py"


def driven(how: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, str(DRIVEN), how], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_traffic_hooks_and_logged_errors_are_the_same_with_and_without() -> None:
    plain, fast = driven("plain"), driven("faster")
    assert plain["answers"] == fast["answers"]
    assert plain["hooks"] == fast["hooks"]
    assert plain["errors"] == fast["errors"]
    assert plain["errors"]  # some handlers fail on purpose
    assert fast["left_out"] == []


def test_all_changes_fit_the_mitmproxy_that_is_installed() -> None:
    assert [str(change) for change in faster.CHANGES if not change.is_known()] == []


def test_with_another_version_nothing_is_changed_and_all_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "VERSION", "12.2.4")
    before = [getattr(change.owner, change.name) for change in faster.CHANGES]
    left_out = faster.switch_on()
    assert left_out == [str(change) for change in faster.CHANGES]
    assert "ProxyConnectionHandler.server_event" in left_out
    assert [getattr(change.owner, change.name) for change in faster.CHANGES] == before


def test_where_one_function_is_another_one_only_that_change_stays_off() -> None:
    class Changed:
        def one(self, event: object, more: object) -> str:
            return "as it came"

        def two(self, event: object) -> str:
            return "as it came"

    changes = (
        faster.Change(Changed, "one", "self, event", lambda *_: "changed", ""),
        faster.Change(Changed, "two", "self, event", lambda *_: "changed", ""),
        faster.Change(Changed, "gone", "self, event", lambda *_: "changed", ""),
    )
    assert faster.switch_on(changes) == ["Changed.one", "Changed.gone"]
    assert Changed().one(0, 0) == "as it came"
    assert Changed().two(0) == "changed"


@pytest.mark.parametrize("key", ["host", "HOST", "x-two", "X-Two", "none", "ünï", "empty"])
def test_headers_by_the_table_are_those_of_the_fields(key: str) -> None:
    fields = (
        (b"Host", b"a.example"),
        (b"X-Two", b"1"),
        (b"x-two", b"\xff2"),
        ("ünï".encode(), "é".encode()),
        (b"Empty", b""),
    )
    headers = Headers(fields)
    plain = Headers.__mro__[1].get_all(headers, key.encode())  # type: ignore[attr-defined]
    values = [value.decode("utf-8", "surrogateescape") for value in plain]
    assert faster.get_all(headers, key) == values
    assert faster.get(headers, key) == (", ".join(values) if values else None)
    assert faster.get(headers, key, "x") == (", ".join(values) if values else "x")
    headers[key] = "new"
    assert faster.get_all(headers, key) == ["new"]
