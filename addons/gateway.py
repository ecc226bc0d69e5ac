"""For the bench only: ``mitmdump -s addons/gateway.py`` runs the duties inside stock mitmproxy."""

from schoolgate.proxy.chain import bench

addons = bench()
