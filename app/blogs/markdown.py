"""What people write, as HTML: CommonMark with tables, strikethrough, footnotes, and links made of addresses.

The pictures in a text are the writer's own files, by their addresses here:
`![Alternative text](/attachments/7 "Caption")`.
"""

import re
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.footnote import footnote_plugin

from app.errors import Invalid
from app.images.server import VARIANT_WIDTHS

# Each step takes up to 15 µs, so that the worst of texts takes 0.2 s. Prose of 100,000 letters takes 9,000.
MAX_STEPS = 15_000
TOO_MANY_MARKS = "This has more Markdown marks (links, lists, emphasis, tables) than can be shown: split it in two"
EXCERPT = 280
WORDS_A_MINUTE = 230

ATTACHMENT = re.compile(r"/attachments/([1-9][0-9]{0,17})")
TURNED = {"paragraph_open", "heading_open", "list_item_open", "blockquote_open", "th_open", "td_open"}
TAGS = {
    *(
        "p",
        "br",
        "hr",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "code",
        "em",
        "strong",
        "s",
    ),
    *("a", "sup", "section", "table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "img", "div"),
}
ATTRIBUTES = {
    "a": {"href", "title", "id", "class"},
    "img": {"src", "srcset", "sizes", "width", "height", "alt", "loading"},
    "ol": {"start", "class"},
    "li": {"id", "class"},
    "th": {"class"},
    "td": {"class"},
    "sup": {"class"},
    "section": {"class"},
    "div": {"class", "tabindex", "role", "aria-label"},
}
CLASSES = {"footnote-ref", "footnotes", "footnotes-list", "footnote-item", "footnote-backref"}
CLASSES |= {"table", "to-left", "to-center", "to-right"}
ELSEWHERE = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
HERE = re.compile(r"#fn(ref)?[0-9:]{1,12}|/(attachments|blogs)/[1-9][0-9]{0,17}")
FOOTNOTE = re.compile(r"fn(ref)?[0-9]{1,6}(:[0-9]{1,6})?")
CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")


Env = MutableMapping[str, Any]


@dataclass(frozen=True)
class Picture:
    """A file of the writer's, as far as showing it in a text goes."""

    id: int
    fingerprint: str
    width: int
    height: int


class Text:
    """One text, parsed. Raises Invalid, which blames `content`, for one whose parsing takes too long."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._env: dict[str, Any] = {"steps": 0}
        self._tokens = _markdown.parse(source, self._env)

    @property
    def attachments(self) -> set[int]:
        """The ids of the files that it shows, or links to."""
        return {found for token in _inline(self._tokens) if (found := _attachment_id(token))}

    @property
    def excerpt(self) -> str:
        """How it begins, without its marks: at most EXCERPT letters, cut at a word."""
        return shortened(self.without_marks(2 * EXCERPT))

    def without_marks(self, enough: int) -> str:
        """Its words as they are read, but for blocks of code: so many letters of them or a few more, if there are."""
        words: list[str] = []
        length = 0
        for token in _inline(self._tokens):
            if token.type in ("text", "code_inline", "softbreak", "hardbreak", "end"):
                words.append(token.content if token.type == "text" else token.content or " ")
                length += len(token.content) + 1
            if length > enough:
                break
        return "".join(words)

    @property
    def words(self) -> int:
        return words_in(self.source)

    def html(self, pictures: Iterable[Picture]) -> str:
        """It as safe HTML. A picture that is not among those given is its alternative text; one elsewhere is a link."""
        env = {**self._env, "pictures": {picture.id: picture for picture in pictures}}
        return _cleaner.clean(_markdown.renderer.render(self._tokens, _markdown.options, env))


def shortened(text: str) -> str:
    """At most EXCERPT letters of the text, cut at a word."""
    line = " ".join(text[: 2 * EXCERPT].split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 3].rsplit(" ", 1)[0] + "..."


def words_in(text: str) -> int:
    """How many words the text has; two letters of a script without spaces count as one."""
    others, letters = CJK.subn(" ", text)
    return len(WORD.findall(others)) + letters // 2


def minutes(words: int) -> int:
    return max(1, round(words / WORDS_A_MINUTE))


def _count_inline(state: Any, _silent: bool) -> bool:
    _count(state.env)
    return False


def _count_block(state: Any, _start: int, _end: int, _silent: bool) -> bool:
    _count(state.env)
    return False


def _count(env: dict[str, Any]) -> None:
    env["steps"] += 1
    if env["steps"] > MAX_STEPS:
        raise Invalid({"content": TOO_MANY_MARKS})


def _count_others(state: Any) -> None:
    # What the search for addresses and the cells of tables take, which are no steps of the parser's.
    state.env["steps"] += 2 * state.src.count("://") + state.src.count("|") // 2
    _count(state.env)


def _shape(state: Any) -> None:
    """Headings below the page's own, a direction for each block, a figure for a picture that stands alone."""
    for index, token in enumerate(state.tokens):
        if token.type in TURNED:
            token.attrSet("dir", "auto")
            if style := token.attrs.pop("style", None):
                # The style of a column; as a style it would be inline, which the browser is told to refuse.
                token.attrSet("class", str(style).replace("text-align:", "to-"))
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
        if token.type == "inline" and token.children:
            token.children.append(Token("end", "", 0))
            if [child.type for child in token.children] == ["image", "end"]:
                state.tokens[index - 1].tag = state.tokens[index + 1].tag = "figure"
                token.children[0].meta["alone"] = True


def _inline(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from token.children or ()


def _attachment_id(token: Token) -> int:
    address = {"image": "src", "link_open": "href"}.get(token.type, "")
    found = ATTACHMENT.fullmatch(str(token.attrGet(address)))
    return int(found[1]) if found else 0


class _Renderer(RendererHTML):
    def image(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Env) -> str:
        token = tokens[index]
        alternative = escape(self.renderInlineAsText(token.children or [], options, env))
        picture = env["pictures"].get(_attachment_id(token))
        if picture is None:
            source = escape(str(token.attrGet("src")))
            return alternative if ATTACHMENT.match(source) else f'<a href="{source}">{alternative or source}</a>'
        caption = escape(str(token.attrGet("title") or ""))
        below = f"<figcaption>{caption}</figcaption>" if caption and "alone" in token.meta else ""
        return f"{_img(picture, alternative)}{below}"

    def end(self, *_: Any) -> str:
        return ""

    def table_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Env) -> str:
        # It scrolls by itself, which a keyboard must reach.
        opened = self.renderToken(tokens, index, options, env)
        return f'<div class="table" tabindex="0" role="group" aria-label="Table">{opened}'

    def table_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Env) -> str:
        return f"{self.renderToken(tokens, index, options, env)}</div>"


def _footnote_number(_renderer: Any, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: Env) -> str:
    # Without the plugin's brackets, before which a line may break.
    return str(tokens[index].meta["id"] + 1)


def _img(picture: Picture, alternative: str) -> str:
    address = f"/attachments/{picture.id}?v={picture.fingerprint}&amp;w="
    variants = ", ".join(f"{address}{width} {width}w" for width in VARIANT_WIDTHS)
    return (
        f'<img src="{address}{max(VARIANT_WIDTHS)}" srcset="{variants}" sizes="(min-width: 52rem) 49.5rem, 100vw"'
        f' width="{picture.width}" height="{picture.height}" alt="{alternative}" loading="lazy">'
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "id":
        return value if FOOTNOTE.fullmatch(value) else None
    if name == "class":
        return value if set(value.split()) <= CLASSES else None
    if name == "href":
        # Elsewhere, or what is read here: a text by somebody else leads nobody to log out or to delete.
        return value if ELSEWHERE.match(value) or HERE.fullmatch(value) else None
    if (tag, name) == ("img", "src"):
        return value if ATTACHMENT.match(value) else None
    return value


def _made() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": True, "breaks": True}, renderer_cls=_Renderer)
    markdown.enable(["table", "strikethrough", "linkify"]).use(footnote_plugin)
    assert markdown.linkify is not None  # noqa: S101  for the type checker
    # Only what names its scheme: `a.com` and `Mr.Smith` are words.
    markdown.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    within = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    markdown.block.ruler.before("table", "count", _count_block, within)  # type: ignore[arg-type]
    markdown.inline.ruler.before("text", "count", _count_inline)
    markdown.core.ruler.before("normalize", "count", _count_others)
    markdown.core.ruler.push("shape", _shape)
    markdown.add_render_rule("footnote_caption", _footnote_number)
    return markdown


_markdown = _made()
_cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes={tag: ATTRIBUTES.get(tag, set()) | {"dir"} for tag in TAGS},
    attribute_filter=_attribute,
    url_schemes={"http", "https", "mailto"},
    link_rel="nofollow noopener noreferrer",
)
