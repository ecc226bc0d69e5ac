"""Real filters and a real site to measure beside: each starts in a folder of its own, and is asked by the same load.

Nothing is installed from here. What a peer needs is said in words, and a peer that is not there is left out:
nginx-light (the site), squid-openssl, squidguard, e2guardian (Debian's packages), gcc and libssl-dev (the load).
"""

# ruff: noqa: SIM905 (words in a string can be read; a list of quoted words cannot)
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lists_data import make_domains
from pretend.demo import below
from pretend.gateway import Gateway
from pretend.school import PEOPLE, School

SHARED = Path(__file__).parents[3] / "shared" / "data"
UT1 = Path(__file__).parents[2] / "blocklists" / "sources" / "ut1"
SITE, BLOCKED = "allowed.example", "pornhub.com"
MANY = "many.example"
"""Below it stand as many sites as a bench likes to have."""
CLOCK = os.sysconf("SC_CLK_TCK")
WORDS = """
the a of and to in is was for on with that by this from are which or one were all has been their its more
not also can other some when there into no they two most first new after than over such these may many where had water
people school children teacher lesson history river house garden music science country town world year day week morning
evening summer winter season family friend story letter word book page picture number line paper table window door road
market station train ship island mountain forest field farm animal bird fish horse plant flower tree seed fruit bread
wrote found made came went took gave told asked began built grew moved opened closed learned taught played worked lived
small large old young early late high low long short good great open clear simple common important different local
national public natural human social political modern ancient under between during against without through before
""".split()


@dataclass
class Peer:
    """A proxy that runs: its port, and the processes whose CPU and memory count."""

    name: str
    port: int
    process: subprocess.Popen[Any] | None
    pids: Callable[[], list[int]]
    stop: Callable[[], object]
    ca: Path | None = None

    def cpu(self) -> float:
        """Seconds of processor time that its processes and their ended children have taken."""
        return sum(_cpu(pid) for pid in self.pids())

    def memory(self) -> float:
        """MB that its processes hold, what they share counted once (PSS)."""
        return sum(_pss(pid) for pid in self.pids()) / 1024


def _cpu(pid: int) -> float:
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(words[at]) for at in (11, 12, 13, 14)) / CLOCK


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


@dataclass
class Authority:
    """A CA that was made for this run, as the file that a filter must believe."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    pem: Path
    both: Path = field(init=False)

    def __post_init__(self) -> None:
        self.both = self.pem.with_suffix(".both.pem")
        self.both.write_bytes(_key(self.key) + _pem(self.certificate))


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def _signed(
    subject: x509.Name, public: ec.EllipticCurvePublicKey, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    begun = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    return (
        begun.serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
    )


def authority(folder: Path, name: str) -> Authority:
    """A new CA below ``folder``."""
    key, subject = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
    )
    made = _signed(subject, key.public_key(), subject, key)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate = made.sign(key, hashes.SHA256())
    pem = folder / f"{name}.pem"
    pem.write_bytes(_pem(certificate))
    return Authority(key, certificate, pem)


def leaf(made_by: Authority, folder: Path, host: str) -> tuple[Path, Path]:
    """A certificate and a key for a site."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    made = _signed(subject, key.public_key(), made_by.certificate.subject, made_by.key)
    names = [x509.DNSName(name) for name in (host, f"*.{MANY}")]
    made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    crt, private = folder / f"{host}.crt", folder / f"{host}.key"
    crt.write_bytes(_pem(made.sign(made_by.key, hashes.SHA256())))
    private.write_bytes(_key(key))
    return crt, private


def page(size: int) -> str:
    """A page of ordinary English of about so many bytes, the same each time."""
    dice = random.Random(8)
    paragraphs = []
    length = 0
    while length < size - 500:
        text = " ".join(dice.choices(WORDS, k=60)).capitalize()
        paragraphs.append(f'<p class="text">{text}. <a href="/page/{dice.randrange(999)}">More</a></p>\n')
        length += len(paragraphs[-1])
    head = "<!doctype html><html lang=en><head><meta charset=utf-8><title>A page of a site</title></head><body><main>"
    return f"{head}\n{''.join(paragraphs)}</main></body></html>\n"


def picture(side: int) -> bytes:
    """A PNG of grey noise, the same each time."""
    dice = random.Random(9)
    rows = b"".join(b"\0" + dice.randbytes(side) for _ in range(side))

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _fetched(root: Path) -> None:
    """What a page's scripts and style fetch: 10 KB of JSON, a script, a picture."""
    dice = random.Random(10)
    told = [{"id": number, "text": " ".join(dice.choices(WORDS, k=40))} for number in range(40)]
    (root / "data.json").write_text(json.dumps(told))
    (root / "app.js").write_text(
        "".join(f'function f{number}(a) {{ return a + "{number}"; }}\n' for number in range(240))
    )
    (root / "picture.png").write_bytes(picture(100))


def site(folder: Path, made_by: Authority) -> subprocess.Popen[bytes]:
    """nginx at 127.0.0.1, ports 80 and 443, with pages of 10 and 100 KB, what scripts fetch, and a file of 2 GB."""
    root = folder / "site"
    root.mkdir()
    for name, size in (("10k", 10_240), ("100k", 102_400)):
        (root / f"{name}.html").write_text(page(size))
    _fetched(root)
    (root / "fresh.html").write_text(page(10_240).replace("<main>", '<main><!--# echo var="request_id" -->'))
    with (root / "100m.bin").open("wb") as file:
        file.truncate(100 * 1024**2)
    with (root / "2g.bin").open("wb") as file:
        file.truncate(2 * 1024**3)
    crt, key = leaf(made_by, folder, SITE)
    conf = folder / "nginx.conf"
    conf.write_text(
        f"daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.log; user root;\n"
        "events { worker_connections 4096; }\n"
        "http { access_log off; keepalive_requests 1000000; keepalive_timeout 300; sendfile on; tcp_nodelay on;\n"
        "types { text/html html; application/json json; text/javascript js; image/png png; application/octet-stream bin; }"
        " ssl_session_tickets on;\n"
        f"server {{ listen 127.0.0.1:80; listen 127.0.0.1:443 ssl; ssl_certificate {crt}; ssl_certificate_key {key};\n"
        f"root {root}; client_max_body_size 0; location /fresh.html {{ ssi on; }} location /take {{ return 204; }} }} }}\n"
    )
    process = subprocess.Popen(["nginx", "-c", str(conf)])
    _wait(443, process)
    return process


def _wait(port: int, process: subprocess.Popen[Any]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
    raise SystemExit(f"{process.args} did not come up")


def _ended(process: subprocess.Popen[Any]) -> Callable[[], None]:
    def stop() -> None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    return stop


def mitmdump(folder: Path, made_by: Authority) -> Peer:
    """mitmproxy's own command with nothing added."""
    port = 18_001
    command = [shutil.which("mitmdump") or str(Path(sys.executable).parent / "mitmdump"), "--quiet"]
    command += ["--listen-host", "127.0.0.1", "--listen-port", str(port), "--set", f"confdir={folder / 'bare'}"]
    command += ["--set", f"ssl_verify_upstream_trusted_ca={made_by.pem}"]
    process = subprocess.Popen(command)
    _wait(port, process)
    return Peer("bare mitmdump", port, process, lambda: [process.pid, *below(process.pid)], _ended(process))


def compiled(folder: Path) -> dict[str, str]:
    """The environment of a gateway whose modules lie there compiled, as an installed one's do after its first start.

    To compile a module leaves memory behind, and this machine may be told to keep none of what is compiled.
    """
    environment = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    if not (folder / "compiled").exists():
        words = (
            "import schoolgate.cli, schoolgate.service, schoolgate.proxy.worker, schoolgate.office, schoolgate.recorder"
        )
        words += ", schoolgate.content.scanning"
        subprocess.run([sys.executable, "-c", words], check=True, env={**os.environ, **environment})
    return environment


def schoolgate(folder: Path, made_by: Authority, workers: int, closed: bool = False) -> Peer:
    """The whole product as ``schoolgate run`` starts it, with its lists, judges and record.

    With ``closed`` the load's devices are of a group whose TLS nobody looks into.
    """
    people = PEOPLE.replace(', "127.0.2.0/24"', "").replace('"127.0.0.5/32"', '"127.0.0.5/32", "127.0.2.0/24"')
    name = f"schoolgate{workers}{'-closed' if closed else ''}"
    school = School(folder / name, people=people if closed else PEOPLE, upstream_ca=made_by.pem)
    gateway = Gateway(
        school, workers=workers, within=[], mounts={"/dev/null": Path("/dev/null")}, environment=compiled(folder)
    ).start()
    process = gateway.process
    assert process is not None

    def working() -> list[int]:
        workers = [pid for name, pid in gateway.children().items() if name.startswith("worker")]
        return [pid for worker in workers for pid in (worker, *below(worker))]

    return Peer(name, school.proxy_port, process, working, gateway.stop, school.ca)


def _squid(folder: Path, made_by: Authority, name: str, port: int, more: str, bump: str) -> Peer:
    home = folder / name
    home.mkdir()
    certgen = next(
        (path for path in ("/usr/lib/squid/security_file_certgen",) if Path(path).exists()),
        "security_file_certgen",
    )
    subprocess.run([certgen, "-c", "-s", str(home / "certs"), "-M", "16MB"], check=True, capture_output=True)
    subprocess.run(["chown", "-R", "proxy:proxy", str(home)], check=True)
    conf = home / "squid.conf"
    conf.write_text(
        f"http_port 127.0.0.1:{port} ssl-bump generate-host-certificates=on dynamic_cert_mem_cache_size=16MB"
        f" tls-cert={made_by.both} tls-dh=prime256v1\n"
        f"sslcrtd_program {certgen} -s {home}/certs -M 16MB\nsslcrtd_children 2\n"
        f"tls_outgoing_options cafile={made_by.pem}\n"
        f"acl step1 at_step SslBump1\nssl_bump {bump}\n{more}"
        "http_access allow all\ncache deny all\ncache_mem 8 MB\naccess_log none\ncache_log "
        f"{home}/cache.log\npid_filename {home}/squid.pid\nworkers 1\nshutdown_lifetime 1 seconds\n"
        "max_filedescriptors 8192\nnetdb_filename none\nvisible_hostname bench\npipeline_prefetch 0\n"
    )
    process = subprocess.Popen(["squid", "-N", "-f", str(conf)])
    _wait(port, process)
    return Peer(name, port, process, lambda: [process.pid, *below(process.pid)], _ended(process))


def squid_bump(folder: Path, made_by: Authority) -> Peer:
    """squid that opens TLS and filters nothing."""
    return _squid(folder, made_by, "squid-ssl-bump", 18_002, "", "peek step1\nssl_bump bump all")


def squid_splice(folder: Path, made_by: Authority) -> Peer:
    """squid that looks at the name and passes the TLS on."""
    return _squid(folder, made_by, "squid-splice", 18_003, "", "peek step1\nssl_bump splice all")


def squid_guard(folder: Path, made_by: Authority, number: int, categories: bool = False) -> Peer:
    """squid that opens TLS, with squidGuard and so many domains.

    With ``categories`` also with those of UT1 that schoolgate ships, as their publisher makes them for squidGuard.
    """
    name, port = ("squid-categories", 18_006) if categories else ("squid-squidGuard", 18_004)
    home = folder / f"{name}-lists"
    (home / "adult").mkdir(parents=True)
    with (home / "adult" / "domains").open("w") as file:
        file.write(f"{BLOCKED}\n")
        file.writelines(f"{name}\n" for name in make_domains(number, SHARED)[0])
    given = sorted(path.name for path in UT1.iterdir() if (path / "domains").exists()) if categories else []
    for each in given:
        shutil.copytree(SHARED / "ut1" / each if (SHARED / "ut1" / each).exists() else UT1 / each, home / each)
    kinds = {"domainlist": "domains", "urllist": "urls", "expressionlist": "expressions"}
    lists = []
    for each in ("adult", *given):
        files = ((kind, home / each / file) for kind, file in kinds.items())
        told = [f"{kind} {each}/{path.name}\n" for kind, path in files if path.exists() and path.stat().st_size]
        lists.append(f"dest {each} {{\n{''.join(told)}}}\n")
    conf = home / "squidGuard.conf"
    passed = " ".join(f"!{each}" for each in ("adult", *given))
    conf.write_text(
        f"dbhome {home}\nlogdir {home}\n{''.join(lists)}"
        f"acl {{ default {{ pass {passed} all redirect http://127.0.0.1/refused }} }}\n"
    )
    subprocess.run(["squidGuard", "-c", str(conf), "-C", "all"], check=True, capture_output=True)
    subprocess.run(["chown", "-R", "proxy:proxy", str(home)], check=True)
    more = f"url_rewrite_program /usr/bin/squidGuard -c {conf}\nurl_rewrite_children 2 startup=2\n"
    return _squid(folder, made_by, name, port, more, "peek step1\nssl_bump bump all")


def e2guardian(folder: Path, made_by: Authority) -> Peer:
    """e2guardian that opens TLS, with Debian's phrase lists."""
    home, port = folder / "e2guardian", 18_005
    shutil.copytree("/etc/e2guardian", home)
    (home / "generated").mkdir()
    private = home / "private.pem"
    private.write_bytes(_key(made_by.key))
    text = (home / "e2guardian.conf").read_text()
    unset = ("filterip", "filterports", "transparenthttpsport", "tlsproxyport", "icapport", "pidfilename", "daemonuser",
             "daemongroup", "loglocation", "enablessl", "cacertificatepath", "caprivatekeypath", "certprivatekeypath",
             "generatedcertpath", "nologger", "set_accesslog", "log_level", "loglevel", "dockermode", "nodaemon")  # fmt: skip
    kept = [line for line in text.splitlines() if not line.replace(" ", "").startswith(unset)]
    kept += ["filterip = 127.0.0.1", f"filterports = {port}", "enablessl = on", f"cacertificatepath = '{made_by.pem}'"]
    kept += [f"caprivatekeypath = '{private}'", f"certprivatekeypath = '{private}'", "daemonuser = root"]
    kept += [f"generatedcertpath = '{home}/generated'", f"pidfilename = '{home}/pid'", "daemongroup = root"]
    kept += ["dockermode = on", "loglevel = 0", f"loglocation = '{home}/access.log'", "nologger = on"]
    (home / "e2guardian.conf").write_text("\n".join(kept).replace("/etc/e2guardian", str(home)) + "\n")
    for path in home.rglob("*"):
        if path.is_file() and path.name != "e2guardian.conf":
            raw = path.read_bytes()
            if b"/etc/e2guardian" in raw:
                path.write_bytes(raw.replace(b"/etc/e2guardian", str(home).encode()))
    group = home / "e2guardianf1.conf"
    group.write_text(group.read_text() + "\nsslmitm = on\nsslcertcheck = off\nmitmcheckcert = off\n")
    process = subprocess.Popen(["e2guardian", "-c", str(home / "e2guardian.conf"), "-N"])
    _wait(port, process)
    return Peer("e2guardian", port, process, lambda: [process.pid, *below(process.pid)], _ended(process))


@contextmanager
def ground() -> Iterator[tuple[Path, Authority]]:
    """A folder that squid's user may look into, with the site running; both are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="schoolgate-bench-"))
    folder.chmod(0o755)
    made_by = authority(folder, "origin-ca")
    server = site(folder, made_by)
    try:
        yield folder, made_by
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def load(tool: Path, peer: Peer | None, kind: str, clients: int, seconds: float, **what: Any) -> dict[str, float]:
    """Let the load tool ask; its figures, with ``rate``, ``cpu`` (ms of the peer a request) and ``cores``."""
    tls, per = {"new": (1, 1), "r10": (1, 10), "keep": (1, 0), "plain": (0, 0), "plain new": (0, 1)}[kind]
    host, path = what.get("host", SITE), what.get("path", "/10k.html")
    command = [tool, str(peer.port if peer else 0), host, "443" if tls else "80", path, str(tls), str(per)]
    before = peer.cpu() if peer else 0.0
    output = subprocess.run([*command, str(clients), str(seconds)], capture_output=True, text=True, check=True).stdout
    figures: dict[str, float] = json.loads(output)
    used = peer.cpu() - before if peer else 0.0
    done = max(figures["done"], 1)
    return {**figures, "rate": figures["done"] / figures["seconds"], "cpu": used / done * 1000}
