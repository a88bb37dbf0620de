"""The layer of an experiment as a formula, so that a person reads what the options mean together."""

from __future__ import annotations

from gradviz.experiment import Experiment

_JOINS = {
    "none": "{branch}",
    "identity": "x + {branch}",
    "pre_activation": "x + {branch}",
    "scaled": "x + {scale:.3g} {branch}",
    "rezero": "x + α {branch}, α = 0 at first",
    "highway": "T {branch} + (1 − T) x, T = sigmoid(V x + c)",
}
_NAMES = {
    "linear": "", "leaky_relu": "leakyReLU", "relu": "ReLU", "elu": "ELU", "selu": "SELU", "silu": "SiLU",
    "gelu": "GELU",
}  # fmt: skip


def formula(experiment: Experiment) -> str:
    """Return what one layer, or one block under a shortcut, computes from its input x."""
    name = _NAMES.get(experiment.activation, experiment.activation)
    norm = "" if experiment.normalization == "none" else "norm"

    def around(function: str, inner: str) -> str:
        return f"{function}({inner})" if function else inner

    if experiment.shortcut == "pre_activation":
        inner = around(name, around(norm, "x"))
        layer = f"W {inner} + b"
    else:
        layer = around(name, around(norm, "W x + b"))
    bare = not name and experiment.shortcut not in ("none", "identity", "pre_activation")
    branch = f"({layer})" if bare else layer
    if experiment.shortcut == "none" or experiment.shortcut_span == 1:
        return "h = " + _JOINS[experiment.shortcut].format(branch=branch, scale=experiment.branch_scale)
    joined = _JOINS[experiment.shortcut].format(branch="F(x)", scale=experiment.branch_scale)
    return f"h = {joined}\nF: {experiment.shortcut_span} layers of {layer}"
