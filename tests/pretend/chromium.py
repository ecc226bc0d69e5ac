"""The real browser that tests drive, and how it is kept quiet: it asks nobody but the sites that a test opens."""

import shutil

CHROMIUM = shutil.which("chromium")
"""None where Debian's chromium is not installed."""
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-domain-reliability", "--disable-default-apps",
    "--disable-features=OptimizationHints,MediaRouter,Translate",
]  # fmt: skip
