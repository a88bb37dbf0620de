"""What a network makes of validation samples, as tables for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from gradviz.recording.atomic_file import write_atomically
from gradviz.recording.confusion import class_accuracies, confusion_matrix, surest_mistakes
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

    `sample` counts the validation samples from 1.
    """
    names = held_out.class_names
    rows = [
        [
            str(place + 1),
            names[held_out.labels[place]],
            names[evaluation.predicted[place]],
            f"{evaluation.confidence[place]:.9g}",
            *(f"{value:.9g}" for value in held_out.inputs[place].tolist()),
        ]
        for place in surest_mistakes(held_out, evaluation).tolist()
    ]
    inputs = [f"input_{number}" for number in range(1, held_out.inputs.shape[1] + 1)]
    return [["sample", "truth", "prediction", "confidence", *inputs], *rows]


def save_rows(path: Path, rows: list[list[str]]) -> None:
    """Write rows as CSV. Raises ExportError for a file that cannot be written."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_atomically(path, text.getvalue().encode("utf-8"))
