"""For the bench only: ``mitmdump -s addons/gateway.py`` runs the duties inside stock mitmproxy; schools use ``schoolgate run``."""

from schoolgate.proxy.chain import bench

addons = bench()
