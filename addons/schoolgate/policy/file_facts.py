"""What a file is, by all that is said of it: its address, its headers, and its first bytes against both."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.header import decode_header, make_header
from urllib.parse import unquote, unquote_to_bytes

FIRST_BYTES = 512
"""As many bytes are enough to know a file by."""
TELLING_BYTES = 64
"""As few tell the kinds that matter most."""

_SEPARATORS = re.compile(r"[/\\]")
_WRAPPED = frozenset({"gz", "bz2", "xz", "zst", "br", "z", "download", "part", "crdownload", "tmp", "bak"})
_SHOWN = ("image/", "font/", "audio/", "video/", "text/html", "text/css", "application/xhtml+xml", "application/json")
_SHOWN_AS_WELL = ("text/javascript", "application/javascript", "application/x-javascript", "text/event-stream")
_PARAMETER = re.compile(r';\s*([!#$%&\'*+.^_`|~\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.ASCII)
_EXTENSION = re.compile(r"[a-z0-9_-]{1,16}")


@dataclass(frozen=True, slots=True)
class Seen:
    """What first bytes show: media types and extensions, of which a rule may name any."""

    types: frozenset[str] = frozenset()
    extensions: frozenset[str] = frozenset()


def media_type(header: str) -> str:
    """The bare media type of a Content-Type, in lower case; "" for what is none."""
    bare = header.partition(";")[0].partition(",")[0].strip().strip("\"'").lower()
    return bare if "/" in bare and " " not in bare else ""


def extensions_of(name: str) -> frozenset[str]:
    """The extensions that a system may go by in a file's name (a path is cut down to its last part).

    Windows drops dots and blanks at the end and knows ``name:stream``; a NUL cut names short in older programs; what
    only wraps a file (``setup.exe.gz``, ``setup.exe.download``) leaves the extension before it in force.
    """
    folded = unicodedata.normalize("NFKC", name)
    folded = "".join(each for each in folded if unicodedata.category(each) != "Cf").lower()
    found: set[str] = set()
    last = [part for part in _SEPARATORS.split(folded) if part.strip(" .")][-1:]
    for part in last:
        pieces = {part, *part.split("\0"), part.partition(":")[0], part.partition(";")[0]}
        for piece in pieces:
            found.update(_endings(piece.strip("\"' \t\r\n").rstrip(". ")))
    return frozenset(found)


def _endings(piece: str) -> Iterator[str]:
    *rest, last = piece.split(".")
    while rest and _EXTENSION.fullmatch(last):
        yield last
        if last not in _WRAPPED:
            return
        *rest, last = rest


def extensions_of_path(path: str, types: Iterable[str]) -> frozenset[str]:
    """What an address ends on, where that counts: a page at ``/wiki/setup.exe`` is a page, not a program."""
    known = [each for each in types if each]
    if known and all(each.startswith(_SHOWN) or each in _SHOWN_AS_WELL for each in known):
        return frozenset()
    return extensions_of(unquote(path.partition("?")[0].partition("#")[0]))


def names_in(disposition: str) -> tuple[str, ...]:
    """Every name that a Content-Disposition gives a file (RFC 6266), however it is written."""
    names: list[str] = []
    pieces: list[str] = []  # filename*0, filename*1: RFC 2231, which Firefox still puts together
    for key, written in _PARAMETER.findall(";" + disposition.replace("\r", " ").replace("\n", " ")):
        if key.lower() == "filename*":
            names.append(_extended(written))
        elif key.lower() == "filename":
            plain = _unquoted(written)
            names.extend((plain, unquote(plain)) if "%" in plain else (plain,))
            names.extend(_encoded_words(plain))
        elif key.lower().startswith("filename*"):
            pieces.append(_extended(written) if key.endswith("*") else _unquoted(written))
    return tuple(dict.fromkeys(name for name in (*names, "".join(pieces)) if name))


def _extended(written: str) -> str:
    """``UTF-8''na%C3%AFve.exe`` (RFC 8187); what is written otherwise is taken as it is."""
    charset, quote, rest = _unquoted(written).partition("'")
    raw = unquote_to_bytes(rest.partition("'")[2] if quote else charset)
    try:
        return raw.decode(charset if quote and charset else "utf-8", "replace")
    except LookupError:
        return raw.decode("latin-1")


def _unquoted(written: str) -> str:
    written = written.strip()
    if not written.startswith('"'):
        return written
    return re.sub(r"\\(.)", r"\1", written[1:].removesuffix('"'))


def _encoded_words(text: str) -> Iterator[str]:
    """``=?utf-8?B?...?=`` (RFC 2047), which browsers decode although it has no place here."""
    if "=?" in text:
        try:
            yield str(make_header(decode_header(text)))
        except (ValueError, LookupError):
            return


def seen_in(first: bytes) -> Seen:
    """What the first bytes of a file show it to be (``FIRST_BYTES`` are enough)."""
    for start, types, extensions in _MAGIC:
        if first.startswith(start):
            return Seen(frozenset(types), frozenset(extensions))
    for look in (_program, _archive, _container, _script):
        seen = look(first)
        if seen is not None:
            return seen
    return Seen()


_EXE = ("application/x-msdownload", "application/vnd.microsoft.portable-executable", "application/x-dosexec")
_ELF = ("application/x-executable", "application/x-elf", "application/x-sharedlib", "application/x-pie-executable")
_MACH = ("application/x-mach-binary", "application/x-mach-o-executable")
_MAGIC: tuple[tuple[bytes, tuple[str, ...], tuple[str, ...]], ...] = (
    (b"\xff\xd8\xff", ("image/jpeg",), ("jpg",)),
    (b"\x89PNG\r\n\x1a\n", ("image/png",), ("png",)),
    (b"GIF87a", ("image/gif",), ("gif",)),
    (b"GIF89a", ("image/gif",), ("gif",)),
    (b"II*\0", ("image/tiff",), ("tif",)),
    (b"MM\0*", ("image/tiff",), ("tif",)),
    (b"\x1aE\xdf\xa3", ("video/webm", "video/x-matroska"), ("webm", "mkv")),
    (b"%PDF-", ("application/pdf",), ("pdf",)),
    (b"\xcf\xfa\xed\xfe", _MACH, ("macho",)),
    (b"\xce\xfa\xed\xfe", _MACH, ("macho",)),
    (b"\xfe\xed\xfa\xce", _MACH, ("macho",)),
    (b"\xfe\xed\xfa\xcf", _MACH, ("macho",)),
    (b"L\0\0\0\x01\x14\x02\0", ("application/x-ms-shortcut",), ("lnk",)),
    (b"!<arch>\ndebian-binary", ("application/vnd.debian.binary-package",), ("deb",)),
    (b"\xed\xab\xee\xdb", ("application/x-rpm",), ("rpm",)),
    (b"xar!", ("application/x-xar", "application/vnd.apple.installer+xml"), ("pkg", "xar")),
    (b"Cr24", ("application/x-chrome-extension",), ("crx",)),
    (b"MSCF", ("application/vnd.ms-cab-compressed",), ("cab",)),
    (b"Rar!\x1a\x07", ("application/vnd.rar", "application/x-rar-compressed"), ("rar",)),
    (b"7z\xbc\xaf\x27\x1c", ("application/x-7z-compressed",), ("7z",)),
    (b"\x1f\x8b\x08", ("application/gzip",), ("gz",)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ("application/x-ole-storage",), ()),
)


def _program(first: bytes) -> Seen | None:
    if first.startswith(b"MZ") and b"\0" in first[:64]:
        return Seen(frozenset(_EXE), frozenset({"exe"}))
    if first.startswith(b"\x7fELF"):
        image = first[8:11] in (b"AI\x01", b"AI\x02")  # AppImage writes itself into ELF's padding
        return Seen(frozenset(_ELF), frozenset({"elf", "appimage"} if image else {"elf"}))
    if first.startswith(b"\xca\xfe\xba\xbe") and len(first) >= 8:
        java = int.from_bytes(first[6:8]) >= 45  # a class file's version; a fat Mach-O has few architectures
        return Seen(frozenset({"application/java-vm"} if java else _MACH), frozenset({"class" if java else "macho"}))
    return None


def _archive(first: bytes) -> Seen | None:
    """A ZIP's first entry tells an app from a plain archive, and an archive that opens with a program."""
    if not first.startswith(b"PK\x03\x04"):
        return None
    length = int.from_bytes(first[26:28], "little")
    entry = first[30 : 30 + length].decode("utf-8", "replace")
    if entry in ("[Content_Types].xml", "mimetype") or entry.startswith(
        ("_rels/", "word/", "xl/", "ppt/", "docProps/")
    ):
        return Seen()  # a document of an office program or an e-book
    if entry in ("AndroidManifest.xml", "classes.dex") or entry.startswith(("META-INF/com/android", "lib/arm")):
        return Seen(frozenset({"application/vnd.android.package-archive"}), frozenset({"apk"}))
    if entry.startswith("META-INF/"):
        return Seen(frozenset({"application/java-archive"}), frozenset({"jar"}))
    return Seen(frozenset({"application/zip"}), extensions_of(entry) | {"zip"})


_BRANDS = {
    b"avif": ("image/avif", "avif"),
    b"avis": ("image/avif", "avif"),
    b"heic": ("image/heic", "heic"),
    b"heix": ("image/heic", "heic"),
    b"hevc": ("image/heic", "heic"),
    b"mif1": ("image/heif", "heif"),
    b"qt  ": ("video/quicktime", "mov"),
    b"M4A ": ("audio/mp4", "m4a"),
}


def _container(first: bytes) -> Seen | None:
    if first.startswith(b"RIFF") and first[8:12] in (b"WEBP", b"AVI ", b"WAVE"):
        kind = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}[first[8:12]]
        return Seen(frozenset({kind}), frozenset())
    if first[4:8] == b"ftyp":
        kind, extension = _BRANDS.get(first[8:12], ("video/mp4", "mp4"))
        return Seen(frozenset({kind}), frozenset({extension}))
    return None


def _script(first: bytes) -> Seen | None:
    text = first.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if first.startswith(b"#!") and b"/" in first.partition(b"\n")[0]:
        return Seen(frozenset({"text/x-shellscript", "application/x-sh"}), frozenset({"sh"}))
    if text.startswith((b"@echo off", b"@echo on")):
        return Seen(frozenset({"application/x-bat", "application/x-msdos-program"}), frozenset({"bat", "cmd"}))
    return None
