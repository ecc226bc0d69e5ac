"""A worker imports the addons that it uses and no others; who asks for all of mitmproxy's still gets them."""

import subprocess
import sys

SCRIPT = """
import sys
import schoolgate.proxy.worker
few = {name for name in sys.modules if name.startswith("mitmproxy.addons.")}
assert "mitmproxy.addons.proxyserver" in few, few
assert not few & {f"mitmproxy.addons.{name}" for name in ("script", "onboarding", "savehar", "proxyauth")}, few
import mitmproxy.addons
from mitmproxy.addons import tlsconfig
try:
    mitmproxy.addons.nothing
except AttributeError:
    pass
else:
    raise AssertionError("there is no such thing")
from mitmproxy.addons import default_addons
assert len(default_addons()) > 20
assert "mitmproxy.addons.script" in sys.modules
assert mitmproxy.addons.tlsconfig is tlsconfig
"""


def test_only_what_is_used_is_imported_and_the_rest_is_there_when_it_is_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
