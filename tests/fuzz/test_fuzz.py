"""What reads bytes of strangers, with what was found to harm it once, and with some that nobody has thought of.

``SCHOOLGATE_LONG=1`` tries two hundred times as many (docs/faults.md); ``fuzz.py`` goes on as long as it is let.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pretend.faulted import LONG

HERE = Path(__file__).parent


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TARGETS = _module("targets").TARGETS | {"lists": _module("fuzz_lists").test_one_input}


def _saved(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((HERE / "corpus" / name).iterdir()) if path.is_file()]


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_found_once_harms_no_more(name: str) -> None:
    found = _saved(name)
    assert found != []
    for data in found:
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_harm(name: str) -> None:
    """Bytes, text, and what is saved with a piece of it replaced."""
    saved = st.sampled_from(_saved(name))
    pieces = st.tuples(saved, st.integers(0, 4000), st.integers(0, 40), st.binary(max_size=40) | saved)
    spoilt = pieces.map(lambda p: p[0][: p[1] % (len(p[0]) + 1)] + p[3] + p[0][p[1] % (len(p[0]) + 1) + p[2] :])
    anything = st.binary(max_size=2000) | st.text(max_size=600).map(lambda text: text.encode("utf-8", "surrogatepass"))

    @settings(
        max_examples=8000 if LONG else 250 if name != "lists" else 50, deadline=None, database=None, derandomize=not LONG,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(spoilt | anything)
    def tried(data: bytes) -> None:
        TARGETS[name](data)

    tried()
