"""C5 and C9: what passes a gradient on undiminished."""

from __future__ import annotations

import numpy as np

from gradviz.claims.claim import Outcome, Progress
from gradviz.experiment import load_preset
from gradviz.training.loop import first_frame

SEEDS = 8
# decades over 110 layers
EXPLODES, FADES, LEVEL = 5.0, 10.0, 2.0
FACTOR_TOLERANCE = 0.1
RESIDUAL = ("residual-152", "residual-1000", "sigmoid-residual-30")


def relu_passes_on(progress: Progress) -> Outcome:
    """Fit the factor per layer of the mean-square gradient at initialisation, averaged over seeds."""
    slopes = []
    for seed in range(SEEDS):
        _, frame = first_frame(load_preset("relu-flat").changed(device="cpu", seed=seed))
        row = frame.rows["activation_grad_rms"]
        layers = np.arange(len(row))
        # towards the front, and of the square
        slopes.append(-2.0 * np.polyfit(layers, row, 1)[0])
        progress((seed + 1) / SEEDS)
    factor = 10.0 ** float(np.mean(slopes))
    return Outcome(
        f"{factor:.3f} per layer, mean of {SEEDS} networks", abs(factor - 1.0) <= FACTOR_TOLERANCE, {"factor": factor}
    )


def identity_passes_exactly(progress: Progress) -> Outcome:
    """Set the branches to zero, so that only the shortcuts remain, and compare the gradient from block to block."""
    differing, compared = 0, 0
    for number, name in enumerate(RESIDUAL, start=1):
        experiment = load_preset(name).changed(device="cpu", zero_init_branch=True)
        started, frame = first_frame(experiment)
        # inside of a block there is no shortcut whose end could be looked at
        arrived = frame.rows["activation_grad_rms"][[row.on_path for row in started.rows]]
        differing += int((arrived != arrived[-1]).sum())
        compared += len(arrived)
        progress(number / len(RESIDUAL))
    numbers = {"differing": float(differing), "compared": float(compared)}
    words = f"{compared - differing} of {compared} blocks pass the gradient on without changing a bit"
    return Outcome(words, differing == 0, numbers)


def batch_norm_does_not_save(progress: Progress) -> Outcome:
    """Compare the gradient of a plain and a residual convolutional network at initialisation, and one without norm."""
    plain = load_preset("plain-conv-110").changed(device="cpu")
    residual = load_preset("resnet-110").changed(device="cpu")
    levels = {}
    for number, (name, experiment) in enumerate(
        {"plain": plain, "without": plain.changed(normalization="none"), "residual": residual}.items(), start=1
    ):
        _, frame = first_frame(experiment)
        row = frame.rows["activation_grad_rms"]
        # from the last convolution, before the classifier, to the first
        levels[name], levels[f"{name}_grows"] = float(row[0]), float(row[0] - row[-2])
        progress(number / 3)
    below = levels["residual"] - levels["without"]
    words = (
        f"with batch normalisation it grows {levels['plain_grows']:.1f} decades towards the front, without it ends "
        f"{below:.1f} decades below the residual one, which grows {levels['residual_grows']:.1f}"
    )
    holds = levels["plain_grows"] > EXPLODES and below > FADES and abs(levels["residual_grows"]) < LEVEL
    return Outcome(words, holds, levels)
