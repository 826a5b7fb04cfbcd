"""Source code and settings files: kept as they are, in blocks between their blank lines."""

from __future__ import annotations

from ingest.loaders.naming import extension
from ingest.text_builder import TextBuilder, visible
from rag.document_text import DocumentText

_EXTENSIONS = {
    "Python": ".py .pyi",
    "JavaScript": ".js .mjs .jsx",
    "TypeScript": ".ts .tsx",
    "Java": ".java",
    "Kotlin": ".kt",
    "Scala": ".scala",
    "C": ".c .h",
    "C++": ".cpp .cc .hpp",
    "C#": ".cs",
    "Go": ".go",
    "Rust": ".rs",
    "Ruby": ".rb",
    "PHP": ".php",
    "Swift": ".swift",
    "Objective-C": ".m",
    "R": ".r",
    "Julia": ".jl",
    "Lua": ".lua",
    "Perl": ".pl",
    "Haskell": ".hs",
    "OCaml": ".ml",
    "Elixir": ".ex",
    "Erlang": ".erl",
    "Clojure": ".clj",
    "Dart": ".dart",
    "shell": ".sh .bash .zsh",
    "PowerShell": ".ps1",
    "batch": ".bat",
    "SQL": ".sql",
    "CSS": ".css .scss",
    "Vue": ".vue",
    "YAML": ".yaml .yml",
    "TOML": ".toml",
    "INI": ".ini .cfg",
    "settings": ".conf",
    "XML": ".xml",
    "LaTeX": ".tex",
    "Protocol Buffers": ".proto",
    "GraphQL": ".graphql",
    "Terraform": ".tf",
    "CMake": ".cmake",
    "make": ".mk",
}
LANGUAGES = {mark: language for language, marks in _EXTENSIONS.items() for mark in marks.split()}
"""Extension to the language that is written in such files."""
_SHORT_BLOCK = 200
"""Characters up to which parts between blank lines stay together."""


def load_source_code(text: str, name: str) -> DocumentText:
    """The document of a source file; a new block begins where code starts at the margin again."""
    builder = TextBuilder()
    part: list[str] = []
    length, blank = 0, False
    for line in visible(text).split("\n"):
        at_margin = bool(line.strip()) and not line[0].isspace() and line[0] not in ")]}"
        if blank and at_margin and length > _SHORT_BLOCK:
            builder.code("\n".join(part))
            part, length = [], 0
        part.append(line)
        length += len(line)
        blank = not line.strip()
    builder.code("\n".join(part))
    language = LANGUAGES.get(extension(name), "")
    title = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or "document"
    return builder.build(title, "text/x-source", {"programming language": language})
