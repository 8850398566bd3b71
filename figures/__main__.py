"""`python -m figures [NAME ...]`: the command `fabricgap figures` under another name."""

import sys

from figures.cli import main

if __name__ == "__main__":
    main(["figures", *sys.argv[1:]], prog_name="fabricgap")
