"""What frames inside pages look like: addresses that pages embed and people do not open.

Used only where the browser does not say what a request was for, and only beside a page that is open on the device.
"""

import re
from urllib.parse import unquote

from schoolgate.policy.browsing import Address

_SHAPE = re.compile(
    r"(?:^|[/_.-])(?:i?frames?|sw_iframe|[a-z]?frame|embed(?:ded|s)?|widgets?|plugins?|(?:user|cookie|id|pixel)?[-_]?syncs?|syncframe"
    r"|pixels?|usersync|beacon|sodar\d?|safeframe|topics|recaptcha|turnstile|challenge-platform|captcha|hcaptcha"
    r"|postmessage|crossdomain|xdomain|xd_?arbiter|oauth-?iframe|silent-?(?:renew|callback|login)|check-?session(?:iframe)?"
    r"|pagead|activityi|ads?|adserver|adshow|adframe|banners?|creatives?|tracking|metrika_match|livechat|open_chat|proxy\.html"
    r"|player|like(?:box)?\.php|share_button|tweet_button|anchor|aframe|bscframe|m-outer|controller-[0-9a-f]+)(?:$|[/_.?;-])",
    re.I,
)
_HOST = re.compile(
    r"^(?:ads?|adserver|adservice|googleads|securepubads|pagead\d?|tpc|sync|usersync|cm|gum|pixel|px|tags?|tagging|track(?:ing|er)?"
    r"|widgets?|embed|player|plugins?|platform|challenges|captcha|js|cdn\d?|static|assets?|chat|livechat|consent|cmp|cookie)\d*[.-]"
    r"|doubleclick|googlesyndication|googletagmanager|adtraffic|adnxs|adsystem|adserv|criteo|taboola|outbrain|captcha|recaptcha"
    r"|syncframe|usersync|cookieless",
)


def looks_embedded(address: Address) -> bool:
    """Whether the address has the form of an advertisement, a widget, a player, a captcha or a counter."""
    if address.path == "/" and not address.query:
        return False
    return bool(_SHAPE.search(address.path) or _HOST.search(address.host))


def names_page(address: Address, page: Address) -> bool:
    """Whether the query tells the site of a page that is open, as frames are told where they stand."""
    if not address.query or address.site == page.site:
        return False
    bare = page.host.removeprefix("www.")
    return bare in address.query.lower() or bare in unquote(address.query).lower()
