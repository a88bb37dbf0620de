"""What to try against each finding about a stack of layers: fields of its recipe with new values.

Whatever would not change the experiment, or would not be allowed in it, is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from gradviz.diagnosis.finding import Evidence, Finding, Remedy
from gradviz.diagnosis.readings import Readings
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.errors import ExperimentError
from gradviz.experiment import Experiment, Mlp, Training

# a weight variance that keeps the signal level: He et al. 2015 for what lets half of it through, Glorot & Bengio 2010
# for what is steep around zero, LeCun for SELU (Klambauer et al. 2017); nothing of the kind exists for the sigmoid
SUITED = {
    "relu": "he_normal", "leaky_relu": "he_normal", "elu": "he_normal", "silu": "he_normal", "gelu": "he_normal",
    "mish": "he_normal", "softplus": "he_normal", "tanh": "glorot_normal", "linear": "orthogonal",
    "selu": "lecun_normal",
}  # fmt: skip

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
LARGEST_LEARNING_RATE = 100.0
LEAKY_SLOPE = 0.1
# a step longer than this asks for has another cause than the learning rate
MOST_POWERS = 3
# the learning rate may be forgotten zeros away from where it should be
MOST_POWERS_UP = 8.0

Tried = tuple[Remedy | None, ...]


def remedies(
    finding: Finding, readings: Readings, thresholds: Thresholds, experiment: Experiment
) -> tuple[Remedy, ...]:
    """Return what may help, best first; each is allowed, changes something, and no two change the same."""
    choose = _BY_KIND.get(finding.kind)
    network = experiment.network
    if choose is None or not isinstance(network, Mlp):
        return ()
    kept: dict[Experiment, Remedy] = {}
    for remedy in choose(finding, readings, thresholds, network, experiment.training):
        changed = _applied(remedy, experiment) if remedy is not None else None
        if remedy is not None and changed is not None and changed != experiment:
            kept.setdefault(changed, remedy)
    return tuple(kept.values())


# a verdict is asked for several times a second, and mostly finds the same
@lru_cache(maxsize=256)
def _applied(remedy: Remedy, experiment: Experiment) -> Experiment | None:
    """Return the experiment with the changes made; None if they are not allowed in it."""
    try:
        return remedy.apply(experiment)
    except ExperimentError:
        return None


def _against_vanishing(
    finding: Finding, _readings: Readings, thresholds: Thresholds, network: Mlp, _training: Training
) -> Tried:
    if finding.fact("nothing_arrives") is not None:
        # it is lost behind the stack
        return ()
    return (
        _shortcut(network),
        _batch_norm(network),
        _initialization(network),
        _steeper(network),
        _shallower(network, finding.fact("falls"), thresholds.vanishing_decades),
    )


def _against_exploding(
    finding: Finding, readings: Readings, thresholds: Thresholds, network: Mlp, training: Training
) -> Tried:
    grows = finding.fact("grows")
    normalised = network.normalization == "batch"
    return (
        _smaller_weights(network, grows),
        _initialization(network),
        _scaled_branch(network),
        _shortcut(network) if normalised else None,
        _shallower(network, grows, thresholds.exploding_decades) if normalised else None,
        _lower_rate(training, 10.0) if readings.step else None,
        _clip(training),
    )


def _against_dead(
    _finding: Finding, readings: Readings, _thresholds: Thresholds, network: Mlp, training: Training
) -> Tried:
    return (
        _open_branches(network),
        _set("leaky_relu", activation="leaky_relu", leaky_slope=LEAKY_SLOPE),
        _lower_rate(training, 10.0) if readings.step else None,
        _no_bias_shift(network),
        _shortcut(network),
    )


def _against_saturated(
    _finding: Finding, readings: Readings, _thresholds: Thresholds, network: Mlp, training: Training
) -> Tried:
    return (
        _smaller_weights(network, None),
        _no_bias_shift(network),
        _lower_rate(training, 10.0) if readings.step else None,
        _layer_norm(network),
    )


def _against_standing_still(
    _finding: Finding, readings: Readings, thresholds: Thresholds, network: Mlp, training: Training
) -> Tried:
    fastest = _largest_update(readings)
    # where even the fastest layer stands still the learning rate is to blame, else what reaches the others
    rate = None
    if fastest < math.log10(thresholds.update_low):
        powers = math.log10(thresholds.update_guide) - fastest
        rate = _higher_rate(training, 10.0 ** math.floor(min(powers, MOST_POWERS_UP)))
    return (_open_branches(network), rate, _shortcut(network), _batch_norm(network), _adam(training))


def _against_long_steps(
    finding: Finding, _readings: Readings, thresholds: Thresholds, _network: Mlp, training: Training
) -> Tried:
    distance = finding.number("update_log10") - math.log10(thresholds.update_guide)
    powers = min(max(math.floor(distance), 1), MOST_POWERS) if math.isfinite(distance) else MOST_POWERS
    return (_lower_rate(training, 10.0**powers), _clip(training))


def _against_poor_start(
    _finding: Finding, _readings: Readings, _thresholds: Thresholds, network: Mlp, _training: Training
) -> Tried:
    fitting = _initialization(network)
    return (
        fitting,
        _no_bias_shift(network),
        _scaled_branch(network),
        _shortcut(network) if fitting is None else None,
        _batch_norm(network),
    )


def _against_divergence(
    _finding: Finding, _readings: Readings, _thresholds: Thresholds, network: Mlp, training: Training
) -> Tried:
    return (_smaller_weights(network, None), _lower_rate(training, 10.0), _clip(training), _scaled_branch(network))


def _against_not_learning(
    _finding: Finding, readings: Readings, thresholds: Thresholds, network: Mlp, training: Training
) -> Tried:
    fastest = _largest_update(readings)
    guide = math.log10(thresholds.update_guide)
    rate = None
    if fastest < guide - 1.0 and math.isfinite(fastest):
        rate = _higher_rate(training, 10.0)
    elif fastest > guide + 1.0:
        rate = _lower_rate(training, 10.0)
    return (rate, _shortcut(network), _initialization(network), _adam(training))


_BY_KIND: dict[str, Callable[[Finding, Readings, Thresholds, Mlp, Training], Tried]] = {
    "diverged": _against_divergence,
    "exploding": _against_exploding,
    "vanishing": _against_vanishing,
    "dead": _against_dead,
    "saturated": _against_saturated,
    "too_much": _against_long_steps,
    "not_updating": _against_standing_still,
    "poor_initialisation": _against_poor_start,
    "not_learning": _against_not_learning,
}


def _set(kind: str, **changes: object) -> Remedy:
    return Remedy(kind, tuple(changes.items()))


def _shortcut(network: Mlp) -> Remedy | None:
    if network.shortcut not in ("none", "highway"):
        return None
    return _set("shortcut", shortcut="scaled", shortcut_scale=_branch_scale(network))


def _scaled_branch(network: Mlp) -> Remedy | None:
    if network.shortcut not in ("identity", "pre_activation", "scaled"):
        return None
    return _set("scale_branches", shortcut="scaled", shortcut_scale=_branch_scale(network))


def _branch_scale(network: Mlp) -> float:
    """Return the value of `shortcut_scale` that keeps the sum of all branches level; 0 means 1/√depth."""
    if network.activation in ZERO_MEAN or network.depth <= DEEPEST_FOR_ROOT_SCALE:
        return 0.0
    return float(f"{1.0 / network.depth:.3g}")


def _open_branches(network: Mlp) -> Remedy | None:
    """Suggest branches that are not silent at the start: one of ReLU, or with a factor of zero besides, stays so."""
    if network.shortcut == "none" or not network.zero_init_branch:
        return None
    return _set("open_branches", zero_init_branch=False)


def _batch_norm(network: Mlp) -> Remedy | None:
    if network.normalization != "none" or network.depth > DEEPEST_FOR_BATCH_NORM:
        return None
    return _set("batch_norm", normalization="batch")


def _layer_norm(network: Mlp) -> Remedy | None:
    return _set("layer_norm", normalization="layer") if network.normalization == "none" else None


def _initialization(network: Mlp) -> Remedy | None:
    suited = SUITED.get(network.activation)
    plain_and_deep = network.shortcut == "none" and network.depth > DEEPEST_FOR_PLAIN
    if suited is None or plain_and_deep or network.normalization != "none":
        return None
    if network.initialization.startswith(suited.split("_")[0]):
        return None
    return Remedy("initialization", (("initialization", suited),), details=(("activation", network.activation),))


def _smaller_weights(network: Mlp, growth: Evidence | None) -> Remedy | None:
    """Suggest the weight scale that makes up for the growth, else half of it, where the scale is a setting."""
    if network.initialization != "gaussian" or network.normalization != "none":
        return None
    factor = 10.0 ** -growth.number("decades_per_row") if growth is not None and growth.at is None else 0.5
    return _set("smaller_weights", sigma_w=float(f"{network.sigma_w * factor:.3g}"))


def _steeper(network: Mlp) -> Remedy | None:
    if network.activation not in ("sigmoid", "softplus") or network.depth > DEEPEST_FOR_PLAIN:
        return None
    if network.depth <= DEEPEST_FOR_PLAIN_RELU:
        return _set("steeper_activation", activation="relu", initialization="he_normal")
    return _set("steeper_activation", activation="tanh", initialization="glorot_normal")


def _shallower(network: Mlp, drift: Evidence | None, allowed: float) -> Remedy | None:
    """Suggest as many layers as an even drift allows."""
    if drift is None or drift.at is not None:
        return None
    rate = drift.number("decades_per_row")
    if DEPTH_MARGIN * allowed >= rate * (network.depth - 1):
        return None
    depth = int(DEPTH_MARGIN * allowed / rate) + 1
    return Remedy("fewer_layers", (("depth", depth),), details=(("allowed_decades", allowed),))


def _lower_rate(training: Training, factor: float) -> Remedy:
    return _rate("lower_rate", factor, training.learning_rate / factor)


def _higher_rate(training: Training, factor: float) -> Remedy | None:
    rate = min(training.learning_rate * factor, LARGEST_LEARNING_RATE)
    factor = rate / training.learning_rate
    return _rate("raise_rate", factor, rate) if factor >= 2.0 else None


def _rate(kind: str, factor: float, rate: float) -> Remedy:
    return Remedy(kind, (("learning_rate", float(f"{rate:.3g}")),), details=(("factor", factor),))


def _clip(training: Training) -> Remedy | None:
    return _set("clip", gradient_clip=1.0) if not training.gradient_clip else None


def _adam(training: Training) -> Remedy | None:
    if training.optimizer not in ("sgd", "momentum"):
        return None
    return _set("adam", optimizer="adam", learning_rate=ADAM_LEARNING_RATE)


def _no_bias_shift(network: Mlp) -> Remedy | None:
    return _set("no_bias_shift", bias_shift=0.0) if network.bias_shift else None


def _largest_update(readings: Readings) -> float:
    """Return the log10 of the largest update ratio of the rows asked about; NaN if there is none."""
    if readings.update is None:
        return math.nan
    return float(np.fmax.reduce(readings.update.values[readings.asked]))
