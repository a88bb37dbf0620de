"""Measured values in words, exact where the picture is not."""

from __future__ import annotations

import math

from gradviz.recording.frame import Quantity
from gradviz.recording.powers import scientific


def value_in_words(quantity: Quantity, value: float | None) -> str:
    """Say what was measured, in the scale of `quantity`; None if nothing was."""
    if value is None:
        return "not measured at this step"
    if math.isnan(value):
        return "not a number"
    if quantity.scale == "log10" and value == -math.inf:
        return "exactly zero: underflowed or dead"
    if math.isinf(value):
        return "infinite: overflowed"
    number = scientific(value) if quantity.scale == "log10" else f"{value:.4g}"
    return f"{number} {quantity.unit}".rstrip()


def in_sentence(label: str) -> str:
    """Return `label` as it stands in the middle of a sentence: `Weight norm` gives `weight norm`, `RMS` stays."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def on_axis(quantity: Quantity) -> str:
    """Name a quantity on an axis beside a title that has its whole name: by its unit, where it has one."""
    return quantity.unit or quantity.label


def with_unit(quantity: Quantity) -> str:
    """Return the label of an axis: quantity and unit."""
    return f"{quantity.label} ({quantity.unit})" if quantity.unit else quantity.label


def measured_at(measured: int, wanted: int | None = None) -> str:
    """Say when something was measured: `at step 140`, and where `wanted` is another step that it stands for that."""
    words = f"at step {measured:,}"
    return words if wanted in (None, measured) else f"{words}, the latest before {wanted:,}"
