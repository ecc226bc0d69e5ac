"""What DHCP servers write of their leases, whole, damaged and half-written, in each server's own form."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from schoolgate.whereabouts.leases import mac_of_duid, read_leases

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SOON, PAST = int(NOW.timestamp()) + 3600, int(NOW.timestamp()) - 1

DNSMASQ = f"""\
{SOON} 02:00:00:00:00:0a 10.20.0.5 Anns-iPad 01:02:00:00:00:00:0a
{PAST} 02:00:00:00:00:0b 10.20.0.6 * *
0 02:00:00:00:00:0c 10.20.0.7 printer *
{SOON} 06-02:00:00:00:00:0d 10.20.0.8 * *
rubbish \x00\xff
{SOON} not-a-mac 10.20.0.9 * *
{SOON} 02:00:00:00:00:0e not-an-address * *
duid 00:01:00:01:2e:5d:7b:9a:02:00:00:00:00:01
{SOON} 12345678 fd00:20::5 Anns-iPad 00:03:00:01:02:00:00:00:00:0a
{SOON} 12345679 fd00:20::6 * 00:02:00:00:ab:11:11:22:33:44
{SOON} 02:00:00:00:00:0f 10.20.0.1"""  # the last line is not whole yet

KEA4_HEAD = (
    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n"
)
KEA4_OLD = f"{KEA4_HEAD}10.20.0.4,02:00:00:00:00:09,,3600,{SOON},1,0,0,old,0,,0\n"
KEA4 = f"""{KEA4_HEAD}\
10.20.0.5,02:00:00:00:00:0b,,3600,{SOON - 60},1,0,0,bobs,0,,0
10.20.0.5,02:00:00:00:00:0a,01:02:00:00:00:00:0a,3600,{SOON},1,0,0,anns-ipad.school.example.,0,,0
10.20.0.6,02:00:00:00:00:0c,,3600,{SOON},1,0,0,,0,,0
10.20.0.6,02:00:00:00:00:0c,,0,{SOON},1,0,0,,0,,0
10.20.0.7,02:00:00:00:00:0d,,3600,{SOON},1,0,0,,2,,0
10.20.0.8,,,3600,x,1
10.20.0.9,02:00:00:00:00:0e,,3600,{SOON},1,0,0,,0"""
KEA6 = f"""address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,\
hostname,hwaddr,state,user_context,hwtype,hwaddr_source,pool_id
fd00:20::5,00:02:00:00:ab:11,3600,{SOON},1,1800,0,7,128,0,0,,02:00:00:00:00:0a,0,,1,2,0
fd00:20::6,00:03:00:01:02:00:00:00:00:0b,3600,{SOON},1,1800,0,8,128,0,0,,,0,,,,0
"""
ISC = """\
# The format of this file is documented in the dhcpd.leases(5) manual page.
server-duid "\\000\\001";
lease 10.20.0.5 {
  starts 4 2026/11/26 09:00:00;
  ends 4 2026/11/26 13:00:00;
  binding state active;
  hardware ethernet 02:00:00:00:00:0b;
}
lease 10.20.0.5 {
  starts 4 2026/11/26 11:00:00;
  ends 4 2026/11/26 15:00:00;
  cltt 4 2026/11/26 11:00:00;
  binding state active;
  next binding state free;
  hardware ethernet 02:00:00:00:00:0a;
  client-hostname "Anns-iPad";
}
lease 10.20.0.6 {
  starts epoch 1795690000; # Thu Nov 26
  ends never;
  binding state active;
  hardware ethernet 02:00:00:00:00:0c;
}
lease 10.20.0.7 {
  starts 4 2026/11/26 11:00:00;
  ends 4 2026/11/26 15:00:00;
  binding state free;
  hardware ethernet 02:00:00:00:00:0d;
}
lease 10.20.0.8 {
  starts rubbish;
  ends 4 2026/11/26 15:00:00;
  binding state active;
  hardware ethernet 02:00:00:00:00:0e;
}
lease 10.20.0.9 {
  starts 4 2026/11/26 11:00:00;
  ends 4 2026/11/26 15:00:00;
  binding state act"""

ISC6 = r"""# The format of this file is documented in the dhcpd.leases(5) manual page.
server-duid "\000\001\000\0011'\222\274\002\000\000\000\000\001";

ia-na "\001\000\000\000\000\003\000\001\002\000\000\000\000\013" {
  cltt 4 2026/11/26 10:00:00;
  iaaddr fd00:20::5 {
    binding state active;
    preferred-life 3600;
    max-life 7200;
    ends 4 2026/11/26 13:00:00;
  }
}

ia-na "X\"}\000\000\001\000\001.]{\232\002\000\000\000\000\012" {
  cltt 4 2026/11/26 11:00:00;
  iaaddr fd00:20::5 {
    binding state active;
    ends 4 2026/11/26 13:00:00;
  }
  iaaddr fd00:20::6 {
    binding state active;
    ends 4 2026/11/26 11:59:59;
  }
  iaaddr fd00:20::7 {
    binding state released;
    ends 4 2026/11/26 13:00:00;
  }
}

ia-na 00:00:00:01:00:03:00:01:02:00:00:00:00:0c {
  iaaddr fd00:20::8 {
    binding state active;
    ends never;
  }
}

ia-na "\001\000\000\000\000\002\000\000\253\021\021" {
  iaaddr fd00:20::9 {
    binding state active;
    ends never;
  }
}
"""
NAMES = [(5, '"evil'), (6, "anns"), (7, "bobs"), (8, "cats")]


def found(kind: str, path: Path) -> dict[str, tuple[str, str]]:
    return {str(hold.address): (hold.mac[-2:], hold.name) for hold in read_leases(kind, path, NOW)}


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (
            "dnsmasq",
            DNSMASQ,
            {"10.20.0.5": ("0a", "Anns-iPad"), "10.20.0.7": ("0c", "printer"), "fd00:20::5": ("0a", "Anns-iPad")},
        ),
        ("kea", KEA4, {"10.20.0.5": ("0a", "anns-ipad.school.example")}),
        ("kea", KEA6, {"fd00:20::5": ("0a", ""), "fd00:20::6": ("0b", "")}),
        ("isc", ISC, {"10.20.0.5": ("0a", "Anns-iPad"), "10.20.0.6": ("0c", "")}),
        ("isc", ISC6, {"fd00:20::5": ("0a", ""), "fd00:20::8": ("0c", "")}),
    ],
)
def test_the_last_word_on_an_address_counts_and_what_is_damaged_is_passed_over(
    tmp_path: Path, kind: str, text: str, expected: dict[str, tuple[str, str]]
) -> None:
    path = tmp_path / "leases"
    path.write_bytes(text.encode("latin-1"))
    assert found(kind, path) == expected


def test_leases_that_kea_has_moved_aside_while_it_cleans_up_still_count(tmp_path: Path) -> None:
    (tmp_path / "kea.csv.2").write_text(KEA4_OLD)
    (tmp_path / "kea.csv").write_text(KEA4)
    assert found("kea", tmp_path / "kea.csv") == {
        "10.20.0.4": ("09", "old"),
        "10.20.0.5": ("0a", "anns-ipad.school.example"),
    }


def test_a_block_that_breaks_off_does_not_lend_its_address_to_the_next_device(tmp_path: Path) -> None:
    path, whole = tmp_path / "leases", ISC.split("lease ")
    for cut in range(len("10.20.0.5 {"), len(whole[1]) - 1):  # the disk was full, and later it was not
        path.write_text(f"lease {whole[1][:cut]}\nlease {whole[3]}")
        assert found("isc", path) == {"10.20.0.6": ("0c", "")}


def test_a_device_that_calls_itself_a_quotation_mark_hides_nobody_elses_lease(tmp_path: Path) -> None:
    lines = [f"10.20.0.{number},02:00:00:00:00:0{number},,3600,{SOON},1,0,0,{name},0,,0" for number, name in NAMES]
    (tmp_path / "kea.csv").write_text(KEA4_HEAD + "\n".join(lines) + "\n")
    assert list(found("kea", tmp_path / "kea.csv").values()) == [(f"0{n}", name) for n, name in NAMES]


@pytest.mark.parametrize("kind", ["dnsmasq", "kea", "isc"])
def test_a_file_cut_off_anywhere_says_nothing_that_the_whole_one_does_not(tmp_path: Path, kind: str) -> None:
    text = {"dnsmasq": DNSMASQ, "kea": KEA4, "isc": ISC + ISC6}[kind].encode("latin-1")
    path = tmp_path / "leases"
    for length in range(0, len(text), 3):
        path.write_bytes(text[:length])
        for address, (mac, _) in found(kind, path).items():
            assert f"{address}" in text.decode("latin-1")
            assert mac in ("0a", "0b", "0c")


def test_a_clients_identifier_may_hold_its_mac() -> None:
    assert mac_of_duid("00:01:00:01:2e:5d:7b:9a:02:00:00:00:00:0a") == "02:00:00:00:00:0a"
    assert mac_of_duid("00:03:00:01:02:00:00:00:00:0a") == "02:00:00:00:00:0a"
    assert mac_of_duid("00:02:00:00:ab:11:11:22:33:44") is None
