"""What the notes of the convolutional presets say, held against their runs; imported by test_presets.py.

Their runs take from seconds to minutes each, so they are trained with the benchmarks only.
"""

from __future__ import annotations

import numpy as np
import pytest
from preset_notes import Preset, shows
from trained_runs import trained

from gradviz.experiment import ResNet

CHANCE_AT_MOST = 0.2


def weight_gradients(preset: Preset, step: int = 0) -> np.ndarray:
    """Of all convolutions, without the classifier."""
    return preset.row("weight_grad_norm", step)[:-1]


@shows("plain-conv-20", long=True)
def _(preset: Preset) -> None:
    preset.says("Nineteen plain convolutions", "above 70%", "20 layers")
    assert preset.accuracies()[-1] > 0.7
    assert len(preset.history.started.rows) == 20
    preset.says("less than a decade")
    assert 0.5 < np.ptp(preset.row("activation_grad_rms", 0)[:-1]) < 1.0


@shows("plain-conv-56", long=True)
def _(preset: Preset) -> None:
    preset.says("56 layers", "below 40%", "20 layers reach 70%")
    assert preset.accuracies().max() < 0.4
    preset.says("more than two decades")
    row = preset.row("activation_grad_rms", 0)
    assert row[0] - row[-1] > 2


@shows("plain-conv-110", long=True)
def _(preset: Preset) -> None:
    preset.says("110 plain", "near chance")
    assert preset.accuracies()[-1] <= CHANCE_AT_MOST
    preset.says("step 0", "more than five decades")
    row = preset.row("activation_grad_rms", 0)
    assert row[0] - row[-1] > 5


@shows("resnet-56", long=True)
def _(preset: Preset) -> None:
    preset.says("56 layers", "every two convolutions", "above 90%")
    assert preset.accuracies()[-1] > 0.9
    network = preset.experiment.network
    assert isinstance(network, ResNet)
    assert {len(block.convolutions) for block in network.blocks()} == {2}
    preset.says("step 0", "a decade and a half")
    assert np.ptp(weight_gradients(preset)) < 1.5


@shows("resnet-110", long=True)
def _(preset: Preset) -> None:
    preset.says("110 layers", "above 90%", "near chance")
    assert preset.accuracies()[-1] > 0.9


@shows("resnet-152", long=True)
def _(preset: Preset) -> None:
    preset.says("152 layers", "above 95%")
    assert preset.accuracies()[-1] > 0.95
    # what the invitation says of a network without normalisation
    without = trained(preset.experiment.changed(normalization="none", steps=20))
    assert without.diverged is not None


@shows("resnet-1202", long=True)
def _(preset: Preset) -> None:
    preset.says("1202 layers", "above 90%", "600 branches")
    assert preset.accuracies()[-1] > 0.9
    network = preset.experiment.network
    assert isinstance(network, ResNet)
    assert len(network.blocks()) == 600
    preset.says("at zero", "step 0", "step 1")
    in_blocks = np.array([bool(row.group) for row in preset.history.started.rows])
    assert np.isneginf(weight_gradients(preset)[in_blocks[:-1]]).all()
    assert np.isfinite(weight_gradients(preset, 1)).all()
    unscaled = trained(preset.experiment.changed(branch="unscaled", steps=1))
    assert unscaled.diverged is not None


@shows("conv-sigmoid-20", long=True)
def _(preset: Preset) -> None:
    preset.says("Twenty layers", "at chance")
    assert preset.accuracies().max() == pytest.approx(0.1, abs=0.05)
    preset.says("step 0", "more than twelve decades")
    assert preset.fall() > 12
    preset.says("single bit")
    unchanged = preset.row("unchanged_fraction", preset.last)
    assert (unchanged[:5] == 1).all()
    assert unchanged[-1] < 0.5
