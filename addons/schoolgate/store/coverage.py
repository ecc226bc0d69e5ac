"""What can become of a connection, as it is counted: the words of the column ``fate`` of the view ``coverage``."""

from enum import StrEnum


class Fate(StrEnum):
    """From what is seen whole to what is not let through."""

    DECRYPTED = "decrypted"
    PLAIN = "plain"  # it was never encrypted
    NAME = "name"  # judged by its name only
    PASSED = "passed"  # passed through unseen
    REFUSED = "refused"  # ended by its name
    BROKEN = "broken"  # the device did not take the gateway's certificate
