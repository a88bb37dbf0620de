"""Changes of the recipe of a stack of layers that may help; each is None where there is nothing to change."""

from __future__ import annotations

from functools import lru_cache

from gradviz.diagnosis.finding import Evidence, Remedy
from gradviz.errors import ExperimentError
from gradviz.experiment import Data, Experiment, Mlp, Training
from gradviz.experiment.activations import ACTIVATIONS
from gradviz.experiment.training import LARGEST_LEARNING_RATE

# through more layers batch normalisation lets the gradient grow too much: with ReLU its square by pi / (pi - 1) per
# layer, 2.5 decades through 30 (Yang et al. 2019, 1902.08129)
DEEPEST_FOR_BATCH_NORM = 30
# mean and variance of fewer samples are noise
SMALLEST_BATCH_FOR_NORM = 8
# up to here plain ReLU with He initialisation learns
DEEPEST_FOR_PLAIN_RELU = 20
# beyond, even a fitting initialisation does not carry a signal through plain layers of few units
DEEPEST_FOR_PLAIN = 100
# through more residual branches whose mean is not zero, their sum outgrows 1/sqrt(depth), not 1/depth
DEEPEST_FOR_ROOT_SCALE = 152
# share of the depth that a rate allows, since rates differ from layer to layer
DEPTH_MARGIN = 0.75
ADAM_LEARNING_RATE = 0.001
LEAKY_SLOPE = 0.1
# what the recipe has unless somebody changes it
USUAL_WIDTH, USUAL_BATCH = 32, 32
MORE_SAMPLES = 4
MOST_SAMPLES = 100_000
LITTLE_DECAY = 0.001


# a verdict is asked for several times a second, and mostly finds the same
@lru_cache(maxsize=256)
def applied(remedy: Remedy, experiment: Experiment) -> Experiment | None:
    """Return the experiment with the changes made; None if they are not allowed in it."""
    try:
        return remedy.apply(experiment)
    except ExperimentError:
        return None


def setting(kind: str, **changes: object) -> Remedy:
    """Return a remedy of that kind that sets fields."""
    return Remedy(kind, tuple(changes.items()))


def shortcut(network: Mlp) -> Remedy | None:
    """A scaled shortcut, where there is none, or one with gates."""
    if network.shortcut not in ("none", "highway"):
        return None
    return setting("shortcut", shortcut="scaled", shortcut_scale=_branch_scale(network))


def scaled_branch(network: Mlp) -> Remedy | None:
    """Smaller residual branches."""
    if network.shortcut not in ("identity", "pre_activation", "scaled"):
        return None
    return setting("scale_branches", shortcut="scaled", shortcut_scale=_branch_scale(network))


def open_branches(network: Mlp) -> Remedy | None:
    """Branches that are not silent at the start: one of ReLU, or with a factor of zero besides, stays so."""
    if network.shortcut == "none" or not network.zero_init_branch:
        return None
    return setting("open_branches", zero_init_branch=False)


def batch_norm(network: Mlp, training: Training) -> Remedy | None:
    """Batch normalisation, through no more layers and over no fewer samples than it is good for."""
    if network.normalization != "none" or network.depth > DEEPEST_FOR_BATCH_NORM:
        return None
    return setting("batch_norm", normalization="batch") if training.batch_size >= SMALLEST_BATCH_FOR_NORM else None


def layer_norm(network: Mlp, *, instead: bool = False) -> Remedy | None:
    """Layer normalisation; `instead` of another one, too."""
    if network.normalization == "layer" or (network.normalization != "none" and not instead):
        return None
    return setting("layer_norm", normalization="layer")


def initialization(network: Mlp) -> Remedy | None:
    """The weight variance that suits the activation, where one does and the depth lets it."""
    suited = ACTIVATIONS[network.activation].suited
    plain_and_deep = network.shortcut == "none" and network.depth > DEEPEST_FOR_PLAIN
    if suited is None or plain_and_deep or network.normalization != "none":
        return None
    if network.initialization.startswith(suited.split("_")[0]):
        return None
    return Remedy("initialization", (("initialization", suited),), details=(("activation", network.activation),))


def random_weights(network: Mlp) -> Remedy | None:
    """Weights that are not zero, for an activation that none suits."""
    if ACTIVATIONS[network.activation].suited is not None:
        return None
    return setting("random_weights", initialization="glorot_normal")


def smaller_weights(network: Mlp, growth: Evidence | None) -> Remedy | None:
    """The weight scale that makes up for the growth, else half of it, where the scale is a setting."""
    if network.initialization != "gaussian" or network.normalization != "none" or not network.sigma_w:
        return None
    factor = 10.0 ** -growth.number("decades_per_row") if growth is not None and growth.at is None else 0.5
    return setting("smaller_weights", sigma_w=float(f"{network.sigma_w * factor:.3g}"))


def steeper(network: Mlp) -> Remedy | None:
    """ReLU with its initialisation, as far as it learns without shortcuts."""
    if network.activation not in ("sigmoid", "softplus") or network.depth > DEEPEST_FOR_PLAIN_RELU:
        return None
    return setting("steeper_activation", activation="relu", initialization=ACTIVATIONS["relu"].suited)


def bending(network: Mlp) -> Remedy:
    """An activation that bends, with its initialisation, and at a slope that leaky ReLU usually has."""
    activation = "relu" if network.depth <= DEEPEST_FOR_PLAIN_RELU else "tanh"
    return setting("bend", activation=activation, initialization=ACTIVATIONS[activation].suited)


def standard_inputs() -> Remedy:
    """Inputs of mean 0 and standard deviation 1."""
    return setting("standard_inputs", input_scaling="standardised", input_factor=1.0)


def leaky(network: Mlp) -> Remedy | None:
    """Leaky ReLU, unless it leaks already."""
    if network.activation == "leaky_relu" and network.leaky_slope >= LEAKY_SLOPE:
        return None
    return setting("leaky_relu", activation="leaky_relu", leaky_slope=LEAKY_SLOPE)


def shallower(network: Mlp, drift: Evidence | None, allowed: float) -> Remedy | None:
    """As many layers as an even drift allows."""
    if drift is None or drift.at is not None:
        return None
    rate = drift.number("decades_per_row")
    if DEPTH_MARGIN * allowed >= rate * (network.depth - 1):
        return None
    depth = int(DEPTH_MARGIN * allowed / rate) + 1
    return Remedy("fewer_layers", (("depth", depth),), details=(("allowed_decades", allowed),))


def wider(network: Mlp, classes: int) -> Remedy | None:
    """As many units as are usual, or twice as many as there are classes."""
    width = max(USUAL_WIDTH, 2 * classes)
    return setting("more_units", width=width) if network.width < width else None


def no_bias_shift(network: Mlp) -> Remedy | None:
    """No shift of the biases."""
    return setting("no_bias_shift", bias_shift=0.0) if network.bias_shift else None


def lower_rate(training: Training, factor: float) -> Remedy:
    """A learning rate so many times lower."""
    return _rate("lower_rate", factor, training.learning_rate / factor)


def higher_rate(training: Training, factor: float) -> Remedy | None:
    """A learning rate so many times higher, as far as is allowed."""
    rate = min(training.learning_rate * factor, LARGEST_LEARNING_RATE)
    factor = rate / training.learning_rate
    return _rate("raise_rate", factor, rate) if factor >= 2.0 else None


def clip(training: Training) -> Remedy | None:
    """A gradient of length 1 at most, where nothing clips it."""
    return setting("clip", gradient_clip=1.0) if not training.gradient_clip else None


def no_clipping() -> Remedy:
    """A gradient of any length."""
    return setting("no_clip", gradient_clip=0.0)


def looser_clipping(norm: float) -> Remedy:
    """Clip only what is longer than most gradients are."""
    return setting("looser_clip", gradient_clip=float(f"{norm:.1g}"))


def no_decay() -> Remedy:
    """Weights that are left alone."""
    return setting("no_decay", weight_decay=0.0)


def little_decay(training: Training) -> Remedy | None:
    """Weight decay as it is used with success, where there is less or none."""
    return setting("some_decay", weight_decay=LITTLE_DECAY) if training.weight_decay < LITTLE_DECAY else None


def adam(training: Training) -> Remedy | None:
    """Adam, for rules that go by the length of the gradient."""
    if training.optimizer not in ("sgd", "momentum"):
        return None
    return setting("adam", optimizer="adam", learning_rate=ADAM_LEARNING_RATE)


def larger_batch(training: Training) -> Remedy | None:
    """Batches of a usual size."""
    return setting("larger_batch", batch_size=USUAL_BATCH) if training.batch_size < USUAL_BATCH else None


def fewer_steps(step: float) -> Remedy | None:
    """No more steps than did good."""
    return setting("fewer_steps", steps=int(step)) if step >= 1 else None


def more_samples(data: Data) -> Remedy | None:
    """More samples, where they are made up."""
    samples = min(MORE_SAMPLES * data.samples, MOST_SAMPLES)
    return setting("more_samples", samples=samples) if data.generated and samples > data.samples else None


def _branch_scale(network: Mlp) -> float:
    """Return the value of `shortcut_scale` that keeps the sum of all branches level; 0 means 1/√depth."""
    if ACTIVATIONS[network.activation].zero_mean or network.depth <= DEEPEST_FOR_ROOT_SCALE:
        return 0.0
    return float(f"{1.0 / network.depth:.3g}")


def _rate(kind: str, factor: float, rate: float) -> Remedy:
    return Remedy(kind, (("learning_rate", float(f"{rate:.3g}")),), details=(("factor", factor),))
