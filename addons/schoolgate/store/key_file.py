"""A secret of this school's own, in a file that only the gateway can read."""

import os
import secrets
from pathlib import Path


def open_key(data: Path, name: str) -> bytes:
    """The 32 bytes of ``keys/name`` below ``data``, made at first use; whoever is first, all read the same ones.

    Raises OSError when the file can neither be read nor made.
    """
    path = data / "keys" / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        own = path.with_name(f"{name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(own, path)  # whole from the first moment, and never over another's
        except FileExistsError:
            pass
        finally:
            own.unlink()
    return path.read_bytes()
