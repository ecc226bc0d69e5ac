"""What a device can fetch to join the network: the school's certificate in each system's form, and proxy settings."""

import json
import plistlib
import uuid
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

_PROFILES = uuid.UUID("5b0f6a0e-6f4e-4b7b-9d1c-3c9f3d1b8a11")  # the root of the identifiers of these profiles


def as_der(pem: bytes) -> bytes:
    """The certificate as Windows and Android take it."""
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def as_profile(pem: bytes, school: str) -> bytes:
    """A configuration profile for iPad, iPhone and Mac that holds the certificate, and nothing else."""
    der = as_der(pem)
    own = uuid.uuid5(_PROFILES, der.hex())
    certificate = {
        "PayloadType": "com.apple.security.root",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"org.schoolgate.ca.{own}",
        "PayloadUUID": str(uuid.uuid5(own, "certificate")).upper(),
        "PayloadDisplayName": f"Certificate of {school}",
        "PayloadCertificateFileName": "schoolgate-ca.cer",
        "PayloadContent": der,
    }
    profile = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"org.schoolgate.profile.{own}",
        "PayloadUUID": str(own).upper(),
        "PayloadDisplayName": f"Network of {school}",
        "PayloadDescription": "Lets this device open secure web pages on the school's filtered network.",
        "PayloadOrganization": school,
        "PayloadRemovalDisallowed": False,
        "PayloadContent": [certificate],
    }
    return plistlib.dumps(profile)


def pac(proxies: Iterable[tuple[str, int]], direct: Iterable[IPv4Network | IPv6Network]) -> str:
    """A proxy auto-config file: the web goes by the proxies and never past them; the school's own network directly.

    Names without a dot and ``direct`` networks are reached directly; a name is looked up for that only where there are
    such networks. Where no proxy answers, the web is not reached: there is no DIRECT at the end.
    """
    way = "; ".join(f"PROXY {f'[{host}]' if ':' in host else host}:{port}" for host, port in proxies)
    lines = [
        "function FindProxyForURL(url, host) {",
        '    if (isPlainHostName(host) || host === "localhost" || host === "127.0.0.1" || host === "[::1]") {',
        '        return "DIRECT";',
        "    }",
    ]
    networks = [network for network in direct if isinstance(network, IPv4Network)]
    if networks:
        lines.append("    var address = dnsResolve(host);")
        for network in networks:
            address, mask = json.dumps(str(network.network_address)), json.dumps(str(network.netmask))
            lines.append(f'    if (address && isInNet(address, {address}, {mask})) {{ return "DIRECT"; }}')
    return "\n".join([*lines, f"    return {json.dumps(way)};", "}", ""])
