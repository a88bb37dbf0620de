"""What the notes of the Transformer presets say, held against their runs; imported by test_presets.py.

Their runs take half a minute and more each, so they are trained with the benchmarks only.
"""

from __future__ import annotations

import numpy as np
import pytest
from preset_notes import Preset, shows
from trained_runs import trained

from gradviz.experiment import Transformer

CHANCE_AT_MOST = 0.15


def transformer(preset: Preset) -> Transformer:
    assert isinstance(preset.experiment.network, Transformer)
    return preset.experiment.network


def cosines(preset: Preset, step: int) -> np.ndarray:
    """At the end of each block, after its MLP."""
    return preset.row("token_cosine", step)[1::2]


def decades(preset: Preset) -> float:
    return float(np.ptp(preset.row("activation_grad_rms", 0)))


@shows("transformer-pre-norm-24", long=True)
def _(preset: Preset) -> None:
    preset.says("24 blocks", "above 85%")
    assert transformer(preset).depth == 24
    assert preset.accuracies()[-1] > 0.85
    preset.says("16 patches")
    assert (8 / transformer(preset).patch) ** 2 == 16
    preset.says("below 0.95", "step 0")
    assert cosines(preset, 0).max() < 0.95


@shows("transformer-post-norm-24", long=True)
def _(preset: Preset) -> None:
    preset.says("24 blocks", "at chance")
    assert preset.accuracies()[-1] <= CHANCE_AT_MOST
    preset.says("step 0", "less than two decades")
    assert decades(preset) < 2
    preset.says("above 0.99")
    assert cosines(preset, preset.last)[-4:].min() > 0.99
    preset.says("a tenth", "100 steps", "above 30%")
    slow = preset.experiment.changed(learning_rate=0.0005, warmup_steps=100)
    assert slow.training.learning_rate == pytest.approx(preset.experiment.training.learning_rate / 10)
    assert trained(slow).accuracies()[1][-1] > 0.3


@shows("transformer-post-norm-12", long=True)
def _(preset: Preset) -> None:
    preset.says("at chance")
    assert transformer(preset).depth == 12
    assert preset.accuracies()[-1] <= CHANCE_AT_MOST
    preset.says("0 is level", "two decades")
    assert decades(preset) < 2
    preset.says("above 0.99")
    assert cosines(preset, 0)[-1] < 0.99 < cosines(preset, preset.last)[-1]


@shows("transformer-post-norm-12-warmup", long=True)
def _(preset: Preset) -> None:
    preset.says("150 steps", "above 75%", "hundred-and-fiftieth")
    training = preset.experiment.training
    assert training.warmup_steps == 150
    assert preset.accuracies()[-1] > 0.75
    assert [training.rate_factor(step) for step in (0, 1, 149, 150)] == pytest.approx([1 / 150, 2 / 150, 1, 1])
    assert trained(preset.experiment.changed(depth=24)).accuracies()[1][-1] < 0.5


@shows("transformer-no-shortcut", long=True)
def _(preset: Preset) -> None:
    preset.says("24 blocks", "at chance")
    assert preset.accuracies().max() <= CHANCE_AT_MOST
    preset.says("step 0", "two decades")
    assert decades(preset) < 2
    preset.says("block 3", "above 0.99")
    assert cosines(preset, 0)[2:].min() > 0.99


@shows("transformer-rescued", long=True)
def _(preset: Preset) -> None:
    preset.says("24 blocks", "above 85%")
    assert preset.accuracies()[-1] > 0.85
    preset.says("2.63")
    assert transformer(preset).deepnorm_alpha == pytest.approx((2 * 24) ** 0.25) == pytest.approx(2.63, abs=0.005)
    preset.says("below 0.95", "step 0")
    assert cosines(preset, 0).max() < 0.95
