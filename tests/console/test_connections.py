"""Connections on which nobody asks anything are closed, so that others get in."""

import socket
import threading
import time
import urllib.request
from typing import Any

import pytest
import uvicorn
from schoolgate.console.connections import Hurried


class VeryHurried(Hurried):
    patience = 0.5


@pytest.mark.parametrize(
    "sent", [b"", b"GET /login HTTP/1.1\r\nX: ", b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET"]
)
def test_a_connection_that_asks_nothing_more_is_closed_and_others_come_in(console: Any, sent: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(console.app, http=VeryHurried, lifespan="off", log_config=None, limit_concurrency=10)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        address = ("127.0.0.1", listening.getsockname()[1])
        try:
            slow = [socket.create_connection(address, 40) for _ in range(12)]
            for each in slow:
                each.sendall(sent)
            assert [_rest(each) for each in slow] == ["closed"] * 12
            with urllib.request.urlopen(f"http://127.0.0.1:{address[1]}/login", timeout=40) as answer:
                assert answer.status == 200
        finally:
            server.should_exit = True
            thread.join(40)


def test_one_device_cannot_keep_all_others_out(console: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(console.app, http=Hurried, lifespan="off", log_config=None, limit_concurrency=60)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        address = ("127.0.0.1", listening.getsockname()[1])
        many = list[socket.socket]()
        try:
            many += [socket.create_connection(address, 40, ("127.0.0.2", 0)) for _ in range(70)]
            assert [_rest(each) for each in many[Hurried.most :]] == ["closed"] * (70 - Hurried.most)
            with urllib.request.urlopen(f"http://127.0.0.1:{address[1]}/login", timeout=40) as answer:
                assert answer.status == 200
        finally:
            for each in many:
                each.close()
            server.should_exit = True
            thread.join(40)


def test_a_form_that_takes_its_time_is_taken(console: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(console.app, http=VeryHurried, lifespan="off", log_config=None))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            with socket.create_connection(("127.0.0.1", listening.getsockname()[1]), 40) as slow:
                slow.sendall(b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\na")
                time.sleep(3 * VeryHurried.patience)
                slow.sendall(b"b")
                assert slow.recv(20).startswith(b"HTTP/1.1 403")
        finally:
            server.should_exit = True
            thread.join(40)


def _rest(connection: socket.socket) -> str:
    with connection:
        try:
            end = time.monotonic() + 40
            while connection.recv(65536):
                assert time.monotonic() < end
        except ConnectionResetError:
            pass
        except TimeoutError:
            return "open"
    return "closed"
