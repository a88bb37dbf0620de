"""Words for what a network that gradviz trains is given."""

from __future__ import annotations

from gradviz.diagnosis.finding import Evidence
from gradviz.diagnosis.words.names import Names
from gradviz.diagnosis.words.numbers import plain
from gradviz.diagnosis.words.said import Said, Words


def _out_of_scale(fact: Evidence, _names: Names) -> Said:
    size = plain(fact.number("rms"))
    large = fact.number("rms") > 1.0
    what = "the first layers answer with numbers as large" if large else "next to nothing of them is left behind biases"
    return (
        f"root mean square {size}",
        f"The inputs have a root mean square of {size}, where initialisation and learning rate are made for 1: {what}.",
    )


def _no_input_weights(_fact: Evidence, _names: Names) -> Said:
    return (
        "all samples look alike",
        "The weights of the input layer were all zero at the start: every sample looked the same to the layers behind, "
        "and only what comes back through them could change that.",
    )


TITLES = {
    "input_scale": "Inputs out of scale",
    "blind_input": "An input layer of zeros",
}
FACTS: dict[str, Words] = {
    "inputs_out_of_scale": _out_of_scale,
    "no_input_weights": _no_input_weights,
}
