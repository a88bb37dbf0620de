"""Runs made up number by number, and what has to come out of a file of them, said the naive way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from gradviz.experiment import Experiment, Row
from gradviz.recording.frame import (
    KINDS,
    Checkpoint,
    Distribution,
    Distributions,
    Evaluation,
    Frame,
    HeldOut,
    Observation,
    Quantity,
    Started,
)
from gradviz.recording.history import History

LONGEST_WAIT_S = 60.0
LAYERS = 700  # 64 rows to a chunk: a run of a few hundred steps has chunks on two levels
LAYERS_OBSERVED = 5
QUANTITIES = (
    Quantity("grad", "Gradient", "|g|", "made up"),
    Quantity("mean", "Mean", "h", "made up", scale="linear", signed=True, guide=(-3.0, "a guide")),
    Quantity("share", "Share", "", "made up", scale="linear", scheduled=True, beside="mean", bounds=(0.0, 1.0)),
)


def begun(layers: int = LAYERS, **settings: object) -> Started:
    """A run on points in the plane."""
    generator = np.random.default_rng(1)
    held_out = HeldOut(
        generator.normal(size=(30, 2)).astype(np.float32),
        generator.integers(0, 3, 30),
        ("no", "yes", "Größe"),
        extent=(-1.0, 1.5, -2.0, 2.0),
    )
    experiment = Experiment().changed(**{"depth": layers, "title": "Größe & <ramp>", **settings})
    return Started.of_experiment(
        experiment,
        quantities=QUANTITIES,
        held_out=held_out,
        parameters=100,
        device="cpu",
        threads=1,
        batch_size=4,
        training_samples=8,
        input_mean_square=generator.random(8),
    )


def watched(layers: int = 5) -> Started:
    """A network of a person's own."""
    rows = tuple(Row(f"encoder.{number}") for number in range(layers))
    return Started("mine", rows, QUANTITIES, "bfloat16", 100, "cpu", 0, scheduled_every=7)


def frame(step: int, layers: int = LAYERS, *, by_layer: bool = False) -> Frame:
    """A frame with all that a row can be: missing, NaN, infinite, minus zero, subnormal, measured in part."""
    generator = np.random.default_rng(step)
    rows = {
        "grad": generator.normal(-20, 5, layers).astype(np.float32),
        "mean": generator.normal(0, 1, layers).astype(np.float32),
    }
    rows["grad"][step % layers] = (-np.inf, np.nan, np.inf)[step % 3]
    rows["mean"][step % layers] = (-0.0, 1e-45, np.nan)[step % 3]
    if step % 10 == 0:
        rows["share"] = generator.random(layers).astype(np.float32)
    measured = {"mean": generator.random(layers) < 0.5} if by_layer and step % 3 else {}
    loss = float("nan") if step % 50 == 7 else 2.0 / (step + 1)
    skipped = step % 11 == 3
    return Frame(step, loss, step / (step + 1), 0.1 * 0.999**step, rows, measured, skipped, further_numbers(step))


def further_numbers(step: int) -> dict[str, float]:
    """Numbers by name: one now and then, one that comes up late, one at each step, infinite at times."""
    told = {"validation_loss": 3.0 / (step + 1)} if step % 10 == 0 else {}
    late = {'späte, "Zahl"': float(step) ** 3} if step >= 65 else {}
    return told | late | {"weight_decay": float("inf") if step % 13 == 0 else -1e-300 * step}


def observation(step: int) -> Observation:
    generator = np.random.default_rng(step)
    rows = tuple(int(row) for row in np.flatnonzero(generator.random(LAYERS_OBSERVED) < 0.4) + 1)
    numbers = ("mean", generator.normal()), ("highest", float("inf")), ("lowest", float("nan"))
    kind = ("inputs", "frozen")[step % 2]
    return Observation(step, kind, rows, ("encoder.0", "Größe"), numbers, holds=step % 3 > 0)


def evaluation(step: int) -> Evaluation:
    generator = np.random.default_rng(step)
    return Evaluation(
        step,
        float("inf") if step == 20 else generator.random(),
        generator.random(),
        generator.integers(0, 3, 30),
        generator.random(30).astype(np.float32),
        generator.random((4, 5, 3)).astype(np.float32),
    )


def distributions(step: int, layers: int = LAYERS, bins: int = 8) -> Distributions:
    generator = np.random.default_rng(step)

    def one(number: int) -> Distribution:
        low = generator.normal(0, 10.0 ** (3 * number), (layers, 1))
        edges = low + generator.random((layers, 1)) * (np.arange(bins + 1) / bins) * 0.30103
        counts = generator.integers(0, 1000 ** (number + 1), (layers, bins))
        zeros, bad = generator.integers(0, 5, layers), generator.integers(0, 2, layers)
        return Distribution(KINDS[number], edges, counts, zeros, bad)

    return Distributions(step, {kind.name: one(number) for number, kind in enumerate(KINDS)})


def events(
    first: int, end: int, layers: int = LAYERS, **how: bool
) -> Iterator[Frame | Observation | Evaluation | Distributions]:
    """What a run says from step `first` up to but without `end`."""
    for step in range(first, end):
        if step % 15 == 4:
            yield observation(step)
        if step % 10 == 0:
            yield evaluation(step)
        if step % 25 == 0:
            yield distributions(step, layers)
        yield frame(step, layers, **how)


def checkpoint(step: int) -> Checkpoint:
    generator = np.random.default_rng(step)
    arrays = {
        "weights": generator.normal(size=(3, 4, 5)).astype(np.float32),
        "moments": generator.normal(size=7),
        "generator": generator.integers(0, 255, 5056).astype(np.uint8),
        "steps": np.array(step),
        "flags": np.array([True, False]),
        "empty": np.empty((0, 3), np.float16),
        "long": generator.integers(-(2**62), 2**62, (5, 2**18)),
    }
    return Checkpoint(step, arrays)


def append(history: History, first: int, end: int, **how: bool) -> None:
    for event in events(first, end, len(history.started.rows), **how):
        history.append(event)


def same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def assert_holds(history: History, frames: int, *, may_be_ahead: bool = False, **how: bool) -> None:
    """Hold everything that `history` says against the events it was made of, bit by bit.

    Of a run that was cut off it may hold what came before the frame that is missing.
    """
    layers = len(history.started.rows)
    assert history.frames == frames
    expected = list(events(0, frames, layers, **how))
    for each in expected:
        match each:
            case Frame():
                _assert_frame(history, each)
            case Evaluation():
                _assert_evaluation(history.evaluation_at(each.step), each)
            case Distributions():
                _assert_distributions(history.distributions_at(each.step), each)
    for steps, kind in ((history.evaluation_steps, Evaluation), (history.distribution_steps, Distributions)):
        there = [each.step for each in expected if isinstance(each, kind)]
        assert steps.tolist() == there or (may_be_ahead and steps.tolist() == [*there, frames])
    observed = [repr(each) for each in expected if isinstance(each, Observation)]
    if may_be_ahead and frames % 15 == 4 and len(history.observations) > len(observed):
        observed.append(repr(observation(frames)))
    assert [repr(each) for each in history.observations] == observed
    _assert_further_numbers(history, frames)
    assert history.skipped_steps().tolist() == [step for step in range(frames) if step % 11 == 3]
    assert_spans(history, [each for each in expected if isinstance(each, Frame)])


def assert_spans(history: History, frames: list[Frame]) -> None:
    for quantity in QUANTITIES:
        rows = [
            each.rows[quantity.name][each.measured.get(quantity.name, slice(None))]
            for each in frames
            if quantity.name in each.rows
        ]
        values = np.concatenate(rows) if rows else np.empty(0)
        finite = values[np.isfinite(values)]
        assert history.span(quantity.name) == ((finite.min(), finite.max()) if finite.size else None)


def _assert_frame(history: History, expected: Frame) -> None:
    step = expected.step
    for quantity in QUANTITIES:
        row = expected.rows.get(quantity.name)
        measured = expected.measured.get(quantity.name)
        found = history.row(quantity.name, step)
        if row is None or (measured is not None and not measured.any()):
            assert found is None
        elif measured is None:
            assert same_bits(found, row)
        else:
            assert same_bits(found[measured], row[measured])
            assert history.measured(quantity.name, step).tolist() == measured.tolist()
    scalars = np.array([expected.loss, expected.batch_accuracy, expected.learning_rate, expected.skipped], np.float64)
    assert same_bits(history.scalars(step, step + 1)[0], scalars)


def _assert_further_numbers(history: History, frames: int) -> None:
    told = [further_numbers(step) for step in range(frames)]
    assert set(history.scalar_names) >= {name for each in told for name in each}
    for name in history.scalar_names:
        expected = np.array([each.get(name, np.nan) for each in told])
        assert np.array_equal(history.scalar(name)[1], expected, equal_nan=True), name


def _assert_evaluation(found: Evaluation | None, expected: Evaluation) -> None:
    assert found is not None
    assert (found.step, found.loss, found.accuracy) == (expected.step, expected.loss, expected.accuracy)
    assert same_bits(found.predicted, expected.predicted)
    assert same_bits(found.confidence, expected.confidence)
    assert same_bits(found.boundary, expected.boundary)


def _assert_distributions(found: Distributions | None, expected: Distributions) -> None:
    assert found is not None
    assert found.step == expected.step
    assert found.by_kind.keys() == expected.by_kind.keys()
    for name, each in expected.by_kind.items():
        assert found.by_kind[name].kind is each.kind
        for field in ("edges", "counts", "zeros", "not_finite"):
            assert same_bits(getattr(found.by_kind[name], field), getattr(each, field)), (name, field)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + LONGEST_WAIT_S
    while not condition():
        assert time.monotonic() < give_up, f"waited in vain until {what}"
        time.sleep(0.002)
