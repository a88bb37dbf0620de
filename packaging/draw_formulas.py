"""Draws every formula of the lessons as an SVG picture; to be run after one has been added or changed.

    pip install -c packaging/constraints.txt matplotlib
    python packaging/draw_formulas.py

The program shows the pictures and never loads matplotlib. The window gives them the colour of the text.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# so that a picture changes only where its formula does
SETTINGS = {
    "svg.hashsalt": "gradviz",
    "svg.fonttype": "path",
    "mathtext.fontset": "cm",
    "font.size": 14.0,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
}
_DATE = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)


def draw() -> None:
    """Draw all formulas, and remove the pictures of those that are gone."""
    import matplotlib as mpl
    from matplotlib.mathtext import math_to_image

    sys.path.insert(0, str(ROOT))
    from gradviz.lessons.formulas import COLOUR, FOLDER, formulas_in, picture_name

    folder = ROOT / "resources" / FOLDER
    folder.mkdir(exist_ok=True)
    wanted = set()
    for lesson in sorted(folder.parent.glob("*.md")):
        for formula in formulas_in(lesson.read_text(encoding="utf-8")):
            path = folder / picture_name(formula)
            wanted.add(path)
            with mpl.rc_context(SETTINGS):
                math_to_image(f"${formula}$", path, dpi=96, format="svg", color=COLOUR)
            path.write_text(_DATE.sub("", path.read_text(encoding="utf-8")), encoding="utf-8")
    for path in folder.glob("*.svg"):
        if path not in wanted:
            path.unlink()


if __name__ == "__main__":
    draw()
