"""What a line of a list says: which host or path, how far that reaches, and whether it is an exception."""

from collections.abc import Callable

LIST = "list"  # the host and all below it, or the path and all below it
EXACT = "exact"  # this host alone
BELOW = "below"  # what is below the host, without itself
UNLESS = "unless"  # the list itself makes an exception here, for the host and all below it
UNLESS_EXACT = "unless-exact"
UNLESS_BELOW = "unless-below"
HOST_PATTERN = "host-pattern"  # a regular expression for host names
URL_PATTERN = "url-pattern"  # a regular expression for host and path
EXCEPTIONS = {LIST: UNLESS, EXACT: UNLESS_EXACT, BELOW: UNLESS_BELOW}
PATTERNS = frozenset({HOST_PATTERN, URL_PATTERN})

Found = tuple[int, str, str, str]
"""Line, host (or pattern), path prefix ("" for the whole host), and one of the words above."""
Complain = Callable[[int, str, str], None]
"""Takes a line's number, the reason why it is left out, and its text."""
