"""Lets benchmarks of run files use what the tests of run files are made of."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "recording" / "store"))
