"""A real directory (OpenLDAP) that is asked whether a password is right."""

import asyncio
import base64
import ipaddress
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from mitmproxy.connection import Client, Server
from mitmproxy.http import HTTPFlow, Request
from pretend.school import PEOPLE as GROUPS
from pretend.school import School, free_port
from schoolgate.proxy.chain import open_live
from schoolgate.proxy.login import Login
from schoolgate.proxy.proof import Proofs
from schoolgate.settings.identity_models import DirectoryEntry
from schoolgate.settings.load import Settings
from schoolgate.whereabouts.directory import Directory, Inquiries, NoAnswer, name_of

CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile {folder}/pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile {folder}/ca.pem
TLSCertificateKeyFile {folder}/key.pem
database mdb
suffix "dc=school,dc=example"
directory {folder}/data
"""
PEOPLE = """
dn: dc=school,dc=example
objectClass: dcObject
objectClass: organization
o: School
dc: school

dn: uid=j.smith,dc=school,dc=example
objectClass: inetOrgPerson
uid: j.smith
cn: J Smith
sn: Smith
userPassword: correct horse
"""


def certificate(folder: Path) -> None:
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(pem)


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int, Path]]:
    """The ports of ldaps and ldap, and the folder with its certificate."""
    slapd = shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if slapd is None:
        pytest.skip("slapd is not installed (apt-get install slapd)")
    folder = tmp_path_factory.mktemp("ldap")
    certificate(folder)
    (folder / "data").mkdir()
    (folder / "slapd.conf").write_text(CONFIG.format(folder=folder))
    (folder / "people.ldif").write_text(PEOPLE)
    add = [slapd, "-T", "add", "-f", str(folder / "slapd.conf"), "-l", str(folder / "people.ldif")]
    subprocess.run(add, check=True, capture_output=True, timeout=60)
    safe, plain = free_port(), free_port()
    where = f"ldaps://127.0.0.1:{safe} ldap://127.0.0.1:{plain}"
    process = subprocess.Popen([slapd, "-f", str(folder / "slapd.conf"), "-h", where, "-d", "0"])
    end = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", safe), 1).close()
            break
        except OSError:
            assert process.poll() is None, "slapd did not start"
            assert time.monotonic() < end, "slapd is not ready"
            time.sleep(0.1)
    yield safe, plain, folder
    process.terminate()
    process.wait(30)


def directory(server: str, folder: Path, security: str = "tls", ca: str | None = "ca.pem") -> Directory:
    name = "uid={user},dc=school,dc=example"
    return Directory(DirectoryEntry(server=server, security=security, name=name, ca=ca), folder)  # type: ignore[arg-type]


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(
    ("login", "password", "right"),
    [
        ("j.smith", "correct horse", True),
        ("J.Smith", "correct horse", True),
        ("j.smith", "wrong", False),
        ("j.smith", "", False),  # a directory would say yes, to nobody
        ("nobody", "correct horse", False),
        ("j.smith,dc=school", "correct horse", False),
        ("*", "correct horse", False),
        ("\uff4a.smith", "correct horse", False),  # another spelling of the same
        ("j.smith\ufe0f", "correct horse", False),  # a sign that nobody sees, and that OpenLDAP leaves out
    ],
)
def test_a_real_directory_says_whether_a_password_is_right(
    ports: tuple[int, int, Path], security: str, login: str, password: str, right: bool
) -> None:
    safe, plain, folder = ports
    server = f"ldaps://localhost:{safe}" if security == "tls" else f"ldap://localhost:{plain}"
    assert directory(server, folder, security).is_right(login, password) is right


def test_a_certificate_that_nobody_vouches_for_gets_no_password(ports: tuple[int, int, Path]) -> None:
    with pytest.raises(NoAnswer, match="cannot be asked"):
        directory(f"ldaps://localhost:{ports[0]}", ports[2], ca=None).is_right("j.smith", "correct horse")


def test_a_directory_that_is_not_there_is_no_yes(ports: tuple[int, int, Path]) -> None:
    with pytest.raises(NoAnswer):
        directory(f"ldaps://localhost:{free_port()}", ports[2]).is_right("j.smith", "correct horse")


def test_a_login_stands_in_a_name_as_it_is_and_for_itself() -> None:
    assert name_of("{user}@school.example", "j.smith") == "j.smith@school.example"
    assert name_of("{user}@school.example", "j.smith@other.example") is None
    assert name_of("uid={user},dc=x", "a,b=c") == "uid=a\\,b\\=c,dc=x"
    assert name_of("uid={user},dc=x", "two words") is None


def test_a_directory_that_hangs_is_waited_for_once_and_holds_up_nothing_else(tmp_path: Path) -> None:
    told: list[Exception] = []

    async def ask() -> tuple[list[bool | BaseException], float]:
        inquiries = Inquiries(told.append)
        asked = [inquiries.is_right(directory(server, tmp_path, ca=None), f"pupil{n}", "a password") for n in range(60)]
        crowd = asyncio.gather(*asked, return_exceptions=True)
        began = time.monotonic()
        await asyncio.to_thread(time.monotonic)  # what every duty does that reads a file
        other = time.monotonic() - began
        return await crowd, other

    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        server = f"ldaps://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        answers, other = asyncio.run(ask())
    assert {type(answer).__mro__[1] for answer in answers} == {NoAnswer}
    assert other < 4
    assert time.monotonic() - began < 30  # of 60 that wait 5 seconds each, 8 at once
    assert 1 <= len(told) <= 2
    assert "a password" not in f"{told}"


def test_a_proxy_login_needs_no_password_file_where_there_is_a_directory(
    ports: tuple[int, int, Path], tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    safe, _, folder = ports
    school = School(tmp_path, people=f"{GROUPS}logins: {{ask: [127.0.0.2/32]}}\n").without_publishers()
    asked = f'server: "ldaps://localhost:{safe}", name: "uid={{user}},dc=school,dc=example", ca: {folder}/ca.pem'
    school.gateway = f"identity: {{directory: {{{asked}}}}}\n"
    live = open_live(settings_of(school.write()), "worker1")
    duty = Login(live, Proofs(live))

    async def ask(login: str) -> tuple[int, str, str]:
        client = Client(peername=("127.0.0.2", 50000), sockname=("127.0.0.1", 8080), timestamp_start=time.time())
        flow = HTTPFlow(client, Server(address=("example.org", 80)))
        flow.request = Request.make("GET", "http://example.org/")
        if login:
            flow.request.headers["proxy-authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        await duty.requestheaders(flow)
        who = live.identify(client)
        return flow.response.status_code if flow.response else 200, who.user or "", who.group.id

    assert asyncio.run(ask("")) == (407, "", "pupils")
    assert asyncio.run(ask("j.smith:wrong")) == (407, "", "pupils")
    assert asyncio.run(ask("j.smith:correct horse")) == (200, "j.smith", "staff")
    assert asyncio.run(ask("")) == (407, "", "pupils")  # the next child at the same device
