"""Confusion, accuracies and mistakes against scikit-learn."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

from gradviz.recording.confusion import class_accuracies, confusion_matrix, errors_of, largest_errors, surest_mistakes
from gradviz.recording.exports.predictions import confusion_table, mistakes_table, numbers_table, save_rows
from gradviz.recording.frame import Evaluation, HeldOut

NAMES = ("ape", "bee, wild", "cat", "dog")


def samples(count: int = 200, *, absent: int | None = None, seed: int = 0) -> tuple[HeldOut, Evaluation]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, count)
    if absent is not None:
        labels[labels == absent] = (absent + 1) % 4
    predicted = np.where(rng.random(count) < 0.7, labels, rng.integers(0, 4, count))
    confidence = rng.uniform(0.25, 1.0, count).astype(np.float32).round(2)
    held_out = HeldOut(rng.normal(size=(count, 3)).astype(np.float32), labels, NAMES)
    return held_out, Evaluation(5, 0.3, float((predicted == labels).mean()), predicted, confidence)


@pytest.mark.parametrize("absent", [None, 0, 3])
def test_the_matrix_is_that_of_scikit_learn(absent: int | None) -> None:
    held_out, evaluation = samples(absent=absent)
    expected = metrics.confusion_matrix(held_out.labels, evaluation.predicted, labels=range(4))
    np.testing.assert_array_equal(confusion_matrix(held_out, evaluation), expected)


def test_the_accuracy_of_a_class_is_its_recall_and_not_a_number_without_samples() -> None:
    held_out, evaluation = samples(absent=2)
    expected = metrics.recall_score(
        held_out.labels, evaluation.predicted, labels=range(4), average=None, zero_division=np.nan
    )
    found = class_accuracies(confusion_matrix(held_out, evaluation))
    np.testing.assert_array_equal(found, expected)
    assert np.isnan(found[2])


def test_mistakes_are_all_wrong_ones_the_surest_first_and_stable() -> None:
    held_out, evaluation = samples()
    wrong = [place for place in range(200) if evaluation.predicted[place] != held_out.labels[place]]
    expected = sorted(wrong, key=lambda place: -evaluation.confidence[place])
    assert surest_mistakes(held_out, evaluation).tolist() == expected


def test_a_network_whose_numbers_are_not_finite_is_sure_of_nothing() -> None:
    held_out, evaluation = samples(4)
    evaluation = Evaluation(0, np.nan, 0.0, (held_out.labels + 1) % 4, np.array([np.nan, 0.5, np.nan, 0.9], np.float32))
    assert surest_mistakes(held_out, evaluation).tolist() == [3, 1, 0, 2]


def test_tables_are_csv_that_can_be_read_back(tmp_path: Path) -> None:
    held_out, evaluation = samples()
    save_rows(tmp_path / "matrix.csv", confusion_table(held_out, evaluation))
    with (tmp_path / "matrix.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["truth", *NAMES, "accuracy"]
    assert [row[0] for row in rows] == list(NAMES)
    matrix = np.array([row[1:5] for row in rows], int)
    np.testing.assert_array_equal(matrix, metrics.confusion_matrix(held_out.labels, evaluation.predicted))
    np.testing.assert_allclose([float(row[5]) for row in rows], matrix.diagonal() / matrix.sum(1), rtol=1e-8)
    save_rows(tmp_path / "mistakes.csv", mistakes_table(held_out, evaluation))
    with (tmp_path / "mistakes.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["sample", "truth", "prediction", "confidence", "input_1", "input_2", "input_3"]
    assert len(rows) == (evaluation.predicted != held_out.labels).sum()
    for row in rows:
        place = int(row[0]) - 1
        assert (NAMES[held_out.labels[place]], NAMES[evaluation.predicted[place]]) == (row[1], row[2])
        np.testing.assert_array_equal(np.float32(row[4:]), held_out.inputs[place])


def numbers() -> tuple[HeldOut, Evaluation]:
    rng = np.random.default_rng(1)
    targets = rng.normal(size=50) * 100
    values = (targets + rng.normal(size=50)).astype(np.float32)
    held_out = HeldOut(
        rng.normal(size=(50, 2)).astype(np.float32), np.zeros(50, np.int64), (), targets=targets, target_name="price"
    )
    nothing = np.zeros(50)
    return held_out, Evaluation(3, 0.1, 0.9, nothing.astype(np.int64), nothing.astype(np.float32), values=values)


def test_errors_of_numbers_are_what_scikit_learn_calls_them() -> None:
    held_out, evaluation = numbers()
    errors = np.abs(errors_of(held_out, evaluation))
    assert errors.max() == metrics.max_error(held_out.targets, evaluation.values)
    assert errors.mean() == pytest.approx(metrics.mean_absolute_error(held_out.targets, evaluation.values), rel=1e-12)
    order = largest_errors(held_out, evaluation)
    assert sorted(order.tolist()) == list(range(50))
    assert (np.diff(errors[order]) <= 0).all()


def test_predictions_that_are_no_numbers_come_last() -> None:
    held_out, evaluation = numbers()
    evaluation.values[[4, 7]] = np.nan, np.inf
    assert set(largest_errors(held_out, evaluation)[-2:].tolist()) == {4, 7}


def test_the_tables_of_numbers_hold_every_sample() -> None:
    held_out, evaluation = numbers()
    head, *rows = numbers_table(held_out, evaluation)
    assert head[:4] == ["sample", "truth", "prediction", "error"]
    np.testing.assert_allclose([float(row[1]) for row in rows], held_out.targets, rtol=1e-8)
    np.testing.assert_array_equal(np.float32([row[2] for row in rows]), evaluation.values)
    by_error = mistakes_table(held_out, evaluation)[1:]
    assert sorted(by_error) == sorted(rows)
    assert by_error[0] == rows[int(largest_errors(held_out, evaluation)[0])]
