"""The formats that this version can read, by the name that ``format:`` gives them."""

from schoolgate.lists.formats.adblock import read_adblock
from schoolgate.lists.formats.domains import read_dnsmasq, read_domains, read_hosts
from schoolgate.lists.formats.reading import Reader, of_lines
from schoolgate.lists.formats.rpz import read_rpz
from schoolgate.lists.formats.squidguard import read_expressions, read_squidguard
from schoolgate.lists.formats.v2fly import read_v2fly

READERS: dict[str, Reader] = {
    "domains": of_lines(read_domains),
    "urls": of_lines(read_domains),
    "hosts": of_lines(read_hosts),
    "dnsmasq": of_lines(read_dnsmasq),
    "adblock": of_lines(read_adblock),
    "rpz": of_lines(read_rpz),
    "expressions": of_lines(read_expressions),
    "squidguard": read_squidguard,
    "v2fly": read_v2fly,
}
