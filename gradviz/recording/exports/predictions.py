"""What a network makes of validation samples, as tables for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.atomic_file import write_atomically
from gradviz.recording.confusion import class_accuracies, confusion_matrix, errors_of, largest_errors, surest_mistakes
from gradviz.recording.frame import Evaluation, HeldOut


def confusion_table(held_out: HeldOut, evaluation: Evaluation) -> list[list[str]]:
    """Return a header and one row per true class: how many are taken for each class, and the share that is right."""
    names = list(held_out.class_names)
    matrix = confusion_matrix(held_out, evaluation)
    accuracies = ["" if np.isnan(share) else f"{share:.9g}" for share in class_accuracies(matrix).tolist()]
    rows = zip(names, matrix.tolist(), accuracies, strict=True)
    return [["truth", *names, "accuracy"], *([name, *map(str, counts), share] for name, counts, share in rows)]


def mistakes_table(held_out: HeldOut, evaluation: Evaluation) -> list[list[str]]:
    """Return a header and one row per wrong validation sample, the surest first, with its inputs.

    `sample` counts the validation samples from 1. Pictures come without their inputs. Where a number is predicted, it
    is every sample, that with the largest error first.
    """
    if held_out.targets is not None:
        return numbers_table(held_out, evaluation, largest_errors(held_out, evaluation))
    names = held_out.class_names
    rows = [
        [
            str(place + 1),
            names[held_out.labels[place]],
            names[evaluation.predicted[place]],
            f"{evaluation.confidence[place]:.9g}",
            *_inputs(held_out, place),
        ]
        for place in surest_mistakes(held_out, evaluation).tolist()
    ]
    return [["sample", "truth", "prediction", "confidence", *_input_names(held_out)], *rows]


def numbers_table(held_out: HeldOut, evaluation: Evaluation, places: NDArray[np.intp] | None = None) -> list[list[str]]:
    """Return a header and a row per validation sample, or those at `places`: true and predicted number, and error."""
    assert held_out.targets is not None
    assert evaluation.values is not None
    errors = errors_of(held_out, evaluation)
    rows = [
        [
            str(place + 1),
            f"{held_out.targets[place]:.9g}",
            f"{evaluation.values[place]:.9g}",
            f"{errors[place]:.9g}",
            *_inputs(held_out, place),
        ]
        for place in (range(len(errors)) if places is None else places.tolist())
    ]
    return [["sample", "truth", "prediction", "error", *_input_names(held_out)], *rows]


def _inputs(held_out: HeldOut, place: int) -> list[str]:
    return [] if held_out.image_shape else [f"{value:.9g}" for value in held_out.inputs[place].tolist()]


def _input_names(held_out: HeldOut) -> list[str]:
    return [] if held_out.image_shape else [f"input_{number}" for number in range(1, held_out.inputs.shape[1] + 1)]


def save_rows(path: Path, rows: list[list[str]]) -> None:
    """Write rows as CSV. Raises ExportError for a file that cannot be written."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_atomically(path, text.getvalue().encode("utf-8"))
