"""Which fields of an experiment have no effect given the others, and why."""

from gradviz.experiment.recipe import Experiment


def inapplicable(experiment: Experiment) -> dict[str, str]:
    """Return the fields that do not apply, each with the reason in words."""
    parts = (experiment.network, experiment.training, experiment.data, experiment)
    return {name: reason for part in parts for name, reason in part.inapplicable().items()}
