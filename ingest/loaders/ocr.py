"""Read pictures of text with tesseract, where it is installed."""

from __future__ import annotations

import io
import shutil

LANGUAGES = ("spa", "eng")
HOW_TO_GET = (
    "install tesseract with its Spanish and English data (for example `apt install tesseract-ocr "
    "tesseract-ocr-spa`) and Cita's extra `ocr` (`pip install 'cita[ocr]'`), then ingest it again"
)
_SECONDS = 120


class OcrUnavailableError(Exception):
    """Tesseract, its language data or its Python package is not installed, or it failed."""


def read_picture(png: bytes) -> str:
    """The text in a picture, paragraphs a blank line apart.

    Raises:
        OcrUnavailableError: there is nothing here to read it with.
    """
    if shutil.which("tesseract") is None:
        raise OcrUnavailableError
    try:
        import pytesseract
        from PIL import Image
    except ImportError as error:
        raise OcrUnavailableError from error
    try:
        known = pytesseract.get_languages()
        languages = "+".join(code for code in LANGUAGES if code in known) or "eng"
        with Image.open(io.BytesIO(png)) as picture:
            return str(pytesseract.image_to_string(picture, lang=languages, timeout=_SECONDS))
    except (pytesseract.TesseractError, RuntimeError, OSError) as error:
        raise OcrUnavailableError from error
