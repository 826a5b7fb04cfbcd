"""Bytes to text: UTF-8 first, byte order marks, then the likeliest of the older encodings."""

from __future__ import annotations

import codecs
import re

from rag.errors import UnreadableError

MAX_TEXT_BYTES = 64_000_000
"""Bytes of a text file that are read."""
_SAMPLE = 100_000
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BINARY_SHARE = 0.01
_BROKEN_SHARE = 0.001
"""Bytes that may be wrong in a text that is still read as UTF-8."""
_WESTERN = re.compile(
    r"[A-Za-z][áéíóúüñçàèòâêîôûïëäöÁÉÍÓÚÜÑÇÀÈÒÄÖßªº]|(?<!\w)[áéíóúüñçàèâêîôäöÁÉÍÓÚÜÑÇÀÈÂÊÎÔÄÖ](?=[A-Za-z])"
    r"|(?<!\w)[¿¡«“‘](?=\w)|(?<=[\w.,!?…)])[»”’…]|(?<=[\s\w])[€–—](?!\w[¹³])"
)
_WESTERN_SHARE = 0.25
"""Of the characters that may be above 127 in a text in Latin letters."""


def decode(data: bytes) -> str:
    """The text of a text file's bytes.

    Raises:
        UnreadableError: the file is too large, or is no text.
    """
    if len(data) > MAX_TEXT_BYTES:
        raise UnreadableError(
            f"It has {len(data) / 1e6:.0f} MB of text, more than the {MAX_TEXT_BYTES // 1_000_000} MB "
            "that are read; split it into smaller files."
        )
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data.decode(name, errors="replace")
    wide = _wide_encoding(data)
    if wide:
        return data.decode(wide, errors="replace")
    controls = len(_CONTROLS.findall(data[:_SAMPLE]))
    if controls > max(_BINARY_SHARE * len(data[:_SAMPLE]), 2):
        raise UnreadableError("It is a binary file of a kind that is not read.")
    try:
        return data.decode("utf-8", errors="surrogatepass")
    except UnicodeDecodeError:
        return _decode_older(data)


def _wide_encoding(data: bytes) -> str | None:
    """UTF-16 without its mark: every other byte of Western text is zero."""
    sample = data[:2000]
    if len(sample) < 8 or len(data) % 2:
        return None
    even, odd = sample[::2].count(0) / len(sample[::2]), sample[1::2].count(0) / len(sample[1::2])
    if odd > 0.7 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.7 and odd < 0.05 else None


def _decode_older(data: bytes) -> str:
    text = data.decode("utf-8", errors="replace")
    broken = text.count("�")
    if broken <= max(_BROKEN_SHARE * len(data), 1) and len(data) - len(text) > 8 * broken:
        return text  # UTF-8 with a few bytes lost, or cut short
    western = _as_western(data)
    if western is not None:
        return western
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SAMPLE]).best()
    if best is None:
        raise UnreadableError("It is a binary file of a kind that is not read.")
    return data.decode(best.encoding, errors="replace")


def _as_western(data: bytes) -> str | None:
    # Short Spanish or French texts are told apart worst by statistics, and are the likeliest here:
    # nearly all of the bytes above 127 are then the letters and signs that these languages use.
    try:
        text = data[:_SAMPLE].decode("cp1252")
    except UnicodeDecodeError:
        return None
    high = sum(1 for character in text if ord(character) > 127)
    fitting = len(_WESTERN.findall(text))
    few = high < _WESTERN_SHARE * len(text)
    return data.decode("cp1252", errors="replace") if few and fitting >= 0.85 * high else None
