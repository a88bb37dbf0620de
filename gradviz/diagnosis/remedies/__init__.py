"""What to try against each finding: chosen by the architecture of the recipe, or for a script where there is none."""

from __future__ import annotations

from typing import Any

from gradviz.diagnosis.finding import Finding, Remedy
from gradviz.diagnosis.readings import Readings
from gradviz.diagnosis.remedies import mlp, resnet, script, transformer
from gradviz.diagnosis.remedies.agreement import agreed, without_consequences
from gradviz.diagnosis.remedies.choosing import Case, Choices, chosen
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.experiment import Experiment

__all__ = ["OF_ARCHITECTURE", "agreed", "remedies_for", "without_consequences"]

Remedies = tuple[Remedy, ...]
OF_ARCHITECTURE: dict[str, Choices[Any]] = {
    "mlp": mlp.BY_KIND,
    "resnet": resnet.BY_KIND,
    "transformer": transformer.BY_KIND,
}


def remedies_for(
    finding: Finding, readings: Readings, thresholds: Thresholds, experiment: Experiment | None
) -> Remedies:
    """Return what may help, best first; nothing for an architecture of which nothing is known."""
    if experiment is None:
        return script.remedies(finding, readings)
    network = experiment.network
    case = Case(finding, readings, thresholds, network, experiment.training, experiment.data)
    return chosen(OF_ARCHITECTURE.get(network.architecture, {}), case, experiment)
