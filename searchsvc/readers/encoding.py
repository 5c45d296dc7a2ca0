"""bytes -> text that can be stored: which encoding, and what is cleaned away.

>>> decode("Übung".encode("utf-16"))
('Übung', '')
>>> decode(b"caf\\xe9 au lait, twice a day")
('café au lait, twice a day', 'no encoding named; read as windows-1252')
>>> clean("co\\xadop\\x00\\u2028caf\\u0065\\u0301")
'coop \\ncafé'

Text is decoded by its byte order mark, by the encoding that it declares, as UTF-8, as windows-1252
if that gives western text, by statistics (charset-normalizer), and at last as windows-1252 anyhow.
"""

import codecs
import re
import unicodedata

from charset_normalizer import from_bytes

from searchsvc.errors import ReadError

_MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGICS = (
    (b"\x89PNG", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"GIF8", "GIF image"),
    (b"RIFF", "RIFF sound or image"),
    (b"%PDF", "PDF document"),
    (b"{\\rtf", "RTF document"),
    (b"\xd0\xcf\x11\xe0", "old Office document"),
    (b"\x7fELF", "ELF program"),
    (b"MZ\x90", "Windows program"),
    (b"PK\x03\x04", "zip archive or Office document"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ", "xz data"),
    (b"7z\xbc\xaf", "7z archive"),
    (b"SQLite format 3", "SQLite database"),
    (b"OggS", "Ogg sound"),
    (b"ID3", "MP3 sound"),
)
# Where NULs stand in four bytes of western text.
_SHAPES = {"000x": "utf-32-be", "x000": "utf-32-le", "0x0x": "utf-16-be", "x0x0": "utf-16-le"}
_MANY, _FEW = 0.5, 0.02
_HEAD = 8192  # bytes that tell text from something else
_NOT_TEXT = bytes({*range(32)} - {*b"\t\n\r\f\v\x1b\x1a\x08"})
_BINARY = 1 / 50  # share of such bytes above which a file is no text with a flaw
# What newspapers of the world were written in before UTF-8. Let loose, the statistics find EBCDIC
# and Mac Cyrillic in a page with three accents.
_PLAUSIBLE = (
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r"),
    *("shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"),
)
# Three accents are too few for statistics, but enough for this: letters and signs of western
# Europe, no more of them than French has; or any letter, if they are as rare as foreign names.
_WESTERN = re.compile("[À-ÏÑ-ÖØ-Üß-ëíîïñóôöúûüÿŒœ‘’‚“”„«»‹›–—…•·¿¡£€¢§©®™°½¼¾\xa0\xad]")
_WESTERN_SHARE = 0.25
_FOREIGN = re.compile(_WESTERN.pattern + "|[À-ÖØ-öø-ÿŠšŽžŸ]")
_FOREIGN_SHARE = 0.03
_SAMPLE = 65_536  # bytes that the statistics look at

_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile("[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
# Not the joiners U+200C and U+200D: they are spelling in Persian and Hindi and make up emoji.
_UNSEEN = re.compile("[\xad\u180e\u200b\u2060\ufeff\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def decode(data: bytes, declared: str | None = None) -> tuple[str, str]:
    """The text of *data*, and a reservation: what was guessed or replaced, else ""."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _replaced(data[len(mark) :], encoding)
    if kind := binary_kind(data):
        raise ReadError(f"looks binary ({kind})")
    if wide := _wide(data):
        text, reservation = _replaced(data, wide)
        return text, reservation or f"no byte order mark; read as {wide.upper()}"
    return _narrow(data, declared)


def binary_kind(data: bytes) -> str:
    """What *data* is if it is no text in any encoding, else "".

    >>> binary_kind(b"%PDF-1.4"), binary_kind(b"Prices rose.")
    ('PDF document', '')
    """
    for magic, kind in _MAGICS:
        if data.startswith(magic):
            return kind
    if data.startswith(tuple(mark for mark, _ in _MARKS)) or _wide(data):
        return ""
    head = data[:_HEAD]
    odd = len(head) - len(head.translate(None, _NOT_TEXT))
    return "control characters all over" if odd > len(head) * _BINARY else ""


def clean(text: str) -> str:
    """*text* as it is stored: NFC, lines ended by \\n, no control or unseen characters or tabs."""
    if text.isascii() and text.isprintable():
        return text
    text = _SPACES.sub(" ", _LINE_ENDS.sub("\n", text))
    text = _SURROGATES.sub("\ufffd", _UNSEEN.sub("", _CONTROLS.sub(" ", text)))
    return unicodedata.normalize("NFC", text)


def one_line(text: str) -> str:
    """*text* cleaned, all white space in it collapsed: a title, a name."""
    return " ".join(clean(text).split())


def _wide(data: bytes) -> str:
    """The UTF-16 or UTF-32 that *data* without a mark is in, by where its NULs stand."""
    head = data[: min(len(data), _HEAD) // 4 * 4]
    shares = [head[place::4].count(0) / (len(head) / 4) for place in range(4)] if head else []
    shape = "".join("0" if share > _MANY else "x" if share < _FEW else "?" for share in shares)
    return _SHAPES.get(shape, "")


def _replaced(data: bytes, encoding: str) -> tuple[str, str]:
    text = data.decode(encoding, "replace")
    count = text.count("\ufffd")
    wrong = "characters are" if count > 1 else "character is"
    return text, f"{count} {wrong} not {encoding.upper()} and replaced" if count else ""


def _narrow(data: bytes, declared: str | None) -> tuple[str, str]:
    named = _known(declared)
    # Proper UTF-8 beyond ASCII is never anything else, whatever the page declares.
    tried = ["utf-8", named] if named and not data.isascii() else [named or "utf-8"]
    for encoding in filter(None, tried):
        try:
            return data.decode(encoding), _unreadable(declared, named)
        except UnicodeDecodeError:
            continue
    if named:
        text, reservation = _replaced(data, named)
        if text.count("\ufffd") < len(text) / 100:
            return text, reservation
    return _guess(data)


def _known(declared: str | None) -> str | None:
    """The codec for a declared encoding, as browsers take it."""
    try:
        name = codecs.lookup(declared or "").name
        "".encode(name)  # not one that turns bytes into bytes, such as "hex"
    except (LookupError, ValueError):
        return None
    if name in ("iso8859-1", "ascii"):
        return "cp1252"
    return None if name.startswith(("utf-16", "utf-32", "utf-7")) else name


def _unreadable(declared: str | None, named: str | None) -> str:
    if not declared or named or declared.lower().startswith(("utf-16", "utf-32")):
        return ""
    return f"unknown encoding {one_line(declared)[:40]!r} declared; read as UTF-8"


def _guess(data: bytes) -> tuple[str, str]:
    sample = _telling(data)
    encoding = "cp1252"
    if not _is_western(sample) and (best := from_bytes(sample, cp_isolation=[*_PLAUSIBLE]).best()):
        encoding = best.encoding
    shown = "windows-" + encoding[2:] if encoding.startswith("cp125") else encoding
    text = data.decode(encoding, "replace")
    count = text.count("\ufffd")
    replaced = f", {count} characters replaced" if count else ""
    return text, f"no encoding named; read as {shown}{replaced}"


def _is_western(sample: bytes) -> bool:
    text = sample.decode("cp1252", "replace")
    beyond = [character for character in text if not character.isascii()]
    if len(beyond) <= len(text) * _FOREIGN_SHARE:
        return all(map(_FOREIGN.match, beyond))
    share = max(3, len(text) * _WESTERN_SHARE)
    return len(beyond) <= share and all(map(_WESTERN.match, beyond))


def _telling(data: bytes) -> bytes:
    """The part of *data* that says most about its encoding: from its first byte beyond ASCII."""
    first = next((match.start() for match in re.finditer(rb"[\x80-\xff]", data)), 0)
    start = max(0, first - _SAMPLE // 2)
    return data[start : start + _SAMPLE]
