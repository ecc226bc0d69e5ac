"""The kernel's own word on who is on the wire."""

from schoolgate.whereabouts.neighbours import read_arp, read_ip

ARP = """\
IP address       HW type     Flags       HW address            Mask     Device
10.20.0.5        0x1         0x2         02:00:00:00:00:0a     *        eth1
10.20.0.6        0x1         0x0         00:00:00:00:00:00     *        eth1
10.30.0.7        0x1         0x2         02:00:00:00:00:0c     *        eth2
rubbish
10.20.0.8        0x1         0xzz        02:00:00:00:00:0d     *        eth1
"""
IP = """[{"dst":"10.20.0.5","dev":"eth1","lladdr":"02:00:00:00:00:0a","state":["REACHABLE"]},
{"dst":"fd00:20::1:2","dev":"eth1","lladdr":"02:00:00:00:00:0a","state":["STALE"]},
{"dst":"fe80::1","dev":"eth1","lladdr":"02:00:00:00:00:0a","router":null,"state":["DELAY"]},
{"dst":"10.20.0.9","dev":"eth1","state":["FAILED"]},
{"dst":"10.30.0.7","dev":"eth2","lladdr":"02:00:00:00:00:0c","state":["PERMANENT"]}]"""


def test_what_the_kernel_has_seen() -> None:
    assert [(str(each.address), each.mac[-2:]) for each in read_arp(ARP)] == [("10.20.0.5", "0a"), ("10.30.0.7", "0c")]
    assert [str(each.address) for each in read_arp(ARP, ["eth2"])] == ["10.30.0.7"]
    assert [str(each.address) for each in read_ip(IP, ["eth1"])] == ["10.20.0.5", "fd00:20::1:2", "fe80::1"]
    assert len(list(read_ip(IP))) == 4
    assert not list(read_ip(""))
