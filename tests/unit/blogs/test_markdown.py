"""What people write, as HTML."""

import re
from html.parser import HTMLParser

import pytest

from app.blogs import markdown
from app.blogs.markdown import EXCERPT, MAX_STEPS, TOO_MANY_MARKS, Picture, Text, minutes, words_in
from app.errors import Invalid
from tests.hostile_texts import HOSTILE

PICTURE = Picture(7, "abc", 640, 480)
LONGEST = 100_000


def html(source: str) -> str:
    return Text(source).html([PICTURE])


def filled(pattern: str) -> str:
    return (pattern * LONGEST)[:LONGEST]


class Read(HTMLParser):
    """What a browser would find."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


class TestAText:
    @pytest.mark.parametrize(
        ("source", "shown"),
        [
            ("a *b* **c** ~~d~~ `e`", "a <em>b</em> <strong>c</strong> <s>d</s> <code>e</code>"),
            ("one\ntwo", "one<br>\ntwo"),
            ("# Head", '<h2 dir="auto">Head</h2>'),
            ("###### Head", '<h6 dir="auto">Head</h6>'),
            ("- a\n- b", '<ul>\n<li dir="auto">a</li>\n<li dir="auto">b</li>\n</ul>'),
            ("3. a", '<ol start="3">'),
            ("> said", '<blockquote dir="auto">'),
            ("```python\nx = 1\n```", "<pre><code>x = 1\n</code></pre>"),
            ("| a |\n|--:|\n| 1 |", '<td dir="auto" class="to-right">1</td>'),
            ("see[^1]\n\n[^1]: Below.", '<sup class="footnote-ref">'),
            ("see https://a.example/b?c=d", '<a href="https://a.example/b?c=d" rel="nofollow noopener noreferrer">'),
            ("a.com and Mr.Smith", "a.com and Mr.Smith"),
            ("&amp; < >", "&amp; &lt; &gt;"),
            ("a <em>b</em>", "a &lt;em&gt;b&lt;/em&gt;"),
        ],
    )
    def test_is_shown_as_it_is_marked(self, source: str, shown: str) -> None:
        assert shown in html(source)

    def test_turns_each_block_the_way_it_is_written(self) -> None:
        assert html("كان\n\nwas").count('<p dir="auto">') == 2

    def test_begins_without_its_marks(self) -> None:
        assert Text("# Head\n\nA *long*\nway [home](https://a.example).").excerpt == "Head A long way home."

    def test_begins_with_a_whole_word_and_dots(self) -> None:
        excerpt = Text("word " * 100).excerpt
        assert (excerpt[-8:], len(excerpt) <= EXCERPT) == ("word...", True) or excerpt.endswith("word...")

    @pytest.mark.parametrize(
        ("source", "count"), [("", 0), ("It's a well-known way", 4), ("# a *b*", 2), ("日本語の文章", 3)]
    )
    def test_counts_its_words(self, source: str, count: int) -> None:
        assert words_in(source) == count

    @pytest.mark.parametrize(("words", "needed"), [(0, 1), (230, 1), (500, 2)])
    def test_says_how_many_minutes_it_takes(self, words: int, needed: int) -> None:
        assert minutes(words) == needed


class TestAPictureInAText:
    def test_has_its_variants_and_its_size(self) -> None:
        [_, (_, picture)] = Read(html("![The office](/attachments/7)")).found
        assert (picture["src"], picture["alt"], picture["width"], picture["height"]) == (
            "/attachments/7?v=abc&w=1280",
            "The office",
            "640",
            "480",
        )

    def test_that_stands_alone_has_its_caption_below(self) -> None:
        assert "</figure>" in html('![a](/attachments/7 "At *dawn*")')
        assert "<figcaption>At *dawn*</figcaption>" in html('![a](/attachments/7 "At *dawn*")')

    def test_within_a_line_has_none(self) -> None:
        assert "<figcaption>" not in html('see ![a](/attachments/7 "At dawn")')

    def test_that_is_not_the_writers_is_its_words(self) -> None:
        assert html("![The office](/attachments/8)") == '<figure dir="auto">The office</figure>\n'

    def test_from_elsewhere_is_a_link(self) -> None:
        tags = [tag for tag, _ in Read(html("![Cat](https://a.example/cat.png)")).found]
        assert ("img" in tags, "a" in tags) == (False, True)

    def test_is_named(self) -> None:
        assert Text("![a](/attachments/7) [b](/attachments/9) ![c](/attachments/x)").attachments == {7, 9}


KNOWN = re.compile(r"(https?://|mailto:|/attachments/[0-9]|/blogs/[0-9]+$|#fn)", re.IGNORECASE)


def assert_harmless(shown: str) -> None:
    for tag, attributes in Read(shown).found:
        assert tag not in {"script", "style", "iframe", "svg", "math", "form", "input", "base", "meta", "noscript"}
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in {"href", "src"} & attributes.keys():
            assert KNOWN.match(attributes[name] or "")


class TestAHostileText:
    @pytest.mark.parametrize("source", HOSTILE)
    def test_brings_in_no_script(self, source: str) -> None:
        assert_harmless(html(source))

    def test_takes_no_id_of_the_page(self) -> None:
        assert {attributes.get("id") for _, attributes in Read(html("a[^main]\n\n[^main]: b")).found} <= {
            None,
            "fn1",
            "fnref1",
        }


class TestHtmlThatTheParserLetsThrough:
    """It does not: what cleans its HTML is a defence of its own."""

    @pytest.fixture(autouse=True)
    def let_through(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(markdown._markdown.options, "html", True)

    def test_is_what_it_says(self) -> None:
        assert "a <em>b</em>" in html("a <em>b</em>")

    @pytest.mark.parametrize("source", HOSTILE)
    def test_brings_in_no_script(self, source: str) -> None:
        assert_harmless(html(source))

    @pytest.mark.parametrize("named", ['id="main"', 'id="fn1 main"', 'class="btn"', 'class="table btn"'])
    def test_takes_no_name_of_the_page(self, named: str) -> None:
        assert "<a rel=" in html(f"<a {named}>b</a>")


class TestATextOfTheGreatestLength:
    def test_of_prose_is_shown(self) -> None:
        assert html(filled("The *harbour* office keeps a lamp, and nobody remembers who asked for it first. "))

    @pytest.mark.parametrize(
        "pattern",
        [
            "[",
            "![",
            "*a ",
            "**a*",
            "_a",
            "- a\n",
            "[a](b) ",
            "[](",
            "# a\n",
            "^[a ",
            "`a` ",
            "https://a.b/ ",
            "*_**`[~~",
            "<",
        ],
    )
    def test_of_nothing_but_marks_is_refused(self, pattern: str) -> None:
        with pytest.raises(Invalid) as refused:
            Text(filled(pattern))
        assert refused.value.fields == {"content": TOO_MANY_MARKS}

    @pytest.mark.parametrize("pattern", [">", "*", "a", "//", "a.", "\n", "     a\n", "[a](" + "(" * 1000])
    def test_takes_no_more_steps_than_that(self, pattern: str) -> None:
        steps = Text(filled(pattern))._env["steps"]
        assert steps <= MAX_STEPS
