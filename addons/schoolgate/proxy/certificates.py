"""The school's own certificate authority, made at first start, and the authorities that sites may be signed by."""

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from mitmproxy.certs import CertStore

_NAME = "mitmproxy"  # the file name that mitmproxy looks for
_KEY_BITS = 2048
_PUBLIC = "schoolgate-ca.crt"


@dataclass(frozen=True, slots=True)
class Authority:
    """The folder that mitmproxy reads, the certificate for devices, and its SHA-256 fingerprint."""

    folder: Path
    certificate: Path
    fingerprint: str


def ensure_authority(data: Path, school: str) -> Authority:
    """The CA below ``data``; made now if there is none. The key is readable by its owner only."""
    folder = data / "ca"
    if not (folder / f"{_NAME}-ca.pem").exists():
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
    bundle = data / "upstream-ca.pem"
    temporary = bundle.with_name(f".{bundle.name}.{os.getpid()}")
    temporary.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + extra.read_bytes())
    temporary.replace(bundle)
    return bundle
