"""C3 and C4: what floating point does to a gradient that is too small."""

from __future__ import annotations

import numpy as np

from gradviz.claims.claim import Outcome, Progress, recorded_preset
from gradviz.experiment import load_preset
from gradviz.training.loop import first_frame

ALMOST_NONE = 0.05
STEPS = 40
NEAR_LOG10 = -600.0


def weights_that_stand_still(progress: Progress) -> Outcome:
    """Count the weights whose bits a step left unchanged, in the first and in the last layer."""
    history = recorded_preset("sigmoid-30", progress, steps=STEPS)
    row = history.row("unchanged_fraction", STEPS)
    assert row is not None, "measured at every step"
    numbers = {"first": float(row[0]), "last": float(row[-1]), "still_layers": float((row == 1.0).sum())}
    holds = numbers["first"] == 1.0 and numbers["last"] <= ALMOST_NONE
    words = f"layer 1: {row[0]:.3f}, layer {len(row)}: {row[-1]:.3f}; {int((row == 1.0).sum())} layers at exactly 1"
    return Outcome(words, holds, numbers)


def beyond_the_smallest_number(progress: Progress) -> Outcome:
    """Compare the float32 gradient of 1000 sigmoid layers with the exact gradient."""
    _, frame = first_frame(load_preset("float-floor").changed(device="cpu"))
    delivered, exact = (frame.rows[name] for name in ("activation_grad_rms", "exact_log10_activation_grad_rms"))
    zeros = int(np.isneginf(delivered).sum())
    progress(1.0)
    numbers = {"log10_exact": float(exact[0]), "zero_layers": float(zeros)}
    holds = bool(np.isfinite(exact).all()) and exact[0] <= NEAR_LOG10 and zeros > 0
    return Outcome(f"{zeros} layers get exactly 0; the exact gradient at layer 1 is 10^{exact[0]:.1f}", holds, numbers)
