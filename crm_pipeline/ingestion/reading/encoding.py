"""Finds a text's encoding and turns any encoding into UTF-8; bytes that are not valid stay invalid UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

CHUNK_BYTES = 8 << 20
SAMPLE_BYTES = 1 << 18
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WEST = set("äöüßÄÖÜéèêëÉÈàâÀÂçÇîïôœûùñÑáíóúÁÍÓÚãõâåÅæÆøØìò¿¡€°£§«»®©²½\u2013\u2019\u201c\u201d")
_CENTRE = set("ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽőűŐŰäöüÄÖÜß€°\u2013\u2019\u201d\u201e")
_TURKISH = set("çğıöşüÇĞİÖŞÜâ€°")
# In the order of preference: where letters are equally usual the first one counts.
_SPARSE = (("cp1252", _WEST), ("cp1250", _CENTRE), ("cp1254", _TURKISH), ("mac_roman", _WEST), ("cp850", _WEST))
_DENSE = ["cp1251", "koi8_r", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp1253", "cp1255", "cp1256"]
_CHINESE = ("gb18030", "big5")
_JAPANESE = ("shift_jis", "cp932", "euc_jp", "euc_jis_2004", "euc_jisx0213")
_KOREAN = ("euc_kr", "cp949", "johab")
_INVALID = "\udc80"
"""Stands for bytes that do not decode; its own bytes are not valid UTF-8, so the line is rejected later."""


@dataclass(frozen=True)
class Encoding:
    """A codec's name, and whether the bytes prove it (a mark, valid UTF-8) or only make it likely."""

    name: str
    is_sure: bool


def _mark_invalid(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _INVALID, error.end


codecs.register_error("crm_pipeline.mark_invalid", _mark_invalid)


def marked_encoding(head: bytes) -> str | None:
    """The encoding that a byte order mark states; UTF-16 also without one, by its zeros."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    sample = head[:SAMPLE_BYTES]
    even, odd = sample[0::2], sample[1::2]
    if len(sample) >= 8:
        if odd.count(0) > 0.4 * len(odd) and even.count(0) < 0.05 * len(even):
            return "utf-16-le"
        if even.count(0) > 0.4 * len(even) and odd.count(0) < 0.05 * len(odd):
            return "utf-16-be"
    return None


def find_encoding(sample: bytes) -> Encoding:
    """The likely encoding of bytes that hold at least some beyond ASCII.

    UTF-8 when more of these are valid UTF-8 than not (a broken line does not make another encoding). Else, when they
    stand alone between ASCII letters, the European encoding in which they are the most usual letters; else what
    charset-normalizer says, if the text then is in the script of that encoding.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    text = decoder.decode(sample)  # a character cut off at the end is left out
    broken = sum("\udc80" <= char <= "\udcff" for char in text)
    valid = sum(char > "\x7f" for char in text) - broken
    if valid and valid >= broken:
        return Encoding("utf-8", broken == 0)
    high = [byte > 0x7F for byte in sample]
    beside = sum(here and after for here, after in pairwise(high))
    if beside < 0.35 * sum(high):
        return Encoding(max(_SPARSE, key=lambda item: _usual(sample, *item))[0], False)
    from charset_normalizer import from_bytes

    found = [match.encoding for match in from_bytes(sample, cp_isolation=_DENSE)]
    fitting = [name for name in found if _is_in_its_script(sample.decode(name, "ignore"), name)]
    chinese = [name for name in _CHINESE if _is_valid(sample, name)] if found else []
    return Encoding(next(iter(fitting + chinese), "cp1252"), False)


def _is_valid(sample: bytes, name: str) -> bool:
    try:
        codecs.getincrementaldecoder(name)().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _is_in_its_script(text: str, name: str) -> bool:
    """Japanese is hardly written without kana, nor Korean without mostly Hangul: Chinese bytes decode as both."""
    if name in _JAPANESE:
        return any("\u3040" <= char <= "\u30ff" for char in text)
    if name in _KOREAN:
        han = sum("\u4e00" <= char <= "\u9fff" for char in text)
        return han <= sum("\uac00" <= char <= "\ud7a3" for char in text)
    return True


def _usual(sample: bytes, name: str, letters: set[str]) -> float:
    chars = [char for char in sample.decode(name, "replace") if char > "\x7f"]
    return sum(char in letters for char in chars) / max(1, len(chars))


def beyond_ascii(chunk: bytes) -> bytes:
    """The lines of a chunk that hold bytes beyond ASCII, up to a sample's size."""
    found, size = [], 0
    for line in chunk.splitlines(keepends=True):
        if not line.isascii():
            found.append(line)
            size += len(line)
            if size > SAMPLE_BYTES:
                break
    return b"".join(found)[: 4 * SAMPLE_BYTES]


class Utf8Chunks:
    """A stream's bytes as UTF-8 in chunks. ``encoding`` is the given one, or else the one found on the way.

    Without a mark, everything is ASCII until the first byte that is not; the chunk that holds it decides.
    """

    def __init__(self, stream: BinaryIO, given: str | None = None, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._stream = stream
        self._chunk_bytes = chunk_bytes
        self.encoding = Encoding(given, True) if given else Encoding("utf-8", True)
        self._is_decided = given is not None

    def __iter__(self) -> Iterator[bytes]:
        decoder: codecs.IncrementalDecoder | None = None
        is_first = True
        while chunk := self._stream.read(self._chunk_bytes):
            if not self._is_decided and is_first and (name := marked_encoding(chunk)):
                self.encoding, self._is_decided = Encoding(name, True), True
            while not self._is_decided and chunk[-1] > 0x7F and (more := self._stream.read(1)):
                chunk += more  # a character that is cut in two decides nothing
            if not self._is_decided and not chunk.isascii():
                self.encoding, self._is_decided = find_encoding(beyond_ascii(chunk)), True
            if self._is_decided and decoder is None and self.encoding.name != "utf-8":
                decoder = codecs.getincrementaldecoder(self.encoding.name)("crm_pipeline.mark_invalid")
            utf8 = decoder.decode(chunk).encode("utf-8", "surrogatepass") if decoder else chunk
            yield utf8.removeprefix(codecs.BOM_UTF8) if is_first else utf8
            is_first = False
        if decoder:
            yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
