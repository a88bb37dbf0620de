"""`gradviz bench --watch`: what watching your own network costs on this machine."""

from __future__ import annotations

from gradviz.commands.progress import progress_bar
from gradviz.watching import benchmark
from gradviz.watching.benchmark_models import CASES

ROUNDS = 9
QUICK_ROUNDS = 2


def bench_watch(*, quick: bool) -> int:
    """Print, per network, what a training step costs with each way of measuring: medians of one run."""
    print("One training step (median, one thread): an ordinary loop that measures nothing, the same loop watched by")
    print('gradviz, and other tools where installed (pip install "gradviz-desktop[peers]"). Ratios to the ordinary')
    print("loop, in wall time and in processor time of all threads.", flush=True)
    with progress_bar(len(CASES), "network") as bar:
        for case in CASES:
            rows = benchmark.compare(case, rounds=QUICK_ROUNDS if quick else ROUNDS)
            with bar.external_write_mode():
                print(f"\n{case.name:<34}  {'ms':>9}  {'ratio':>6}  {'processor':>9}")
                for row in rows:
                    print(
                        f"  {row.name:<32}  {row.step_ms:9.2f}  {row.ratio:6.2f}  {row.processor_ratio:9.2f}",
                        flush=True,
                    )
            bar.update()
    return 0
