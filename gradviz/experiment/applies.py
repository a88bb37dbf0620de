"""Which fields of an experiment have no effect given the others, and why."""

from gradviz.experiment.recipe import Experiment


def inapplicable(experiment: Experiment) -> dict[str, str]:
    """Return the fields that do not apply, each with the reason in words."""
    rules = {
        "leaky_slope": (experiment.activation == "leaky_relu", "only leaky ReLU has a slope"),
        "shortcut_span": (experiment.shortcut != "none", "there is no shortcut"),
        "shortcut_scale": (experiment.shortcut == "scaled", "only the scaled shortcut has a factor"),
        "sigma_w": (experiment.initialization == "gaussian", "only the gaussian initialisation has a scale"),
        "sigma_b": (experiment.initialization == "gaussian", "only the gaussian initialisation has a scale"),
        "zero_init_branch": (experiment.shortcut != "none", "there is no residual branch without a shortcut"),
        "momentum": (experiment.optimizer == "momentum", "only the momentum optimiser keeps a share of the last step"),
        "samples": (experiment.data not in ("digits", "file"), "the size of this data set is fixed"),
        "noise": (experiment.data not in ("digits", "file"), "only generated points have noise"),
        "data_file": (experiment.data == "file", "only data = file reads a file"),
    }
    return {name: reason for name, (holds, reason) in rules.items() if not holds}
