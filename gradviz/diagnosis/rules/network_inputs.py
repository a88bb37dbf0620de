"""What a network that gradviz trains is given: inputs of an unusual size, or an input layer that lets none in."""

from __future__ import annotations

import numpy as np

from gradviz.diagnosis.finding import Evidence, Finding, Severity, evidence
from gradviz.diagnosis.readings import Readings
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.experiment import Experiment, Mlp

# times the root mean square of standardised inputs, which is 1; LeCun et al. 1998, Efficient BackProp, section 4.3
LARGE_INPUTS, SMALL_INPUTS = 10.0, 0.05


@rule("input_scale", rank=4)
def input_scale(readings: Readings, _thresholds: Thresholds, *, experiment: Experiment) -> Finding | None:
    """Find inputs far larger or smaller than the initialisation is made for; a notice where the network learns."""
    squares = readings.input_mean_square
    if squares is None or not squares.size:
        return None
    size = float(np.sqrt(squares.mean()))
    if SMALL_INPUTS <= size <= LARGE_INPUTS:
        return None
    data = experiment.data
    standardised = data.input_scaling == "standardised" and data.input_factor == 1.0
    if standardised or size == 0.0:
        return None
    fact = evidence("inputs_out_of_scale", "", 0, rms=size, factor=data.input_factor)
    return _cause("input_scale", readings, fact)


@rule("blind_input", rank=6)
def blind_input(readings: Readings, thresholds: Thresholds, *, experiment: Experiment) -> Finding | None:
    """Find an input layer that began with weights of zero, in a network that has not learnt after a while."""
    network = experiment.network
    if not isinstance(network, Mlp) or network.input_initialization != "zeros" or readings.learnt:
        return None
    if readings.step < thresholds.patience_steps:
        return None
    return _cause("blind_input", readings, evidence("no_input_weights", "", 0))


def _cause(kind: str, readings: Readings, fact: Evidence) -> Finding:
    severity = Severity.NOTICE if readings.learnt else Severity.WARNING
    return Finding(kind, severity, readings.step, (fact,), first_step=0, is_cause=True)
