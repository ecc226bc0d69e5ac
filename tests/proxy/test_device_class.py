"""The kind of a program: the same for each of its connections, and no device fills the memory with what it says."""

from mitmproxy.tls import ClientHello
from schoolgate.proxy import device_class as module
from schoolgate.proxy.device_class import device_class


def hello(suites: int, first: int = 0x1301) -> ClientHello:
    body = b"".join((first + number).to_bytes(2) for number in range(suites))
    return ClientHello(b"\x03\x03" + bytes(32) + b"\x00" + len(body).to_bytes(2) + body + b"\x01\x00")


def test_a_program_has_one_kind_and_another_another() -> None:
    assert device_class(hello(20)) == device_class(hello(20))
    assert len({device_class(hello(suites)) for suites in (1, 20, 400)}) == 3
    assert device_class(hello(400)) == device_class(hello(400))


def test_an_overlong_hello_is_not_remembered() -> None:
    before = module._class_of.cache_info().currsize
    for first in range(20):
        assert len(device_class(hello(1000, first))) == 12
    assert module._class_of.cache_info().currsize == before
