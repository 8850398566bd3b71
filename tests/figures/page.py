"""A page taken apart by the standard library: elements, texts, tables, files. Knows no browser."""

from __future__ import annotations

import base64
import json
from html.parser import HTMLParser
from typing import Any

__all__ = ["Page"]


class Page(HTMLParser):
    """Every element of a page with its attributes and text, and its tables as rows of texts by their captions."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self._open: list[str] = []
        self._caption = ""
        self._rows: list[list[str]] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("meta", "link", "input", "br"):
            self._open.append(tag)
        if tag == "table":
            self._caption, self._rows = "", []
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass
        if tag == "table":
            self.tables[self._caption] = self._rows

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self._open), data))
        if "caption" in self._open:
            self._caption += data
        elif "td" in self._open or "th" in self._open:
            self._rows[-1][-1] += data

    def table(self, start: str) -> list[list[str]]:
        """Rows of the table whose caption starts so, its heading aside."""
        (found,) = (rows for caption, rows in self.tables.items() if caption.startswith(start))
        return found[1:]

    def inside(self, tag: str) -> list[str]:
        """Texts directly inside elements of that tag."""
        return [text for path, text in self.texts if path and path[-1] == tag]

    def text(self) -> str:
        """Everything that can be read."""
        return " ".join(text for path, text in self.texts if not {"script", "style"} & set(path))

    def files(self) -> dict[str, bytes]:
        """Files that the page carries, by name."""
        links = [attributes for tag, attributes in self.elements if tag == "a" and "download" in attributes]
        return {a["download"]: base64.b64decode(a["href"].split(";base64,", 1)[1]) for a in links}

    def scene(self) -> dict[str, Any]:
        """Numbers of the drawing."""
        found: dict[str, Any] = json.loads(self.inside("script")[0])
        return found
