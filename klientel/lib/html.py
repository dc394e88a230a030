"""HTML that came from outside: cleaned; plain text turned into HTML and back."""

import re
from collections.abc import Callable
from html import escape, unescape

import nh3

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "code", "col", "colgroup", "dd", "del", "div", "dl", "dt", "em",
    "figcaption", "figure", "h1", "h2",
    "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li", "mark", "ol", "p", "pre", "q", "s", "small", "span",
    "strong", "sub", "sup",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start"},
    "abbr": {"title"},
}
_SCHEMES = {"http", "https", "mailto", "tel"}
_LINK = re.compile(r"(?P<url>https?://[^\s<>\"']+)|(?P<mail>[\w.+%-]+@[\w-]+(?:\.[\w-]+)+)")
_BLOCK_END = re.compile(r"<\s*(?:br|/p|/div|/li|/tr|/h[1-6]|/blockquote|hr)\b[^>]*>", re.IGNORECASE)
_HIDDEN = re.compile(r"<(script|style|head|title)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_ANY_TAG = re.compile(r"<!--.*?(?:-->|\Z)|</?[a-zA-Z!][^>]*>", re.DOTALL)
_LATE_PUNCTUATION = ".,;:!?)]}»”’"


def sanitise(
    html: str, *, images: bool = False, inside: bool = False, picture: Callable[[str], str | None] | None = None
) -> str:
    """Rich text with only harmless tags: no script, style, form, frame, event or inline style; links open without
    opener.

    Pictures only where `images` is given, and then only by http(s) address: a picture from outside tells its sender who
    reads it. `inside` keeps those that lie in the same mail too (cid:). `picture` says for each address what stands in
    its place, or nothing.
    """
    tags = _TAGS if images else _TAGS - {"img"}
    attributes = _ATTRIBUTES if images else {tag: names for tag, names in _ATTRIBUTES.items() if tag != "img"}
    return nh3.clean(
        html.replace("\x00", ""),
        tags=tags,
        attributes=attributes,
        url_schemes=_SCHEMES | {"cid"} if inside else _SCHEMES,
        attribute_filter=None
        if picture is None
        else lambda tag, name, value: picture(value) if (tag, name) == ("img", "src") else value,
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
        clean_content_tags={"script", "style"},
    )


def text_to_html(text: str) -> str:
    """Plain text as safe HTML: paragraphs, line breaks, web and mail addresses as links."""
    blocks = re.split(r"\n[ \t]*\n+", text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").strip("\n"))
    return "".join(f"<p>{_linked(block).replace(chr(10), '<br>')}</p>" for block in blocks if block.strip())


def _linked(text: str) -> str:
    parts: list[str] = []
    position = 0
    for match in _LINK.finditer(text):
        target = match.group(0).rstrip(_LATE_PUNCTUATION)
        address = target if match.group("url") else f"mailto:{target}"
        parts.append(escape(text[position : match.start()]))
        parts.append(f'<a href="{escape(address)}" rel="noopener noreferrer nofollow">{escape(target)}</a>')
        position = match.start() + len(target)
    parts.append(escape(text[position:]))
    return "".join(parts)


def html_to_text(html: str) -> str:
    """The readable text of HTML, for search, previews and the plain part of a mail.

    Blank lines at most one in a row.
    """
    text = _BLOCK_END.sub("\n", re.sub(r"\s+", " ", _HIDDEN.sub("", html.replace("\x00", ""))))
    text = unescape(_ANY_TAG.sub("", text)).replace("\xa0", " ")
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
