"""A small document, rendered to Markdown and to one HTML file that needs nothing else.

All text is plain text: whatever stands in it, it is shown and never read as markup, a link or a script.
"""

import base64
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from sim.experiments.conclusions.look import STYLE


@dataclass(frozen=True)
class Heading:
    """The title of a part."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Sentences."""

    text: str
    leading: bool = False
    """Whether it is the result, set off from the rest."""


@dataclass(frozen=True)
class Items:
    """A list."""

    items: Sequence[str]


@dataclass(frozen=True)
class Grid:
    """A table: the first columns are words, the others numbers."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1
    """Columns that are words and stand to the left."""


@dataclass(frozen=True)
class Picture:
    """A figure."""

    name: str
    """Of its file, which lies beside the document."""
    title: str
    caption: str
    png: bytes


@dataclass(frozen=True)
class Code:
    """Lines to be typed."""

    text: str


Block = Heading | Paragraph | Items | Grid | Picture | Code


@dataclass(frozen=True)
class Document:
    """A title and what follows it."""

    title: str
    blocks: Sequence[Block]


def plain(text: str) -> str:
    """One line of text: line breaks and tabs are spaces, and what is invisible or turns the direction of writing is shown as �.

    >>> plain("a\\nb\\x00\\u202ec\\ud800")
    'a b��c�'
    """
    spaced = re.sub(r"[\s\u2028\u2029]+", " ", str(text)).strip()
    return "".join("�" if unicodedata.category(one) in ("Cc", "Cf", "Cs") else one for one in spaced)


def _marked(text: str) -> str:
    """Text for Markdown, with everything escaped that could be read as markup.

    >>> print(_marked("fill_rate | *a* <b> [c](http://d) `e` _f_ $g$"))
    fill_rate \\| \\*a\\* &lt;b&gt; \\[c\\](http\\://d) \\`e\\` \\_f\\_ \\$g\\$
    """
    out = plain(text).replace("&", "&amp;").replace("\\", "\\\\").replace("<", "&lt;").replace(">", "&gt;")
    out = re.sub(r"([`*\[\]|~$])", r"\\\1", out)
    out = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", out)
    return re.sub(r"(?i)\b(www)\.", r"\1\\.", out.replace("://", "\\://"))


def _line(text: str) -> str:
    """Marked text that starts a line, where a few more characters mean something.

    >>> _line("# a"), _line("- b"), _line("1. c")
    ('\\\\# a', '\\\\- b', '1\\\\. c')
    """
    return re.sub(r"^(\d*)([-+#=.)])", r"\1\\\2", _marked(text))


def to_markdown(document: Document) -> str:
    """The document as Markdown; figures are files beside it."""
    return "\n\n".join([f"# {_line(document.title)}", *(_in_markdown(block) for block in document.blocks)]) + "\n"


def _in_markdown(block: Block) -> str:
    match block:
        case Heading(text):
            return f"## {_line(text)}"
        case Paragraph(text):
            return _line(text)
        case Items(items):
            return "\n".join(f"- {_line(item)}" for item in items)
        case Grid(header, rows, words):
            sides = ["---" if k < words else "---:" for k in range(len(header))]
            lines = [[_marked(cell) for cell in header], sides, *([_marked(cell) for cell in row] for row in rows)]
            return "\n".join(f"| {' | '.join(line)} |" for line in lines)
        case Picture(name, title, caption, _):
            return f"![{_marked(title)}]({name})\n\n{_line(caption)}"
        case Code(text):
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
            return f"{fence}sh\n{_lines(text)}\n{fence}"


def _lines(text: str) -> str:
    """Several lines, each plain."""
    return "\n".join(plain(line) for line in text.split("\n"))


def to_html(document: Document) -> str:
    """The document as one HTML file: no script, nothing from outside, figures inside."""
    headings = [block for block in document.blocks if isinstance(block, Heading)]
    places = {id(block): f"part-{k}" for k, block in enumerate(headings, 1)}
    links = "".join(f'<li><a href="#{places[id(one)]}">{_text(one.text)}</a></li>' for one in headings)
    body = "\n".join(_in_html(block, places.get(id(block), "")) for block in document.blocks)
    title = _text(document.title)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<nav aria-label="Parts"><ul>{links}</ul></nav>
{body}
</main>
</body>
</html>
"""


def _text(text: str) -> str:
    return escape(plain(text), quote=True)


def _in_html(block: Block, place: str) -> str:
    match block:
        case Heading(text):
            return f'<h2 id="{place}">{_text(text)}</h2>'
        case Paragraph(text, leading):
            opening = '<p class="leading">' if leading else "<p>"
            return f"{opening}{_text(text)}</p>"
        case Items(items):
            return f"<ul>{''.join(f'<li>{_text(item)}</li>' for item in items)}</ul>"
        case Grid(header, rows, words):
            head = _row(header, words, "th")
            lines = "\n".join(_row(row, words, "td") for row in rows)
            return f'<div class="wide"><table>\n<thead>{head}</thead>\n<tbody>\n{lines}\n</tbody>\n</table></div>'
        case Picture(_, title, caption, png):
            data = base64.b64encode(png).decode()
            image = f'<img alt="{_text(title)}" src="data:image/png;base64,{data}">'
            return f"<figure>{image}<figcaption>{_text(caption)}</figcaption></figure>"
        case Code(text):
            return f"<pre><code>{escape(_lines(text), quote=True)}</code></pre>"


def _row(cells: Sequence[str], words: int, tag: str) -> str:
    """A line of a table."""
    sides = (' class="word"' if k < words else "" for k in range(len(cells)))
    return f"<tr>{''.join(f'<{tag}{side}>{_text(cell)}</{tag}>' for cell, side in zip(cells, sides, strict=True))}</tr>"
