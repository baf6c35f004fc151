"""Documents: the same blocks as Markdown and as HTML, with all text inert."""

import re
from html.parser import HTMLParser

import pytest

from sim.experiments.conclusions.document import (
    Code,
    Document,
    Grid,
    Heading,
    Items,
    Paragraph,
    Picture,
    to_html,
    to_markdown,
)

EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a | b\n# c\r\n- d",
    "](http://evil.example/)",
    "![x](http://evil.example/x.png)",
    "`code` ``` fence",
    "<iframe src='//evil.example'></iframe>",
    "</title></style><style>@import 'http://evil.example'</style>",
    "\ud800\x00\u202e",
    "\\](http://evil.example/) \\",
)


class Reader(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *one) for one in attrs]

    def handle_data(self, data):
        self.text.append(data)


def read(page):
    """The tags, attributes and text of a page."""
    reader = Reader()
    reader.feed(page)
    return reader


def assert_inert(page):
    """Only tags that a report is made of, and nothing that runs or is fetched."""
    found = read(page)
    allowed = (
        "html head meta title style body main h1 h2 nav ul li a p div table thead tbody tr th td figure img figcaption pre code"
    )
    assert set(found.tags) <= set(allowed.split())
    assert found.tags.count("style") == found.tags.count("title") == 1
    for tag, name, value in found.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "action", "data", "srcset"):
            assert value.startswith({"img": "data:image/png;base64,", "a": "#part-"}[tag])
    policy = ("meta", "content", "default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    assert policy in found.attributes


def document(text):
    """A document with this text at every place."""
    blocks = [
        Heading(text),
        Paragraph(text, leading=True),
        Paragraph(text),
        Items([text, text]),
        Grid(["a", text], [[text, "1"]]),
        Picture("figure.png", text, text, b"\x89PNG"),
        Code(text),
    ]
    return Document(text, blocks)


@pytest.mark.parametrize("text", EVIL)
def test_whatever_stands_in_a_text_runs_nothing_and_fetches_nothing(text):
    page = to_html(document(text))
    assert_inert(page)
    page.encode()


def test_a_page_without_escaping_would_be_found_out():
    page = to_html(document("harmless"))
    with pytest.raises(AssertionError):
        assert_inert(page.replace("harmless", EVIL[0]))
    with pytest.raises(AssertionError):
        assert_inert(page.replace("harmless", "<p onclick=x>"))


@pytest.mark.parametrize("text", EVIL)
def test_markdown_has_no_markup_that_a_text_brought(text):
    written = to_markdown(document(text))
    written.encode()
    prose, _, code = written.rpartition("\n\n")
    assert "<" not in prose
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\]\(", prose)) == 1, "the figure's own link"
    assert "http://" not in prose
    assert prose.count("\n# ") == 0
    assert [line.count("|") - line.count("\\|") for line in prose.split("\n") if line.startswith("| ")] == [3, 3, 3]
    fence = code.split("\n")[0].removesuffix("sh")
    assert code.count(fence) == 2


def test_html_shows_a_text_as_it_is():
    assert 'a <b> & "c"' in "".join(read(to_html(Document("t", [Paragraph('a <b> & "c"')]))).text)


def test_words_stand_to_the_left_and_numbers_to_the_right():
    table = Grid(["arm", "mean"], [["a", "1"]])
    assert "| --- | ---: |" in to_markdown(Document("t", [table]))
    page = to_html(Document("t", [table]))
    assert '<td class="word">a</td><td>1</td>' in page


def test_every_heading_is_linked():
    found = read(to_html(Document("t", [Heading("a"), Paragraph("x"), Heading("b")])))
    links = [value for tag, name, value in found.attributes if (tag, name) == ("a", "href")]
    places = [value for tag, name, value in found.attributes if (tag, name) == ("h2", "id")]
    assert links == [f"#{place}" for place in places]
    assert len(set(places)) == 2
