"""Lets benchmarks use what the tests of run files and of the window are made of."""

from __future__ import annotations

import sys
from pathlib import Path

for _folder in ("recording/store", "app"):
    sys.path.append(str(Path(__file__).parents[1] / _folder))
