"""`python -m tests.notebooks` writes each `.ipynb` from its script; `python -m tests.notebooks run` executes them."""

from __future__ import annotations

import sys
import time

from tests.notebooks.generate import notebook_text, scripts
from tests.notebooks.run import executed


def main(words: list[str]) -> int:
    """Do what the words say."""
    if words and words[0] != "run":
        print(__doc__)
        return 2
    wanted = tuple(words[1:])
    for script in scripts():
        path = script.with_suffix(".ipynb")
        if not words:
            path.write_text(notebook_text(script), encoding="utf-8")
            print(f"wrote {path.name}")
        elif not wanted or script.name.startswith(wanted):
            begun = time.monotonic()
            executed(path)
            print(f"{path.name} ran in {time.monotonic() - begun:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
