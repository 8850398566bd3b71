"""HTML and SVG as element trees: a text put into one stays text, whatever it holds. Knows nothing of reports."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, tostring

__all__ = ["Cell", "element", "render", "table"]

Cell = str | Element


def element(tag: str, *children: Cell, **attributes: str | float) -> Element:
    """Element with children; `_` in attribute names stands for `-`, a last one is dropped (`class_`).

    >>> render(element("p", "1 < 2 ", element("b", "& <script>"), class_="note"))
    '<p class="note">1 &lt; 2 <b>&amp; &lt;script&gt;</b></p>'
    """
    made = Element(tag, {name.rstrip("_").replace("_", "-"): str(value) for name, value in attributes.items()})
    for child in children:
        if isinstance(child, Element):
            made.append(child)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + child
        else:
            made.text = (made.text or "") + child
    return made


def render(made: Element) -> str:
    """The element as HTML."""
    return tostring(made, encoding="unicode", method="html")


def table(
    header: Sequence[Cell], *, rows: Sequence[Sequence[Cell]], caption: str, texts: Sequence[int] = (), class_: str = ""
) -> Element:
    """Table that scrolls by itself where the page is too narrow for it.

    Parameters
    ----------
    header, rows : sequences of texts or elements
        The first cell of each row is its heading.
    caption : str
        What it shows, for those who hear it too.
    texts : columns
        Columns of words; the others are set as numbers.
    class_ : str
        For the style sheet.
    """

    def kind(column: int) -> str:
        return "text" if column == 0 or column in texts else "number"

    head = element("tr", *(element("th", cell, scope="col", class_=kind(k)) for k, cell in enumerate(header)))
    body = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(element("td", cell, class_=kind(k)) for k, cell in enumerate(row[1:], start=1)),
        )
        for row in rows
    ]
    whole = element(
        "table", element("caption", caption), element("thead", head), element("tbody", *body), class_=class_ or "plain"
    )
    return element("div", whole, class_="scroll", role="region", aria_label=caption, tabindex="0")
