"""The thresholds of the verdict: every number that decides, with its unit, range, default and reason.

Sources named in the reasons: A. Karpathy, CS231n notes, "Neural Networks Part 3" (update ratio near 1e-3, loss at the
start near ln(classes)); the built-in rules of Amazon SageMaker Debugger (shares of a layer, limits of the update
ratio); Glorot & Bengio 2010 and He et al. 2015 (a level signal at the start); and what the presets measure.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from gradviz.errors import GradvizError

_KEY = "spec"


class ThresholdError(GradvizError):
    """A threshold outside of what is allowed."""


@dataclass(frozen=True, slots=True)
class ThresholdSpec:
    """What a form needs to know of one threshold; `low` and `high` are the smallest and the largest value allowed.

    What was found already ends only where it is not found with `lenience` times the threshold either, so that a value
    that wavers around a threshold makes no finding come and go.
    """

    label: str
    unit: str
    low: float
    high: float
    reason: str
    logarithmic: bool = False
    lenience: float = 1.0


def _number(
    default: float,
    label: str,
    unit: str,
    limits: tuple[float, float],
    reason: str,
    *,
    log: bool = False,
    lenience: float = 1.0,
) -> Any:
    return field(default=default, metadata={_KEY: ThresholdSpec(label, unit, *limits, reason, log, lenience)})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """All thresholds. Raises ThresholdError naming the field, the value and what is allowed."""

    vanishing_decades: float = _number(
        3.0, "Vanishing from", "decades", (0.1, 1000.0),
        "Fall of the activation gradient on its way to the input. At three decades the front of the network takes a "
        "thousandth of the steps that its end takes (plain SGD); presets that learn stay within about one and a half.",
        lenience=0.8,
    )  # fmt: skip
    exploding_decades: float = _number(
        3.0, "Exploding from", "decades", (0.1, 1000.0),
        "Growth of the activation gradient on its way to the input: a step that suits the last layers is then a "
        "thousand times too long for the first.",
        lenience=0.8,
    )  # fmt: skip
    severe_decades: float = _number(
        6.0, "Severe from", "decades", (0.1, 1000.0),
        "Fall or growth that no optimiser makes up for: float32 carries about seven decimal digits.",
    )  # fmt: skip
    silent_decades: float = _number(
        4.0, "No signal from", "decades", (0.5, 1000.0),
        "In a network of your own: how far the gradient of a module lies below the median of all modules. In networks "
        "that learn well, norms, biases and matrices of all sizes stay within about three decades of each other.",
        lenience=0.85,
    )  # fmt: skip
    update_low: float = _number(
        1e-6, "Not updating below", "|ΔW| / |W|", (1e-12, 1e-3),
        "A layer would take a million steps to move by its own length; float32 rounds single weights at 6e-8 of their "
        "size. SageMaker Debugger warns at 1e-8.", log=True,
        lenience=2.0,
    )  # fmt: skip
    update_guide: float = _number(
        1e-3, "Update guide line", "|ΔW| / |W|", (1e-6, 1e-1),
        "A typical ratio of layers that learn well: Karpathy's rule of thumb in the CS231n notes.", log=True,
    )  # fmt: skip
    update_high: float = _number(
        1e-1, "Updating too much from", "|ΔW| / |W|", (1e-3, 100.0),
        "A hundred times the guide line: every step replaces a tenth of a layer. Presets that learn smoothly stay "
        "below 0.06; SageMaker Debugger warns only at 10.", log=True,
        lenience=0.6,
    )  # fmt: skip
    unchanged_share: float = _number(
        0.99, "Standing still from", "share of weights", (0.5, 1.0),
        "Share of a layer's weights that a step leaves unchanged to the last bit.",
        lenience=0.97,
    )  # fmt: skip
    dead_share: float = _number(
        0.6, "Dead from", "share of units", (0.05, 1.0),
        "Share of a layer's units that are off for every sample. Where samples look alike, a unit is on for all or for "
        "none by chance: a share from the start that three standard deviations explain is no finding. SageMaker "
        "Debugger's DeadRelu warns at 0.5.",
        lenience=0.9,
    )  # fmt: skip
    dead_growth: float = _number(
        0.1, "Died since the start", "share of units", (0.0, 1.0),
        "Growth of the share since the start from which chance is no explanation.",
        lenience=0.5,
    )  # fmt: skip
    saturated_share: float = _number(
        0.9, "Saturated from", "share of inputs", (0.05, 1.0),
        "Share of the inputs of a layer's activations that lie where the slope is below a hundredth of the steepest. A "
        "sigmoid layer that has learnt reaches 0.7; SageMaker Debugger warns at 0.5, of far deeper saturation.",
        lenience=0.95,
    )  # fmt: skip
    signal_decades: float = _number(
        2.0, "Uneven signal from", "decades", (0.1, 1000.0),
        "Change of the outputs' size through the layers at the start. Glorot and He initialisation keep it level; in "
        "the residual ReLU stack of 152 layers, which learns, it grows by 1.2.",
    )  # fmt: skip
    alike_ratio: float = _number(
        1e-3, "All alike below", "spread / |mean|", (1e-9, 1.0),
        "Spread of a layer's outputs over their mean at the start: below this all units give the same for all samples.",
        log=True,
    )  # fmt: skip
    first_loss_factor: float = _number(
        30.0, "First loss too high from", "times ln(classes)", (1.1, 1e6),
        "A network that knows nothing should give every class the same chance, a loss of ln(classes) (CS231n notes). A "
        "far higher loss means sure but wrong answers; the residual ReLU stack of 152 layers still learns from 17.",
        log=True,
    )  # fmt: skip
    chance_loss_share: float = _number(
        0.95, "Guessing above", "times ln(classes)", (0.1, 1.0),
        "A loss of ln(classes) is that of guessing: above this share of it nothing is learnt.",
        lenience=0.97,
    )  # fmt: skip
    patience_steps: int = _number(
        100, "Patience", "steps", (1, 1_000_000),
        "Steps before it counts that nothing is learnt, or that branches closed at the start do not open; every preset "
        "that learns is below guessing by then.",
        log=True,
    )  # fmt: skip
    worse_factor: float = _number(
        2.0, "Getting worse from", "times the first loss", (1.0, 1000.0),
        "A loss so far above that of the start and that of guessing means that training does harm, if only for a "
        "while; presets that learn smoothly never get there.",
        lenience=0.8,
    )  # fmt: skip
    converged_loss_share: float = _number(
        0.01, "Nothing left to learn below", "times ln(classes)", (0.0, 0.5),
        "Below this loss it is no fault that the weights stand still.",
        lenience=0.5,
    )  # fmt: skip

    def __post_init__(self) -> None:
        for name, spec in threshold_specs().items():
            value = getattr(self, name)
            if not (math.isfinite(value) and spec.low <= value <= spec.high):
                raise ThresholdError(f"{name}: {value!r} is not allowed; allowed: {spec.low:g} to {spec.high:g}")
        if not self.update_low < self.update_guide < self.update_high:
            raise ThresholdError("update_low, update_guide and update_high must rise in this order")

    def lenient(self) -> Thresholds:
        """Return the thresholds that a finding has to pass to go on: each a little easier, as far as is allowed."""
        specs = threshold_specs()
        eased = {
            name: min(max(getattr(self, name) * spec.lenience, spec.low), spec.high)
            for name, spec in specs.items()
            if spec.lenience != 1.0
        }
        # the guide line stays between the two
        eased["update_low"] = min(eased["update_low"], math.sqrt(self.update_low * self.update_guide))
        eased["update_high"] = max(eased["update_high"], math.sqrt(self.update_high * self.update_guide))
        return replace(self, **eased)

    def changed(self, **values: Any) -> Thresholds:
        """Return a copy with some thresholds changed. Raises ThresholdError."""
        unknown = values.keys() - threshold_specs().keys()
        if unknown:
            known = ", ".join(threshold_specs())
            raise ThresholdError(f"{', '.join(sorted(unknown))}: there is no such threshold; there are {known}")
        return replace(self, **values)


def thresholds_from(path: Path | None, settings: Sequence[str]) -> Thresholds:
    """Return the defaults, changed by the TOML file at `path`, and then by `settings` such as "dead_share=0.8".

    Raises ThresholdError for a file that cannot be read, and for what is not there or not allowed.
    """
    values: dict[str, object] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ThresholdError(f"{path}: {error}") from error
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ThresholdError(f"{setting}: a threshold is set as NAME=VALUE")
        values[name.strip()] = value.strip()
    return Thresholds().changed(**{name: _value(name, value) for name, value in values.items()})


def _value(name: str, given: object) -> float:
    try:
        number = float(given) if not isinstance(given, bool) else math.nan  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ThresholdError(f"{name}: {given!r} is no number")
    return int(number) if name == "patience_steps" and number == int(number) else number


def threshold_specs() -> dict[str, ThresholdSpec]:
    """Return what there is to know of each threshold, by field name, in the order of the form."""
    return {item.name: item.metadata[_KEY] for item in fields(Thresholds)}
