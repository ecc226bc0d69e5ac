"""A secret of this school's own, in a file that only the gateway can read."""

import errno
import os
import secrets
from pathlib import Path

_BYTES = 32


def open_key(data: Path, name: str) -> bytes:
    """The 32 bytes of ``keys/name`` below ``data``, made at first use; whoever is first, all read the same ones.

    Raises OSError when the file can neither be read nor made, or is no key of ours.
    """
    path = data / "keys" / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        own = path.with_name(f"{name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(own, path)  # whole from the first moment, and never over another's
        except FileExistsError:
            pass
        finally:
            own.unlink()
    key = path.read_bytes()
    if len(key) != _BYTES:
        raise OSError(errno.EINVAL, "this is no key of schoolgate's; put it back from a backup", str(path))
    return key
