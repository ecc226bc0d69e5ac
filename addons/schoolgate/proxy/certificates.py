"""The school's own certificate authority, made at first start, and the authorities that sites may be signed by."""

import contextlib
import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from mitmproxy.certs import CertStore

from schoolgate.child import CannotStart
from schoolgate.whole_file import whole

_NAME = "mitmproxy"  # the file name that mitmproxy looks for
_KEY_BITS = 2048
_PUBLIC = "schoolgate-ca.crt"
_LOST = "the school's certificate authority, which devices trust, is lost"


@dataclass(frozen=True, slots=True)
class Authority:
    """The folder that mitmproxy reads, the certificate for devices, and its SHA-256 fingerprint."""

    folder: Path
    certificate: Path
    fingerprint: str


def ensure_authority(data: Path, school: str) -> Authority:
    """The CA below ``data``; made now if there never was one. The key is readable by its owner only.

    Raises CannotStart where it was lost: devices would not believe another.
    """
    folder = data / "ca"
    if not (folder / f"{_NAME}-ca.pem").exists():
        if (data / _PUBLIC).exists():
            words = (
                f"put it back from a backup. To begin with a new one that no device knows yet, delete {data / _PUBLIC}"
            )
            raise CannotStart(f"{folder}: {_LOST}; {words}")
        making = data / f".ca-{os.getpid()}"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700, parents=True)
        CertStore.create_store(making, _NAME, _KEY_BITS, organization=school[:64], cn=f"schoolgate CA {school}"[:64])
        for path in making.iterdir():
            path.chmod(0o600)
        with contextlib.suppress(OSError):
            folder.rmdir()
        making.rename(folder)
    certificate = data / _PUBLIC
    pem = (folder / f"{_NAME}-ca-cert.pem").read_bytes()
    if not certificate.exists() or certificate.read_bytes() != pem:
        certificate.write_bytes(pem)
        certificate.chmod(0o644)
    return authority_of(data)


def keep_to_authority(data: Path) -> None:
    """Raises OSError where the CA is gone: mitmproxy would make one of its own, which no device knows."""
    path = data / "ca" / f"{_NAME}-ca.pem"
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, f"{_LOST}; put it back from a backup", str(path))


def authority_of(data: Path) -> Authority:
    """The CA that was made before. Raises OSError where there is none."""
    certificate = data / _PUBLIC
    pem = certificate.read_bytes()
    digest = x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256()).hex().upper()
    return Authority(data / "ca", certificate, ":".join(digest[at : at + 2] for at in range(0, len(digest), 2)))


def upstream_bundle(data: Path, extra: Path | None) -> Path:
    """Mozilla's authorities (certifi), with the school's extra ones after them, as one PEM file."""
    if extra is None:
        return Path(certifi.where())
    bundle, wanted = data / "upstream-ca.pem", Path(certifi.where()).read_bytes() + b"\n" + extra.read_bytes()
    if not bundle.is_file() or bundle.read_bytes() != wanted:  # a worker begins on a full disk, too
        with whole(bundle) as file:
            file.write(wanted)
    return bundle
