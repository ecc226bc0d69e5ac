"""Gives words one spelling, however they were disguised: ``C A S 1 N 0`` and ``casino`` are the same word.

Compatibility forms, capitals, accents, look-alike letters of other alphabets, invisible characters, figures for
letters, letters spaced out and letters drawn out are undone. Phrases go through the same function as pages, so
whatever it does to an innocent word (``mp3``) it does on both sides alike.
"""

import re
import unicodedata
from functools import lru_cache

import re2

_LOOK_ALIKE = {
    # Cyrillic, Greek, Armenian, Cherokee and other letters that are drawn like Latin ones (Unicode TR 39, restated)
    **dict(zip("аеорсухіјѕһԁԛԝгвнкмтьзбпиял", "aeopcyxijshdqwrbhkmtb36nurn", strict=False)),
    **dict(zip("αβγδεζηικλμνορτυχω", "abydeznikluvoptuxw", strict=True)),
    **dict(zip("օոսհցքգզԼյ", "onuhgpqqlj", strict=True)),
    **dict(zip("ɑɡɩɪʀʏɴʜʟʙɢᴀᴄᴅᴇꜰᴊᴋᴍᴏᴘꜱᴛᴜᴠᴡᴢ", "agiiryнhlbgacdefjkmopstuvwz".replace("н", "n"), strict=True)),
    **dict(
        zip("ßøłđħıŋœæþð€£¢", ("ss", "o", "l", "d", "h", "i", "n", "oe", "ae", "th", "d", "e", " ", "c"), strict=True)
    ),
}
_LONG_RUN = 64  # characters; longer runs are not worth remembering
_PIECE = 256  # characters normalised at a time: the time grows with the square of the marks in a row
_MOST_GROWN = 4  # times its length that a piece may grow
_WHOLE_SAYINGS = str.maketrans("\ufdfa\ufdfb", "  ")  # single characters that stand for a whole sentence
_INVISIBLE = dict.fromkeys([0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x2028, 0x2029, 0x3164, 0xFEFF])
_INVISIBLE |= dict.fromkeys([*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)])
_INVISIBLE |= dict.fromkeys([*range(0xFE00, 0xFE10), *range(0xE0000, 0xE01F0)])
_MARKS = dict.fromkeys(range(0x300, 0x370))
_APOSTROPHES = dict.fromkeys(map(ord, "’‘ʼ´"))
_LETTERS = {ord(odd): latin for odd, latin in _LOOK_ALIKE.items()} | _INVISIBLE | _MARKS | _APOSTROPHES
_FOREIGN = re.compile(r"[^\x00-\x7f]+")

_FIGURES = bytes.maketrans(b"0134578@$!", b"oieastbasi")
_SIGNS = b"0123456789@$!"
_KEPT = b"abcdefghijklmnopqrstuvwxyz0123456789@$!"
_BLANKED = bytes(code if code in _KEPT or code > 127 else ord(" ") for code in bytes(range(256)).lower())
_BARE = bytes.maketrans(b"@$!", b"   ")
_MIXED_SOON = re2.compile(rb"[a-z][0-9@$!]+[a-z]|[@$][a-z]|[a-z][@$]")
_MIXED = re.compile(
    rb"[0-9@$!](?:(?<=[^ 0-9@$!].)(?:[0-9@$!]*+[^ 0-9@$!][^ ]*+|(?<=[@$])[@$]*+(?![^ ]))"
    rb"|(?<= [@$])[@$]*+(?=[^ 0-9@$! ]))"
)
"""The rest of a word from its first figure between letters; and what of ``@`` and ``$`` ends a word, or begins one."""
_SPACED_SOON = re2.compile(rb" [a-z0-9@$] [a-z0-9@$] [a-z0-9@$] ")
_SPACED = re.compile(rb" [a-z0-9@$](?: [a-z0-9@$]){2,}(?= )")
_DRAWN_SOON = re2.compile("|".join(letter * 3 for letter in "abcdefghijklmnopqrstuvyz").encode())
_DRAWN = re.compile(rb"([a-vyz])\1\1+")
_TWICE = frozenset((b"l", b"s"))

_INNER_SIGN = re.compile(rb"[!-#%-/:-?\[-`{-~](?<=[A-Za-z0-9@$\x80-\xff].)[!-/:-?\[-`{-~]?(?=[A-Za-z0-9@$\x80-\xff])")
_ONE_BLANK = bytes.maketrans(b"\0\t\n\v\f\r", b"      ")
_FOREIGN_SIGN = re.compile("[\xa1-\xbf\u2010-\u2bff\u3001\u3002]")
_MOST_BROKEN = 500  # signs of a page that are looked at
_LONGEST_BROKEN = 80  # bytes; longer ones are addresses and the like


def fold(text: str) -> str:
    """The words of ``text`` in their one spelling, with single blanks between them and none around."""
    if not text.isascii():
        text = _FOREIGN.sub(_latin, text).lower()
    raw = b" ".join(text.encode("utf-8", "ignore").translate(_BLANKED, b"'`").split())
    if _SPACED_SOON.search(b" %b " % raw):
        raw = _SPACED.sub(_joined, b" %b " % raw).strip()
    plain = _MIXED.sub(_lettered, b" %b " % raw)[1:-1] if _MIXED_SOON.search(raw) else raw
    if _DRAWN_SOON.search(raw):
        plain = _DRAWN.sub(_shortened, plain)
    if b"@" in plain or b"$" in plain or b"!" in plain:
        plain = b" ".join(plain.translate(_BARE).split())
    return plain.decode()


def joined_words(text: str) -> str:
    """The words that signs break, folded and whole: ``free cas-ino sl.ots`` gives ``casino slots``; "" without any."""
    if not text.isascii():
        text = _FOREIGN_SIGN.sub("-", text)
    raw = text.encode("utf-8", "ignore").translate(_ONE_BLANK)
    first, *pieces = _INNER_SIGN.sub(b"\0", raw, count=_MOST_BROKEN).split(b"\0", _MOST_BROKEN)
    joined = [first.rpartition(b" ")[2]]
    for piece in pieces:
        end, blank, rest = piece.partition(b" ")
        joined.append(end)
        if blank:
            joined += (blank, rest.rpartition(b" ")[2])
    # what follows the last sign and a blank is a whole word
    words = b"".join(joined[: -1 if joined[-2:-1] == [b" "] else None]) if pieces else b""
    return fold(b" ".join([word for word in words.split() if len(word) <= _LONGEST_BROKEN]).decode("utf-8", "ignore"))


def _latin(run: re.Match[str]) -> str:
    return _latin_of(run.group()) if len(run.group()) < _LONG_RUN else _latin_text(run.group())


def _latin_text(run: str) -> str:
    return "".join([_latin_piece(run[begin : begin + _PIECE]) for begin in range(0, len(run), _PIECE)])


def _latin_piece(run: str) -> str:
    run = run.translate(_WHOLE_SAYINGS) if "\ufdfa" in run or "\ufdfb" in run else run
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", run).casefold())
    plain = plain[: _MOST_GROWN * len(run) + _LONG_RUN].translate(_LETTERS)
    return plain if plain.isascii() else "".join([sign if sign.isalnum() or sign < "\x80" else " " for sign in plain])


_latin_of = lru_cache(maxsize=4096)(_latin_text)


def _joined(run: re.Match[bytes]) -> bytes:
    letters = run.group().replace(b" ", b"")
    return run.group() if letters.isdigit() else b" " + letters


def _lettered(run: re.Match[bytes]) -> bytes:
    """Figures between two letters are letters, and so are @ and $ beside one."""
    last = run[0].rstrip(_SIGNS)
    after = run[0][len(last) :]
    return last.translate(_FIGURES) + (after if after.strip(b"@$") else after.translate(_FIGURES))


def _shortened(run: re.Match[bytes]) -> bytes:
    begin, end = run.span()
    if run.string[begin - 1 : begin] in (b"", b" ") and run.string[end : end + 1] in (b"", b" "):
        return run[0]  # a word of its own: kkk, xxx, mmm
    return run[1] * 2 if run[1] in _TWICE else run[1]
