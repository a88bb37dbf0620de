"""What to try against each finding: sentences for the experiment at hand, with the fields to change.

Whatever would not change the experiment, or would not be allowed in it, is left out.
"""

from __future__ import annotations

import math

import numpy as np

from gradviz.diagnosis.finding import Suggestion
from gradviz.diagnosis.readings import Readings
from gradviz.diagnosis.slopes import Drift
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.errors import ExperimentError
from gradviz.experiment import Experiment, stack_of

# a weight variance that keeps the signal level: He et al. 2015 for what lets half of it through, Glorot & Bengio 2010
# for what is steep around zero, LeCun for SELU (Klambauer et al. 2017); nothing of the kind exists for the sigmoid
SUITED = {
    "relu": "he_normal", "leaky_relu": "he_normal", "elu": "he_normal", "silu": "he_normal", "gelu": "he_normal",
    "mish": "he_normal", "softplus": "he_normal", "tanh": "glorot_normal", "linear": "orthogonal",
    "selu": "lecun_normal",
}  # fmt: skip
NAMES = {"he_normal": "He", "glorot_normal": "Glorot", "orthogonal": "orthogonal", "lecun_normal": "LeCun"}

# through more layers batch normalisation lets the gradient grow too much: with ReLU its square by pi / (pi - 1) per
# layer, 2.5 decades through 30 (Yang et al. 2019, 1902.08129)
DEEPEST_FOR_BATCH_NORM = 30
# up to here plain ReLU with He initialisation learns
DEEPEST_FOR_PLAIN_RELU = 30
# beyond, even a fitting initialisation does not carry a signal through plain layers of few units
DEEPEST_FOR_PLAIN = 100
# through more residual branches whose mean is not zero, their sum outgrows 1/sqrt(depth), not 1/depth
DEEPEST_FOR_ROOT_SCALE = 152
ZERO_MEAN = ("linear", "tanh")
# share of the depth that a rate allows, since rates differ from layer to layer
DEPTH_MARGIN = 0.75
ADAM_LEARNING_RATE = 0.001
LEAKY_SLOPE = 0.1
# a step longer than this asks for has another cause than the learning rate
MOST_POWERS = 3
# the learning rate may be forgotten zeros away from where it should be
MOST_POWERS_UP = 8.0

Tried = tuple[Suggestion, ...]


def against_vanishing(readings: Readings, thresholds: Thresholds, drift: Drift | None) -> Tried:
    """Return what lets the gradient reach the front."""
    experiment = readings.experiment
    return _useful(experiment, _shortcut(experiment), _batch_norm(experiment), _initialization(experiment),
                   _steeper(experiment), _shallower(experiment, drift, thresholds.vanishing_decades))  # fmt: skip


def against_exploding(readings: Readings, drift: Drift | None, allowed_decades: float) -> Tried:
    """Return what keeps the gradient in bounds."""
    experiment = readings.experiment
    return _useful(
        experiment,
        _smaller_weights(experiment, drift),
        _initialization(experiment),
        _scaled_branch(experiment),
        _shortcut(experiment) if stack_of(experiment).normalization == "batch" else None,
        _shallower(experiment, drift, allowed_decades) if stack_of(experiment).normalization == "batch" else None,
        _lower_rate(experiment, 10.0) if readings.step else None,
        _clip(experiment),
    )


def against_dead(readings: Readings) -> Tried:
    """Return what keeps units alive."""
    experiment = readings.experiment
    return _useful(
        experiment,
        _open_branches(experiment),
        _set("Let units leak: leaky ReLU keeps a slope below zero.", activation="leaky_relu", leaky_slope=LEAKY_SLOPE),
        _lower_rate(experiment, 10.0) if readings.step else None,
        _no_bias_shift(experiment),
        _shortcut(experiment),
    )


def against_saturated(readings: Readings) -> Tried:
    """Return what brings units back to where the activation is steep."""
    experiment = readings.experiment
    return _useful(
        experiment,
        _smaller_weights(experiment, None),
        _no_bias_shift(experiment),
        _lower_rate(experiment, 10.0) if readings.step else None,
        _layer_norm(experiment),
    )


def against_standing_still(readings: Readings, thresholds: Thresholds) -> Tried:
    """Return what gets the weights to move."""
    experiment = readings.experiment
    fastest = _largest(readings)
    # where even the fastest layer stands still the learning rate is to blame, else what reaches the others
    rate = None
    if fastest < math.log10(thresholds.update_low):
        powers = math.log10(thresholds.update_guide) - fastest
        rate = _higher_rate(experiment, 10.0 ** math.floor(min(powers, MOST_POWERS_UP)))
    return _useful(
        experiment,
        _open_branches(experiment),
        rate,
        _shortcut(experiment),
        _batch_norm(experiment),
        _adam(experiment),
    )


def against_too_much(readings: Readings, thresholds: Thresholds, log10_ratio: float) -> Tried:
    """Return what shortens the steps."""
    experiment = readings.experiment
    distance = log10_ratio - math.log10(thresholds.update_guide)
    powers = min(max(math.floor(distance), 1), MOST_POWERS) if math.isfinite(distance) else MOST_POWERS
    return _useful(experiment, _lower_rate(experiment, 10.0**powers), _clip(experiment))


def against_poor_start(readings: Readings) -> Tried:
    """Return what begins better."""
    experiment = readings.experiment
    return _useful(
        experiment,
        _initialization(experiment),
        _no_bias_shift(experiment),
        _scaled_branch(experiment),
        _shortcut(experiment) if _initialization(experiment) is None else None,
        _batch_norm(experiment),
    )


def against_divergence(readings: Readings) -> Tried:
    """Return what keeps the loss finite."""
    experiment = readings.experiment
    return _useful(
        experiment,
        _smaller_weights(experiment, None),
        _lower_rate(experiment, 10.0),
        _clip(experiment),
        _scaled_branch(experiment),
    )


def against_not_learning(readings: Readings, thresholds: Thresholds) -> Tried:
    """Return what may get the loss to move."""
    experiment = readings.experiment
    fastest = _largest(readings)
    guide = math.log10(thresholds.update_guide)
    rate = None
    if fastest < guide - 1.0 and math.isfinite(fastest):
        rate = _higher_rate(experiment, 10.0)
    elif fastest > guide + 1.0:
        rate = _lower_rate(experiment, 10.0)
    return _useful(experiment, rate, _shortcut(experiment), _initialization(experiment), _adam(experiment))


def _useful(experiment: Experiment, *suggestions: Suggestion | None) -> Tried:
    """Keep the suggestions that are allowed and change something, each change once."""
    kept: dict[Experiment, Suggestion] = {}
    for suggestion in suggestions:
        if suggestion is None:
            continue
        try:
            changed = suggestion.apply(experiment)
        except ExperimentError:
            continue
        if changed != experiment:
            kept.setdefault(changed, suggestion)
    return tuple(kept.values())


def _set(words: str, **changes: object) -> Suggestion:
    return Suggestion(words, tuple(changes.items()))


def _shortcut(experiment: Experiment) -> Suggestion | None:
    if stack_of(experiment).shortcut not in ("none", "highway"):
        return None
    scale, words = _branch_scale(experiment)
    return _set(
        f"Add a shortcut past every layer: x + F(x)/{words} has a path on which the gradient arrives whole.",
        shortcut="scaled", shortcut_scale=scale,
    )  # fmt: skip


def _scaled_branch(experiment: Experiment) -> Suggestion | None:
    if stack_of(experiment).shortcut not in ("identity", "pre_activation", "scaled"):
        return None
    scale, words = _branch_scale(experiment)
    return _set(
        f"Scale the residual branches by 1/{words}, so that their sum stays level.",
        shortcut="scaled", shortcut_scale=scale,
    )  # fmt: skip


def _branch_scale(experiment: Experiment) -> tuple[float, str]:
    """Return the value of `shortcut_scale` that keeps the sum of all branches level, and its inverse in words."""
    if stack_of(experiment).activation in ZERO_MEAN or stack_of(experiment).depth <= DEEPEST_FOR_ROOT_SCALE:
        return 0.0, "√depth"
    return float(f"{1.0 / stack_of(experiment).depth:.3g}"), "depth"


def _open_branches(experiment: Experiment) -> Suggestion | None:
    """Suggest branches that are not silent at the start: one of ReLU, or with a factor of zero besides, stays so."""
    if stack_of(experiment).shortcut == "none" or not stack_of(experiment).zero_init_branch:
        return None
    return _set("Let no branch start at zero: a ReLU has no slope there, nor has a product of two zeros.",
                zero_init_branch=False)  # fmt: skip


def _batch_norm(experiment: Experiment) -> Suggestion | None:
    if stack_of(experiment).normalization != "none" or stack_of(experiment).depth > DEEPEST_FOR_BATCH_NORM:
        return None
    return _set("Normalise what enters each activation over the batch.", normalization="batch")


def _layer_norm(experiment: Experiment) -> Suggestion | None:
    if stack_of(experiment).normalization != "none":
        return None
    return _set("Normalise what enters each activation over the units of its layer.", normalization="layer")


def _initialization(experiment: Experiment) -> Suggestion | None:
    suited = SUITED.get(stack_of(experiment).activation)
    plain_and_deep = stack_of(experiment).shortcut == "none" and stack_of(experiment).depth > DEEPEST_FOR_PLAIN
    if suited is None or plain_and_deep or stack_of(experiment).normalization != "none":
        return None
    if stack_of(experiment).initialization.startswith(suited.split("_")[0]):
        return None
    return _set(
        f"Start with {NAMES[suited]} initialisation, which keeps the signal level through "
        f"{stack_of(experiment).activation}.",
        initialization=suited,
    )


def _smaller_weights(experiment: Experiment, drift: Drift | None) -> Suggestion | None:
    """Suggest the weight scale that makes up for the growth, else half of it, where the scale is a setting."""
    if stack_of(experiment).initialization != "gaussian" or stack_of(experiment).normalization != "none":
        return None
    factor = 10.0**-drift.rate if drift is not None and drift.even else 0.5
    sigma = float(f"{stack_of(experiment).sigma_w * factor:.3g}")
    return _set(f"Lower the weight scale σ_w to {sigma:g}.", sigma_w=sigma)


def _steeper(experiment: Experiment) -> Suggestion | None:
    if stack_of(experiment).activation not in ("sigmoid", "softplus") or stack_of(experiment).depth > DEEPEST_FOR_PLAIN:
        return None
    if stack_of(experiment).depth <= DEEPEST_FOR_PLAIN_RELU:
        return _set(
            "Take an activation whose slope reaches 1: ReLU with He initialisation.",
            activation="relu", initialization="he_normal",
        )  # fmt: skip
    return _set(
        "Take an activation whose slope reaches 1: tanh with Glorot initialisation.",
        activation="tanh", initialization="glorot_normal",
    )  # fmt: skip


def _shallower(experiment: Experiment, drift: Drift | None, allowed_decades: float) -> Suggestion | None:
    if (
        drift is None
        or not drift.even
        or DEPTH_MARGIN * allowed_decades >= drift.rate * (stack_of(experiment).depth - 1)
    ):
        return None
    depth = int(DEPTH_MARGIN * allowed_decades / drift.rate) + 1
    return _set(f"Take {depth} layers: at this rate they stay within {allowed_decades:g} decades.", depth=depth)


def _lower_rate(experiment: Experiment, factor: float) -> Suggestion:
    rate = float(f"{experiment.training.learning_rate / factor:.3g}")
    return _set(f"Lower the learning rate {_fold(factor)}, to {rate:g}.", learning_rate=rate)


def _higher_rate(experiment: Experiment, factor: float) -> Suggestion | None:
    rate = float(f"{min(experiment.training.learning_rate * factor, 100.0):.3g}")
    factor = rate / experiment.training.learning_rate
    return _set(f"Raise the learning rate {_fold(factor)}, to {rate:g}.", learning_rate=rate) if factor >= 2.0 else None


def _fold(factor: float) -> str:
    return {10.0: "tenfold", 100.0: "a hundredfold", 1000.0: "a thousandfold"}.get(
        factor, f"by a factor of {factor:.3g}"
    )


def _clip(experiment: Experiment) -> Suggestion | None:
    if experiment.training.gradient_clip:
        return None
    return _set(
        "Clip the gradient to a length of 1: no step is then too long, though it grows as before.", gradient_clip=1.0
    )


def _adam(experiment: Experiment) -> Suggestion | None:
    if experiment.training.optimizer not in ("sgd", "momentum"):
        return None
    return _set(
        "Use Adam, which divides the gradient by its own size, with a learning rate of 0.001.",
        optimizer="adam", learning_rate=ADAM_LEARNING_RATE,
    )  # fmt: skip


def _no_bias_shift(experiment: Experiment) -> Suggestion | None:
    return _set("Take the bias shift back to 0.", bias_shift=0.0) if stack_of(experiment).bias_shift else None


def _largest(readings: Readings) -> float:
    """Return the log10 of the largest update ratio; not a number if there is none."""
    if readings.update is None:
        return math.nan
    ratios = readings.update[~np.isnan(readings.update)]
    return float(ratios.max()) if ratios.size else math.nan
