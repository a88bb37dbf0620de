"""What the recipe of a network tells before any number does: too few samples, units or bends for what is asked."""

from __future__ import annotations

from dataclasses import replace

from gradviz.diagnosis.finding import Evidence, Finding, Severity, evidence
from gradviz.diagnosis.flow import cut_off, profile_of
from gradviz.diagnosis.readings import Readings
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.rules.gradient_flow import falls_too_far
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.experiment import Experiment, Mlp

# mean and variance of fewer samples than this say little of all: of two, whatever they are, +1 and -1 are made
SMALLEST_BATCH_FOR_NORM = 8
# layers of so few units die or saturate as a whole by chance
NARROWEST = 4


@rule("small_batch", rank=5)
def small_batch(readings: Readings, _thresholds: Thresholds, *, experiment: Experiment) -> Finding | None:
    """Find batch normalisation over so few samples that it is noise; a notice where the network learns with it."""
    network, samples = experiment.network, readings.batch_size
    if not network.normalises_batches or samples >= SMALLEST_BATCH_FOR_NORM:
        return None
    fact = evidence("few_samples_to_normalise", "", readings.step, samples=samples, advised=SMALLEST_BATCH_FOR_NORM)
    return _cause("small_batch", readings, fact)


@rule("narrow", rank=24)
def narrow(readings: Readings, thresholds: Thresholds, *, experiment: Experiment) -> Finding | None:
    """Find layers of so few units that too little gets through, in a network that has not learnt."""
    network, guess = experiment.network, readings.guess
    if not isinstance(network, Mlp) or guess is None or readings.learnt:
        return None
    least = max(NARROWEST, readings.classes)
    flow = readings.flow
    if network.width >= least:
        return None
    closed = flow is not None and profile_of(readings, flow) is not None and cut_off(readings, flow) is not None
    if not closed and readings.step < thresholds.patience_steps:
        return None
    fact = evidence("few_units", "", readings.step, units=network.width, classes=readings.classes)
    # a gradient that vanishes from layer to layer does so through wide ones, too
    vanishes = flow is not None and falls_too_far(readings, thresholds, flow)
    return replace(_cause("narrow", readings, fact), is_cause=not vanishes)


@rule("straight", rank=25)
def straight(readings: Readings, thresholds: Thresholds, *, experiment: Experiment) -> Finding | None:
    """Find a network without a bend that has not learnt after a while: all its layers together are one."""
    network = experiment.network
    if not network.straight or readings.step < thresholds.patience_steps or readings.learnt:
        return None
    if readings.lost is not None:
        return None
    return _cause("straight", readings, evidence("no_bend", "", readings.step, layers=len(network.rows())))


def _cause(kind: str, readings: Readings, fact: Evidence) -> Finding:
    """Return a finding about the whole recipe, which is so from the start."""
    return Finding(
        kind,
        Severity.NOTICE if readings.learnt else Severity.WARNING,
        readings.step,
        (fact,),
        first_step=0,
        is_cause=True,
    )
