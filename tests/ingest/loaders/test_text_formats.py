"""Markdown, reStructuredText, plain text, source code and the encodings they come in."""

import pytest

from ingest.loaders.encoding import decode
from ingest.loaders.naming import extension, stem
from ingest.loading import load
from rag.document_text import DocumentText

MARKDOWN = """---
title: "Guía"
author: Ana
---
# Guía de *uso*

Un párrafo con **negrita**, [un enlace](http://x.org), `código` y
dos líneas.\\
Salto. ![una imagen](a.png)<!-- nada -->

1. uno
2. dos
   - dentro

> una cita

| A | B |
|---|---|
| 1 | **2** |
| 3 |   |

```python
def f():
    return 1
```

<div>HTML <b>visible</b><script>no</script></div>

Otro título
-----------
fin
"""


def blocks(document: DocumentText) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


def test_markdown_is_what_a_reader_sees() -> None:
    document = load(MARKDOWN.encode(), "notas/guia.md")
    assert blocks(document) == [
        ("heading", 1, "Guía de uso"),
        ("paragraph", 0, "Un párrafo con negrita, un enlace, código y dos líneas.\nSalto. una imagen"),
        ("list_item", 1, "1. uno"),
        ("list_item", 1, "2. dos"),
        ("list_item", 2, "- dentro"),
        ("quote", 0, "una cita"),
        ("table_row", 0, "A: 1 | B: 2"),
        ("table_row", 0, "A: 3"),
        ("code", 0, "def f():\n    return 1"),
        ("paragraph", 0, "HTML visible"),
        ("heading", 2, "Otro título"),
        ("paragraph", 0, "fin"),
    ]
    assert document.title == "Guía"
    assert document.metadata == {"author": "Ana"}
    assert document.media_type == "text/markdown"


def test_restructured_text_loses_its_marks_and_none_of_its_text() -> None:
    source = """
=====
Title
=====

Some *emphasis*, ``code()``, a `link <http://x.org>`_ and :py:func:`~a.b`.

Part
----

- one
- two goes
  on

An example::

    x = 1
    y = 2

.. code-block:: python
   :linenos:

   print("hi")

.. note:: Take care
   with this.

.. unknown:: thing

   Kept text.

.. a comment

End.
"""
    document = load(source.encode(), "x.rst")
    assert blocks(document) == [
        ("heading", 1, "Title"),
        ("paragraph", 0, "Some emphasis, code(), a link and a.b."),
        ("heading", 2, "Part"),
        ("list_item", 1, "- one"),
        ("list_item", 1, "- two goes\non"),
        ("paragraph", 0, "An example:"),
        ("code", 0, "x = 1\ny = 2"),
        ("code", 0, 'print("hi")'),
        ("paragraph", 0, "Note: Take care"),
        ("paragraph", 0, "with this."),
        ("paragraph", 0, "thing"),
        ("paragraph", 0, "Kept text."),
        ("paragraph", 0, "End."),
    ]


def test_plain_text_joins_lines_wrapped_by_hand() -> None:
    source = (
        "UN TÍTULO QUE GRITA\n\n"
        "Este párrafo se cortó a mano en unas sesenta columnas, más o\n"
        "menos, y sus líneas vuelven a ser un solo texto seguido que\n"
        "nadie nota.\n\n"
        "Verso corto,\nverso aparte\n\n"
        "  * uno que sigue en la línea que viene detrás de esta misma\n"
        "    línea\n"
        "  * dos\n\n"
        "2.1 Apartado con número\n\n"
        "Subrayado\n=========\n"
        "Texto.\n"
    )
    assert blocks(load(source.encode(), "a.txt")) == [
        ("heading", 2, "UN TÍTULO QUE GRITA"),
        (
            "paragraph",
            0,
            "Este párrafo se cortó a mano en unas sesenta columnas, más o menos, y sus líneas "
            "vuelven a ser un "
            "solo texto seguido que nadie nota.",
        ),
        ("paragraph", 0, "Verso corto,\nverso aparte"),
        ("list_item", 1, "- uno que sigue en la línea que viene detrás de esta misma línea"),
        ("list_item", 1, "- dos"),
        ("heading", 3, "2.1 Apartado con número"),
        ("heading", 1, "Subrayado"),
        ("paragraph", 0, "Texto."),
    ]


def test_source_code_is_kept_and_parted_at_the_margin() -> None:
    source = '"""Doc."""\n\nimport os\n\n' + "".join(
        f"def f{n}():\n    a = {n}  # a comment that takes some room in the line, so that it counts\n\n"
        f"    return '{'x' * 150}'\n\n\n"
        for n in range(3)
    )
    document = load(source.encode(), "src/mod.py")
    assert [kind for kind, _, _ in blocks(document)] == ["code"] * 3
    assert document.text.replace("\n\n\n", "\n\n") == source.strip().replace("\n\n\n", "\n\n")
    assert document.title == "mod.py"
    assert document.metadata == {"programming language": "Python"}


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Canción del niño — 日本"),
        ("utf-8-sig", "Canción"),
        ("utf-16", "Canción del niño"),
        ("utf-16-le", "Cancion del nino y de la nina"),
        ("utf-32", "Canción"),
        ("latin-1", "La canción del niño que soñó: ¿qué pasó?"),
        ("cp1252", "“Comillas” y niño — 5 €"),
        ("cp1252", "El próximo año habrá más información"),
        ("cp1250", "Zażółć gęślą jaźń. Polski tekst, który zapisano dawno temu w starym kodowaniu. " * 3),
        ("shift_jis", "これは日本語の文章です。検索と回答のためのプログラムについて説明します。" * 5),
        ("cp1251", "Это русский текст о поиске и ответах, который написан в старой кодировке. " * 5),
    ],
)
def test_decodes(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_a_text_cut_within_a_character_is_still_utf8() -> None:
    text = "Canción del niño y de la niña. " * 50 + "ñ"
    assert decode(text.encode()[:-1]).startswith("Canción del niño")


def test_names() -> None:
    assert stem("a/b/notas.finales.md") == "notas.finales"
    assert stem("https://x.org/guia.html?y=1") == "guia"
    assert stem(".gitignore") == ".gitignore"
    assert extension("C:\\x\\A.PDF") == ".pdf"
    assert extension("README") == ""
