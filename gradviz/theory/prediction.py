"""Theory over measurement: what an experiment's gradient profile should be before the first step, or why not to say.

Nothing is drawn that has not been held against measured networks (tests/theory): what the theory does not cover, or
where networks of the given width differ too much from one seed to the next, gets a reason instead of a curve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gradviz.experiment import Experiment, Mlp, in_words
from gradviz.theory.activations import Array, Row, is_known
from gradviz.theory.backward import backward
from gradviz.theory.finite_width import rarest, scatter
from gradviz.theory.forward import Block, forward
from gradviz.theory.head import Start, loss_start, random_start
from gradviz.theory.phase import Phase, plain_phase, shortcut_phase
from gradviz.theory.recipe import Recipe, recipe

SOURCE = (
    "Mean-field theory of random networks: Poole et al. 2016 (arXiv 1606.05340), Schoenholz et al. 2017, Deep "
    "Information Propagation (1611.01232; trainable to about six depth scales), Yang & Schoenholz 2017 (1712.08969) "
    "for shortcuts, Hanin & Nica 2018 (1812.05994) for finite width"
)
# from ln of a mean square to log10 of its root
HALF_DECADES = 0.5 / math.log(10)
# samples with nearly the same length share their averages
GROUPS = 8
# float64 ends at 1e308, and fourth moments are taken of a square
LARGEST_SQUARE = 1e60
# decades of the rms gradient, one standard deviation: beyond this a curve would say nothing of the network at hand
LARGEST_SPREAD = 3.0
# decades of the rms gradient: a width effect smaller than this is not worth words
TOLD_WIDTH_EFFECT = 0.3
# relative variance of a mean over a layer's units
LARGEST_RARITY = 0.5
# a highway is left alone if a state this many times as large as the largest would grow: by chance, one will be
GATED_MARGIN = 4.0


@dataclass(frozen=True, slots=True)
class NoPrediction:
    """Why there is nothing to draw, in a sentence for the screen."""

    reason: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """Rows [layers], before the first step.

    `log10_activation_grad_rms`: of a typical network, relative to the last layer, where it is 0; minus infinity where
    no gradient arrives. `log10_spread`: standard deviation of that from network to network. `q`: second moments of
    the pre-activations, averaged over the samples. `chi`: factor on the mean square of the gradient from a layer's
    output to its input, in the limit of infinite width; where a shortcut spans several layers, its factor is divided
    equally among them. `decades`: what becomes of the rms gradient from the last layer to the first (or to the end of
    the first shortcut); `width_effect`: how much of that is due to having `width` units and not infinitely many.
    """

    log10_activation_grad_rms: Row
    log10_spread: Row
    q: Row
    chi: Row
    where: Phase
    decades: float
    width_effect: float
    width: int
    source: str = SOURCE

    @property
    def phase(self) -> str:
        """Ordered, critical or chaotic."""
        return self.where.name

    @property
    def chi_fixed_point(self) -> float | None:
        """Factor per layer where a plain stack settles; None with shortcuts."""
        return self.where.chi_fixed_point

    @property
    def depth_scale(self) -> float:
        """-1 / ln(chi), in layers: infinite at the edge of chaos, negative where gradients grow."""
        return self.where.depth_scale

    @property
    def trainable_depth(self) -> float | None:
        """Layers that can be trained by this theory; None where it sets no limit."""
        return self.where.trainable_depth

    def words(self) -> str:
        """Say it in a sentence."""
        found = self.where
        text = self._shortcut_words() if found.chi_fixed_point is None else self._plain_words(found.chi_fixed_point)
        if abs(self.width_effect) >= TOLD_WIDTH_EFFECT:
            text += (
                f"; with {self.width:,} units per layer it ends {abs(self.width_effect):.2g} decades "
                f"{'higher' if self.width_effect > 0 else 'lower'} than with infinitely many, "
                f"give or take {float(self.log10_spread.max()):.1g}"
            )
        if found.trainable_depth is not None:
            text += f"; by this theory about {_layers(max(1, round(found.trainable_depth)))} can be trained"
        return text

    def _plain_words(self, chi: float) -> str:
        found = self.where
        text = f"{found.name}: chi = {chi:.3g} per layer"
        if found.name == "critical":
            change = self.decades - self.width_effect
            if abs(change) < 0.005:
                return f"{text}, the gradient keeps its size"
            return f"{text} in the long run, the gradient {_verb(change)} by {abs(change):.2g} decades in all"
        return f"{text}, depth scale {_layers(abs(found.depth_scale))}: the gradient {_verb(chi - 1)} layer by layer"

    def _shortcut_words(self) -> str:
        low, high = float(self.chi.min()), float(self.chi.max())
        span = f"{low:.3g}" if f"{low:.3g}" == f"{high:.3g}" else f"{low:.3g} to {high:.3g}"
        text = f"{self.phase}: chi = {span} per layer, over the shortcuts the gradient"
        if abs(self.decades) < 0.005:
            return f"{text} arrives unchanged"
        return f"{text} {_verb(self.decades)} by {abs(self.decades):.2g} decades from the last layer to the first"


def predict(
    experiment: Experiment, input_mean_square: ArrayLike = 1.0, classes: int | None = 10
) -> Prediction | NoPrediction:
    """Predict the profile of `activation_grad_rms` at step 0.

    The input layer is LeCun normal, so that its output, the state that enters layer 1, is Gaussian with the mean
    square of a sample's standardised features (features that never vary count as 0): `input_mean_square`, for one
    sample after the other or one number for all. The default holds for any data of which no feature is constant.
    Gradients begin at a head for `classes` classes, 0 for a number, under the experiment's loss; with None, as in most
    of the literature, in a random direction for each sample of a batch.
    """
    network = experiment.network
    if not isinstance(network, Mlp):
        return NoPrediction("no prediction: this theory speaks of fully connected stacks")
    if not is_known(network.activation):
        return NoPrediction(f"no prediction: there is no formula for {in_words(network.activation)} yet")
    if network.normalization == "batch":
        return NoPrediction(
            "no prediction: batch normalisation ties the samples of a batch together, and how depends on the data"
        )
    if (network.input_initialization, network.head_initialization) != ("lecun_normal", "lecun_normal"):
        return NoPrediction(
            "no prediction: it holds where input layer and head are LeCun normal, so that the mean square of the "
            "inputs reaches layer 1 as it is"
        )
    if network.dropout:
        return NoPrediction("no prediction: dropout; these averages are over random weights, not over what is dropped")
    if classes is not None and classes < 2 and not experiment.regression:
        return NoPrediction("no prediction: with a single class there is no gradient")
    settings, batch_size = recipe(network), experiment.training.batch_size
    every = np.atleast_1d(np.asarray(input_mean_square, dtype=np.float64))
    # one of the longest samples goes along for itself: few may reach another state than all others
    squares = np.append(_grouped(every), _unusual(every, batch_size))
    with np.errstate(under="ignore", over="ignore", invalid="ignore"):
        blocks = forward(settings, squares)
        reason = _out_of_reach(settings, blocks)
        if reason:
            return NoPrediction(f"no prediction: {reason}")
        last = blocks[-1].out_square
        start = random_start(last, batch_size) if classes is None else loss_start(last, classes, experiment.training)
        return _predict(settings, batch_size, blocks, start)


def _predict(settings: Recipe, batch_size: int, blocks: list[Block], start: Start) -> Prediction | NoPrediction:
    limit = backward(settings, blocks, start.along_state, 0.0)
    here = backward(settings, blocks, start.along_state, 1 / settings.width)
    # the share of a gradient that goes back to what lay along the last state
    directed = np.where(np.isfinite(here), 1 - np.exp(np.minimum(limit - here, 0.0)), 0.0)
    around = scatter(settings, blocks, start, directed[1:])
    typical = here[1:] + around.shift
    # so that what is exactly 1 is 0 here, not the last bit of it
    mean, longest = np.round(_log_mean(typical[:, :-1]), 12) + 0.0, typical[:, -1]
    spread = np.sqrt(np.mean(around.variance[:, :-1], axis=1)) * HALF_DECADES
    reason = _too_uncertain(settings, float(spread.max()))
    if not reason and float(np.nanmax(longest - mean)) > math.log(batch_size):
        reason = "single samples of unusual length decide, and which of them a batch holds is chance"
    if reason:
        return NoPrediction(f"no prediction: {reason}")
    classical, first = _log_mean(limit[:, :-1]), settings.blocks[0].stop
    change = float(_log_mean(here[:1, :-1])[0])
    square = float(blocks[0].square[:-1].mean())
    return Prediction(
        log10_activation_grad_rms=mean * HALF_DECADES,
        log10_spread=spread,
        q=np.array([layer.inner_square[:-1].mean() for block in blocks for layer in block.layers]),
        chi=_chi(settings, classical),
        where=shortcut_phase(change, settings.depth) if settings.identity else plain_phase(settings, square),
        decades=float(mean[first - 1]) * HALF_DECADES,
        width_effect=_difference(float(mean[first - 1]), float(classical[first])) * HALF_DECADES,
        width=settings.width,
    )


def _too_uncertain(settings: Recipe, widest: float) -> str:
    if widest <= LARGEST_SPREAD:
        return ""
    return (
        f"gradients in {settings.depth:,} layers of {settings.width:,} units differ by "
        f"{f'about {widest:.0f}' if widest < 100 else 'hundreds of'} decades from one random network to the next"
    )


def _out_of_reach(settings: Recipe, blocks: list[Block]) -> str:
    """Say why the theory cannot speak of these states; empty if it can."""
    largest = max(float(block.out_square[:-1].max()) for block in blocks)
    if not largest < LARGEST_SQUARE:
        return f"the signal grows beyond all measure within {settings.depth:,} layers"
    if rarest(settings, blocks) > LARGEST_RARITY:
        return f"so few of the {settings.width:,} units pass a signal that single ones decide"
    if settings.highway:
        larger = GATED_MARGIN * blocks[0].square[:-1].max(keepdims=True)
        if max(float(block.out_square[0]) for block in forward(settings, larger)) > float(larger[0]):
            return "in a highway whose signal can grow, a few units with an open gate decide"
    return ""


def _grouped(squares: Array) -> Array:
    """Return a few numbers that stand for all: means of equally many neighbours."""
    if len(squares) <= GROUPS:
        return squares
    return np.array([part.mean() for part in np.array_split(np.sort(squares), GROUPS)])


def _unusual(squares: Array, batch_size: int) -> float:
    """Return a mean square that is exceeded in one batch out of four."""
    rank = max(1, round(len(squares) / (4 * batch_size)))
    return float(np.sort(squares)[-rank])


def _log_mean(logarithms: Array) -> Array:
    """Return ln of the mean over the samples of exp(logarithms), [layers, samples] to [layers]."""
    largest = logarithms.max(axis=1)
    base = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(base + np.log(np.mean(np.exp(logarithms - base[:, None]), axis=1)))


def _chi(settings: Recipe, at: Array) -> Array:
    """Return the factor per layer from ln of the mean square at the input and at each layer's output."""
    result = np.empty(settings.depth)
    for block in settings.blocks:
        with np.errstate(over="ignore"):
            factor = np.exp((at[block.start] - at[block.stop]) / len(block))
        result[block.start : block.stop] = factor if math.isfinite(at[block.start]) else 0.0
    return result


def _difference(a: float, b: float) -> float:
    return 0.0 if math.isinf(b) else a - b


def _verb(change: float) -> str:
    return "grows" if change > 0 else "fades"


def _layers(count: float) -> str:
    number = f"{count:.2g}" if count < 10 else f"{count:,.0f}"
    return f"{number} layer" if number == "1" else f"{number} layers"
