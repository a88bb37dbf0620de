"""What freezing costs: the start of the bundle against that of the checkout, each timed from outside."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "dist" / "gradviz" / "gradviz"
STARTS = 7
LONGEST_START_S = 60
MOST_TIMES_THE_SOURCE = 1.5


def seconds_to_paint(program: list[str], home: Path) -> float:
    """Return the time from the call to the first picture of the plots."""
    environment = {"HOME": str(home), "PATH": "/nowhere", "LANG": "C.UTF-8"}
    command = [*program, "selftest", "--until-painted"]
    begin = time.perf_counter()
    with subprocess.Popen(command, env=environment, cwd=home, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "painted\n"
        seconds = time.perf_counter() - begin
        assert process.wait(LONGEST_START_S) == 0
    return seconds


@pytest.mark.benchmark
@pytest.mark.skipif(not PROGRAM.exists(), reason="there is no bundle; make it with `bootstrap.py bundle`")
def test_the_bundle_starts_nearly_as_fast_as_the_checkout(tmp_path: Path) -> None:
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(STARTS + 1):
        for program, taken in zip(([sys.executable, "-m", "gradviz"], [str(PROGRAM)]), times, strict=True):
            seconds = seconds_to_paint(program, tmp_path)
            if turn:  # the first start reads the files from the disk
                taken.append(seconds)
    source, bundle = (statistics.median(taken) for taken in times)
    print(f"\nuntil painted: checkout {source:.2f} s, bundle {bundle:.2f} s, ratio {bundle / source:.2f}")
    assert bundle <= MOST_TIMES_THE_SOURCE * source
