"""HTML: main text with its blocks, nothing hidden, no navigation."""

import time

import pytest

from ingest.loading import load
from rag.document_text import DocumentText

PAGE = """<!doctype html><html lang="es"><head><title>Atención — Un sitio</title>
<meta name="author" content="Ana"><style>.x{}</style></head>
<body><header><nav><a href="/">Inicio</a> <a href="/b">Blog</a></nav></header>
<main><h1>Atención <a class="headerlink" href="#a">¶</a></h1>
<p>Hola <b>mun</b>do,
 esto es&nbsp;<code>x &lt; y</code>.<!-- comentario --><br>Otra línea</p>
<ul><li>Uno<ul><li>Dentro <a href="x">con enlace</a></li></ul></li><li><p>Dos</p><p>Más</p></li></ul>
<ol start="3"><li>tres</li><li>cuatro</li></ol>
<pre><code>def f():
    return 1

x = 2</code></pre>
<table><caption>Tabla 1</caption><thead><tr><th>A</th><th>B</th></tr></thead>
<tr><td rowspan=2>1</td><td>2</td></tr><tr><td>3<br>4</td></tr></table>
<table><tr><td><p>Solo reparte</p></td></tr></table>
<h2>Fin</h2><blockquote><p>Una cita.</p></blockquote><p>último <img src="i.png" alt="dibujo"></p>
</main><aside>Anuncios</aside><footer>pie</footer></body></html>"""

HIDDEN = [
    '<p style="display:none">secreto</p>',
    '<p style="color:red; visibility: hidden">secreto</p>',
    "<p hidden>secreto</p>",
    '<span aria-hidden="true">secreto</span>',
    "<!-- secreto -->",
    "<script>secreto</script>",
    "<style>secreto</style>",
    "<template>secreto</template>",
    "<noscript>secreto</noscript>",
    '<div class="sr-only">secreto</div>',
    '<div class="cookie-banner">secreto</div>',
    '<div role="navigation">secreto</div>',
    "<nav>secreto</nav>",
    "<footer>secreto</footer>",
    '<ul class="menu"><li><a href="/">secreto</a></li></ul>',
    "<form><button>secreto</button><select><option>secreto</option></select></form>",
    "<svg><text>secreto</text></svg>",
    '<p>&#xE0073;&#xE0065;</p><p hidden="until-found">secreto</p>',
]


def blocks(document: DocumentText) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


def test_keeps_the_main_text_with_its_blocks() -> None:
    document = load(PAGE.encode(), "a.html")
    assert blocks(document) == [
        ("heading", 1, "Atención"),
        ("paragraph", 0, "Hola mundo, esto es x < y.\nOtra línea"),
        ("list_item", 1, "- Uno"),
        ("list_item", 2, "- Dentro con enlace"),
        ("list_item", 1, "- Dos"),
        ("list_item", 1, "Más"),
        ("list_item", 1, "3. tres"),
        ("list_item", 1, "4. cuatro"),
        ("code", 0, "def f():\n    return 1\n\nx = 2"),
        ("paragraph", 0, "Tabla 1"),
        ("table_row", 0, "A: 1 | B: 2"),
        ("table_row", 0, "A: 1 | B: 3 4"),
        ("paragraph", 0, "Solo reparte"),
        ("heading", 2, "Fin"),
        ("quote", 0, "Una cita."),
        ("paragraph", 0, "último dibujo"),
    ]
    assert document.title == "Atención"
    assert document.metadata == {"author": "Ana", "language": "es"}


@pytest.mark.parametrize("hidden", HIDDEN)
def test_what_readers_do_not_see_does_not_enter(hidden: str) -> None:
    page = f"<html><body><h1>T</h1><p>antes</p>{hidden}<p>después</p></body></html>"
    assert load(page.encode(), "a.html").text == "T\n\nantes\n\ndespués"


def test_text_before_and_after_what_is_left_out_stays_one_paragraph() -> None:
    page = "<p>uno <script>x</script>dos <span hidden>no</span>tres</p>"
    assert load(page.encode(), "a.html").text == "uno dos tres"


def test_a_lone_article_is_the_main_part_and_short_ones_are_not() -> None:
    story = "<p>" + "Una historia larga. " * 40 + "</p>"
    page = f"<body><div>Cabecera del sitio</div><article>{story}</article></body>"
    assert "Cabecera" not in load(page.encode(), "a.html").text
    cards = f"<body>{story}<article>una ficha</article></body>"
    assert "historia" in load(cards.encode(), "a.html").text


def test_reads_the_encoding_that_the_page_names() -> None:
    page = '<html><meta charset="iso-8859-15"><p>El niño pagó 5 €</p></html>'
    assert load(page.encode("iso-8859-15"), "a.html").text == "El niño pagó 5 €"


def test_a_name_without_extension_is_told_by_its_content() -> None:
    assert load(PAGE.encode(), "page").media_type == "text/html"
    assert load(PAGE.encode(), "page.txt").media_type == "text/html"


@pytest.mark.parametrize(
    ("page", "kept"),
    [
        ("<div>" * 100_000 + "hola", "hola"),
        ("<p>a" * 200_000, "a"),
        ("<table><tr><td>" * 1_000 + "hola", "hola"),
        ("<ul><li>" * 900 + "hola", "hola"),
        ("<b>" * 100_000 + "hola", "hola"),
        ("<p>hola" + "<" * 200_000, "hola"),
    ],
    ids=["divs", "paragraphs", "tables", "lists", "bold", "signs"],
)
def test_awkward_pages_end_in_time_and_keep_their_text(page: str, kept: str) -> None:
    before = time.process_time()
    assert kept in load(f"<html><body>{page}".encode(), "a.html").text
    assert time.process_time() - before < 20
