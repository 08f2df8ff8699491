"""Builds the documents as a site and checks every link and anchor: `python -m ops.dev.site [FOLDER]`.

The site is written to FOLDER (default: dist/site) and can be opened from there or served by any web server. Nothing
is loaded from the network, neither by the build nor by a page. Exit status 1 if a link leads nowhere.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ops.dev.site.build import build


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.dev.site", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("dist/site"))
    folder = parser.parse_args().folder
    if problems := build(folder):
        print(*problems, sep="\n", file=sys.stderr)
        return 1
    print(f"{folder}/index.html: {sum(1 for _ in folder.rglob('*.html'))} pages, every link leads somewhere")
    return 0


if __name__ == "__main__":
    sys.exit(main())
