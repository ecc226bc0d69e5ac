"""The public suffixes are read once, and before anybody waits for them."""

import subprocess
import sys

SCRIPT = """
import sys, publicsuffixlist
from schoolgate.lists.guards import know_suffixes, site_of

opened = []
sys.addaudithook(lambda event, given: opened.append(given[0]) if event == "open" else None)
know_suffixes()
assert publicsuffixlist.PSLFILE in opened, opened
opened.clear()
assert site_of("www.example.co.uk") == "example.co.uk"
assert site_of("gs.apple.com") == "apple.com"
assert site_of("10.0.0.1") == "10.0.0.1"
assert publicsuffixlist.PSLFILE not in opened, opened
"""


def test_what_was_read_ahead_is_not_read_again() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
