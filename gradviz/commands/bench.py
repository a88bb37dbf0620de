"""`gradviz bench`: what measuring costs on this machine."""

from __future__ import annotations

from gradviz.commands.progress import progress_bar
from gradviz.training import benchmark

ROUNDS = 9
QUICK_ROUNDS = 2


def bench(*, quick: bool) -> int:
    """Print, per depth and width, the measured step and an ordinary unmeasured one: medians of one run."""
    print(
        "One training step in milliseconds (median, one thread): an ordinary nn.Sequential that measures nothing, and"
    )
    print("gradviz with every probe. A ratio below 1 means that gradviz is faster although it measures.\n")
    print(f"{'depth x width':>14}  {'shortcut':>9}  {'ordinary':>9}  {'gradviz':>9}  {'ratio':>6}", flush=True)
    with progress_bar(len(benchmark.CASES), "network") as bar:
        for case in benchmark.CASES:
            row = benchmark.compare(case, rounds=QUICK_ROUNDS if quick else ROUNDS)
            size = f"{case.depth} x {case.width}"
            with bar.external_write_mode():
                print(
                    f"{size:>14}  {case.shortcut:>9}  {row.reference_ms:9.2f}  {row.gradviz_ms:9.2f}  {row.ratio:6.2f}",
                    flush=True,
                )
            bar.update()
    return 0
