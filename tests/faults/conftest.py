"""What all faults share: a gateway for each file, and the count of what clients saw of it."""

from collections.abc import Callable, Iterator

import pytest
from pretend.faulted import Watched
from pretend.gateway import Gateway
from pretend.sites import Sites


@pytest.fixture(scope="module")
def watch(sites: Sites, request: pytest.FixtureRequest) -> Iterator[Callable[[Gateway], Watched]]:
    """Watches gateways; at the end of the module every block that a client saw must be on record."""
    watched: list[Watched] = []

    def begin(gateway: Gateway) -> Watched:
        watched.append(Watched(gateway, sites))
        return watched[-1]

    yield begin
    for each in watched:
        each.finish(request.module.__name__)


@pytest.fixture(scope="module")
def school(start: Callable[..., Gateway], watch: Callable[[Gateway], Watched]) -> Watched:
    """A gateway that all tests of a file share; each puts right what it breaks."""
    return watch(start())


@pytest.fixture(autouse=True)
def _counted(request: pytest.FixtureRequest) -> None:
    if "school" in request.fixturenames:
        request.getfixturevalue("school").cases += 1
