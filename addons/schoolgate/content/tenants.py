"""Keeps logins at Google and Microsoft to the school's own accounts, where the school wants that.

- Google: ``X-GoogApps-Allowed-Domains`` on requests to Google (support.google.com/a/answer/1668854)
- Microsoft: ``Restrict-Access-To-Tenants`` with ``Restrict-Access-Context`` on the three login hosts, and
  ``sec-Restrict-Tenant-Access-Policy: restrict-msa`` on login.live.com, which shuts personal accounts out
  (learn.microsoft.com/entra/identity/enterprise-apps/tenant-restrictions)
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_GOOGLE = re.compile(r"(?:[a-z0-9-]+\.)*google\.(?:com?\.[a-z]{2}|[a-z]{2}|com|cat)")
_MICROSOFT = frozenset(("login.microsoftonline.com", "login.microsoft.com", "login.windows.net"))
_PERSONAL = "login.live.com"


@dataclass(frozen=True, slots=True)
class Tenants:
    """Whose accounts may log in; empty lists restrict nothing.

    ``google`` holds domains (and ``consumer_accounts`` for personal ones), ``microsoft`` domains or ids of tenants,
    ``microsoft_context`` the id of the tenant that sets the restriction.
    """

    google: tuple[str, ...] = ()
    microsoft: tuple[str, ...] = ()
    microsoft_context: str = ""
    personal_microsoft: bool = True


def tenant_headers(host: str, tenants: Tenants) -> Mapping[str, str]:
    """The headers that a request to this canonical host must carry, in place of any that a client sends."""
    if tenants.google and _GOOGLE.fullmatch(host):
        return {"X-GoogApps-Allowed-Domains": ",".join(tenants.google)}
    if tenants.microsoft and host in _MICROSOFT:
        context = {"Restrict-Access-Context": tenants.microsoft_context} if tenants.microsoft_context else {}
        return {"Restrict-Access-To-Tenants": ",".join(tenants.microsoft), **context}
    if not tenants.personal_microsoft and host == _PERSONAL:
        return {"sec-Restrict-Tenant-Access-Policy": "restrict-msa"}
    return {}
