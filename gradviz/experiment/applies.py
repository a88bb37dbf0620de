"""Which fields of an experiment have no effect given the others, and why."""

from gradviz.experiment.recipe import Experiment


def inapplicable(experiment: Experiment) -> dict[str, str]:
    """Return the fields that do not apply, each with the reason in words."""
    rules = {
        "leaky_slope": (experiment.activation == "leaky_relu", "for leaky ReLU only"),
        "shortcut_span": (experiment.shortcut != "none", "needs a shortcut"),
        "shortcut_scale": (experiment.shortcut == "scaled", "for the scaled shortcut only"),
        "sigma_w": (experiment.initialization == "gaussian", "for gaussian only"),
        "sigma_b": (experiment.initialization == "gaussian", "for gaussian only"),
        "zero_init_branch": (experiment.shortcut != "none", "needs a shortcut"),
        "momentum": (experiment.optimizer == "momentum", "for momentum only"),
        "samples": (experiment.data not in ("digits", "file"), "for generated points only"),
        "noise": (experiment.data not in ("digits", "file"), "for generated points only"),
        "data_file": (experiment.data == "file", "for data = file only"),
    }
    return {name: reason for name, (holds, reason) in rules.items() if not holds}
