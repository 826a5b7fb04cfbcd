"""E-mail (.eml): who wrote to whom about what, and the message's text."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage

from ingest.loaders.encoding import MAX_TEXT_BYTES, decode
from ingest.loaders.html import add_page
from ingest.loaders.naming import stem
from ingest.loaders.plain import add_plain_text
from ingest.text_builder import TextBuilder, visible
from rag.document_text import DocumentText
from rag.errors import UnreadableError

MEDIA_TYPE = "message/rfc822"
_HEADER = re.compile(
    rb"^(?:received|return-path|delivered-to|message-id|mime-version|from|to|date|subject|reply-to|content-type|"
    rb"x-[\w-]+|dkim-signature|cc|authentication-results|arc-[\w-]+):",
    re.IGNORECASE,
)
_NEEDED = re.compile(rb"^(?:from|message-id|received):", re.IGNORECASE | re.MULTILINE)
_SHOWN = ("From", "To", "Cc", "Date")
_READ = {"From": "author", "Date": "date", "To": "to"}
# What the standard library's parser raises on headers and bodies that break its own rules.
_PARSER_ERRORS = (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


def looks_like_mail(data: bytes) -> bool:
    """Whether the bytes begin with the headers of a message."""
    head = re.split(rb"\r?\n\r?\n", data[:20_000], maxsplit=1)[0]
    lines = [line for line in head.splitlines() if line and not line[:1].isspace()]
    return len(lines) >= 3 and all(map(_HEADER.match, lines)) and bool(_NEEDED.search(head))


def load_mail(data: bytes, name: str) -> DocumentText:
    """The document of a message; attachments are named in a warning and not read.

    Raises:
        UnreadableError: the message is damaged.
    """
    if len(data) > MAX_TEXT_BYTES:
        raise UnreadableError(
            f"It has more than the {MAX_TEXT_BYTES // 1_000_000} MB that are read of a message."
        )
    builder = TextBuilder()
    try:
        message = message_from_bytes(data, policy=policy.default)
        headers = {key: str(message.get(key, "")) for key in ("Subject", *_SHOWN)}
        builder.heading(headers["Subject"], 1)
        builder.paragraph("\n".join(f"{key}: {headers[key]}" for key in _SHOWN if headers[key]))
        _add_body(builder, message)
        attached = [part.get_filename() or part.get_content_type() for part in message.iter_attachments()]
    except _PARSER_ERRORS as error:
        raise UnreadableError("It is a message that is damaged or nested too deeply to be read.") from error
    fields = {_READ[key]: headers[key] for key in _READ if headers[key]}
    warnings = [f"Attachments were not read: {', '.join(attached)}."] if attached else []
    return builder.build(headers["Subject"] or stem(name), MEDIA_TYPE, fields, warnings)


def _add_body(builder: TextBuilder, message: EmailMessage) -> None:
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return
    payload = body.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return
    charset = body.get_content_charset() or "utf-8"
    try:
        text = payload.decode(charset)
    except (UnicodeDecodeError, LookupError):
        text = decode(payload)
    if body.get_content_subtype() == "html":
        add_page(builder, text)
    else:
        add_plain_text(builder, visible(text))
