"""For the bench: ``mitmdump -s addons/gateway.py`` runs the duties in stock mitmproxy; schools use ``schoolgate run``."""

from schoolgate.proxy.chain import bench

addons = bench()
