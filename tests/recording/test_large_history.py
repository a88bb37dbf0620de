"""A recording whose chunks left memory, or that was opened again, says the same as one that is all in memory."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable

import numpy as np
import pytest
from dictionary_source import DictionarySource

from gradviz.errors import RecordingError
from gradviz.recording.frame import Diverged, Evaluation, Frame, Quantity, Started
from gradviz.recording.history import History
from gradviz.recording.source import Chunk, ChunkKey
from gradviz.recording.zoom import cache
from gradviz.recording.zoom.cache import ChunkCache
from gradviz.recording.zoom.chunks import rows_per_chunk
from gradviz.recording.zoom.levels import stride_for

# 64 rows per chunk, the fewest there are
LAYERS = 1100
STEPS = 1500
QUANTITIES = (
    Quantity("norm", "", "", "made up"),
    Quantity("mean", "", "", "made up", scale="linear", signed=True),
)


@pytest.fixture(autouse=True)
def nothing_cached(monkeypatch: pytest.MonkeyPatch) -> ChunkCache:
    """Let the cache hold no chunk at all, so that everything let go has to come from the source."""
    none = ChunkCache(most_bytes=0)
    monkeypatch.setattr(cache.CachedSource.__init__, "__defaults__", (None, none))
    return none


class MadeUp:
    """Steps, measured by layer at some of them, in plain arrays."""

    def __init__(self, steps: int, layers: int = LAYERS, seed: int = 0) -> None:
        generator = np.random.default_rng(seed)
        self.rows = {q.name: generator.normal(size=(steps, layers)).astype(np.float32) for q in QUANTITIES}
        for rows in self.rows.values():
            rows[generator.random(steps) < 0.01] = -np.inf
            rows[generator.random(rows.shape) < 1e-4] = np.nan
            rows[generator.random(rows.shape) < 1e-4] = np.inf
        self.present = {q.name: generator.random(steps) < 0.9 for q in QUANTITIES}
        by_layer = generator.random((steps, layers)) < 0.9
        # a stretch of steps at which layers differ, in the midst of others
        self.by_layer = np.where(((np.arange(steps) // 150) % 3 == 1)[:, np.newaxis], by_layer, True)

    def frame(self, step: int) -> Frame:
        rows = {name: rows[step] for name, rows in self.rows.items() if self.present[name][step]}
        partly = {} if self.by_layer[step].all() else dict.fromkeys(rows, self.by_layer[step])
        return Frame(step, 1.0 / (step + 1), step / 1e4, 0.1, rows, partly, skipped=step % 7 == 3)

    def measured(self, name: str) -> np.ndarray:
        return self.present[name][:, np.newaxis] & self.by_layer

    def expected(self, name: str, start: int, end: int, kind: str) -> np.ndarray:
        """What stands for the steps (its magnitude, if it is signed), [layers], worked out over all of them at once."""
        rows, seen = self.rows[name][start:end].astype(float), self.measured(name)[start:end]
        with np.errstate(invalid="ignore", divide="ignore"):
            if kind == "mean":
                return np.where(seen, rows, 0.0).sum(axis=0) / seen.sum(axis=0)
            size = np.abs(rows) if name == "mean" else rows
            return np.where(seen.any(axis=0), np.where(seen, size, -np.inf).max(axis=0), np.nan)


def check(history: History, made: MadeUp, seed: int = 0, windows: int = 12) -> None:
    generator = np.random.default_rng(seed)
    frames = history.frames
    for quantity in QUANTITIES:
        for kind in ("largest", "mean"):
            for _ in range(windows):
                first, last = sorted(generator.integers(0, frames, 2))
                window = history.window(
                    quantity.name, first, last, stride_for(int(last - first + 1), int(generator.integers(2, 40))), kind
                )
                starts = window.first_step + window.stride * np.arange(len(window.values))
                wanted = [
                    made.expected(quantity.name, start, min(start + window.stride, frames), kind) for start in starts
                ]
                if kind == "mean":
                    np.testing.assert_allclose(window.values, wanted, rtol=1e-5, atol=1e-6)
                else:
                    found = np.abs(window.values) if quantity.signed else window.values
                    np.testing.assert_array_equal(found, wanted)
    for step in generator.integers(0, frames, windows):
        row, seen = history.row("norm", step), made.measured("norm")[step]
        np.testing.assert_array_equal(history.measured("norm", step), seen)
        if seen.any():
            np.testing.assert_array_equal(row, np.where(seen, made.rows["norm"][step], np.nan))
        else:
            assert row is None


def recorded(started: Started, made: MadeUp, steps: int) -> History:
    history = History(started)
    for step in range(steps):
        history.append(made.frame(step))
    return history


@pytest.fixture
def large(make_started: Callable[..., Started]) -> Started:
    return make_started(LAYERS, QUANTITIES)


@pytest.mark.parametrize("steps", [1, 63, 64, 65, 1024, STEPS])
def test_what_was_released_comes_back_right(large: Started, steps: int) -> None:
    made, source = MadeUp(STEPS), DictionarySource()
    history = recorded(large, made, steps)
    source.take(history)
    history.release(source, steps)
    check(history, made)
    # every whole chunk did leave
    source.asked.clear()
    history.window("norm", 0, steps - 1)
    assert source.asked == [ChunkKey("norm", 0, "rows", n) for n in range(steps // rows_per_chunk(LAYERS))]
    assert all(type(key.number) is int for key in source.asked)


@pytest.mark.slow
@pytest.mark.parametrize("steps", [1, 64, 1000, 1024])
def test_a_stored_run_that_is_opened_says_what_was_stored_and_goes_on(large: Started, steps: int) -> None:
    made, source = MadeUp(STEPS), DictionarySource()
    source.take(recorded(large, made, steps))
    again = History.restored(large, source)
    assert again.frames == steps
    assert source.asked == []
    check(again, made)
    for step in range(steps, STEPS):
        again.append(made.frame(step))
    check(again, made, seed=1)
    before = recorded(large, made, STEPS)
    assert again.span("norm") == before.span("norm")
    np.testing.assert_array_equal(again.scalars(0, STEPS), before.scalars(0, STEPS))
    np.testing.assert_array_equal(again.skipped_steps(), np.arange(3, STEPS, 7))
    for level in (0, 2, 4):
        assert again.whole_chunks(level) == before.whole_chunks(level)
        for number in range(again.whole_chunks(level)):
            key = ChunkKey("mean", level, "mean" if level else "rows", number)
            np.testing.assert_array_equal(again.chunk(key).values, before.chunk(key).values)
            np.testing.assert_array_equal(again.chunk(key).measured, before.chunk(key).measured)


def test_a_stored_run_is_appended_to_before_anybody_looked_at_it(large: Started) -> None:
    made, source = MadeUp(STEPS), DictionarySource()
    source.take(recorded(large, made, 1000))
    again = History.restored(large, source)
    for step in range(1000, STEPS):
        again.append(made.frame(step))
        if step % 200 == 0:
            source.take(again)
            again.release(source, again.frames)
    check(again, made)


def test_a_run_cut_off_is_continued_as_if_nothing_had_come_after(
    large: Started, make_evaluation: Callable[..., Evaluation]
) -> None:
    """The source still holds more rows than that; the others are ignored, and written anew."""
    made, other, source = MadeUp(STEPS), MadeUp(STEPS, seed=5), DictionarySource()
    history = recorded(large, made, 1100)
    for step in (0, 500, 700, 1000):
        history.append(make_evaluation(step))
    history.append(Diverged(1100, float("nan")))
    source.take(history)
    source.cut(700)
    again = History.restored(large, source)
    assert again.evaluation_steps.tolist() == again.accuracies()[0].tolist() == [0, 500]
    again.append(make_evaluation(700))
    for step in range(700, STEPS):
        again.append(other.frame(step))
    for rows, others in ((made.rows[name], other.rows[name]) for name in made.rows):
        rows[700:] = others[700:]
    for name in made.present:
        made.present[name][700:] = other.present[name][700:]
    made.by_layer[700:] = other.by_layer[700:]
    check(again, made)
    assert again.latest_evaluation is not None
    assert again.latest_evaluation.step == 700


def test_a_stored_part_of_another_shape_is_refused(large: Started) -> None:
    made, source = MadeUp(STEPS), DictionarySource()
    source.take(recorded(large, made, 1000))
    again = History.restored(large, source)
    for number, shape in ((0, (64, LAYERS - 1)), (3, (63, LAYERS)), (15, (1, LAYERS)), (2, (64 * LAYERS,))):
        source.chunks[ChunkKey("norm", 0, "rows", number)] = Chunk(np.zeros(shape, np.float32), np.ones(shape[0], bool))
        with pytest.raises(RecordingError, match="shape"):
            again.row("norm", number * 64)


def test_no_more_can_be_stored_than_there_is(large: Started) -> None:
    with pytest.raises(ValueError, match="65 frames"):
        recorded(large, MadeUp(STEPS), 64).release(DictionarySource(), 65)


def wrongly_read(history: History, generator: np.random.Generator) -> bool:
    """Look at some steps of a run in which every number is its step, so that what is torn, lost or early shows."""
    frames = history.frames
    begin, last = sorted(generator.integers(0, frames, 2))
    stride = stride_for(int(last - begin + 1), 16)
    window = history.window("norm", begin, last, stride)
    ends = np.minimum(window.first_step + window.stride * np.arange(1, len(window.values) + 1), frames) - 1
    # the maximum of a column is its last step; the newest column may have grown meanwhile
    right = window.values == ends[:, np.newaxis]
    if not right[:-1].all() or not (window.values[-1] >= ends[-1]).all():
        return True
    means = history.window("norm", begin, last, stride, "mean")
    starts = means.first_step + means.stride * np.arange(len(means.values) - 1)
    return not np.allclose(means.values[:-1, 0], starts + (means.stride - 1) / 2, rtol=1e-6)


def test_readers_see_all_steps_right_while_one_appends_and_another_lets_go(
    make_started: Callable[..., Started],
) -> None:
    started, steps, before = make_started(1024, QUANTITIES[:1]), 4000, 1001

    def frame(step: int) -> Frame:
        return Frame(step, 1.0, 0.5, 0.1, {"norm": np.full(1024, step, np.float32)})

    source, first = DictionarySource(), History(started)
    for step in range(before):
        first.append(frame(step))
    source.take(first)
    # so that the reader and the writer may both be the first to need an unfinished chunk
    history = History.restored(started, source)
    done, wrong = threading.Event(), []

    def read(seed: int) -> None:
        generator = np.random.default_rng(seed)
        while not done.is_set():
            wrong.extend([True] * wrongly_read(history, generator))

    def release() -> None:
        while not done.is_set():
            frames = history.frames
            source.take(history)
            history.release(source, frames)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(2)] + [threading.Thread(target=release)]
    for thread in threads:
        thread.start()
    for step in range(before, steps):
        history.append(frame(step))
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert {key.level for key in source.asked} >= {0, 2, 4}


def test_memory_is_given_back_with_the_last_reference(large: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing refers back to a history, so it needs no garbage collection to go."""
    shared, source = ChunkCache(), DictionarySource()
    monkeypatch.setattr(cache.CachedSource.__init__, "__defaults__", (None, shared))
    history = recorded(large, MadeUp(STEPS), 256)
    source.take(history)
    gc.disable()
    try:
        history.release(source, 256)
        # four chunks of rows and one of what stands for 4 of them, largest and mean, of each quantity
        assert shared.nbytes > 2 * 6 * 64 * LAYERS * 4
        gone = weakref.ref(history)
        del history
        assert gone() is None
        assert shared.nbytes == 0
    finally:
        gc.enable()


class TestCache:
    @staticmethod
    def chunk(rows: int) -> Chunk:
        return Chunk(np.zeros((rows, 5), np.float32), np.ones(rows, bool))

    @staticmethod
    def key(number: int) -> ChunkKey:
        return ChunkKey("a", 0, "rows", number)

    def test_what_was_looked_at_longest_ago_leaves_first(self) -> None:
        store = ChunkCache(most_bytes=3 * self.chunk(10).nbytes)
        for number in range(3):
            store.put(0, self.key(number), self.chunk(10))
        assert store.get(0, self.key(0)) is not None
        store.put(0, self.key(3), self.chunk(10))
        assert store.nbytes == 3 * self.chunk(10).nbytes
        assert [store.get(0, self.key(number)) is not None for number in range(4)] == [True, False, True, True]

    def test_the_same_chunk_counts_once_and_too_large_a_one_is_not_kept(self) -> None:
        store = ChunkCache(most_bytes=2 * self.chunk(10).nbytes)
        for _ in range(9):
            store.put(0, self.key(0), self.chunk(10))
        assert store.nbytes == self.chunk(10).nbytes
        store.put(0, self.key(1), self.chunk(21))
        assert store.get(0, self.key(1)) is None
        assert store.get(0, self.key(0)) is not None

    def test_owners_do_not_meet_and_are_forgotten_one_by_one(self) -> None:
        store = ChunkCache()
        mine, yours = self.chunk(1), self.chunk(2)
        store.put(0, self.key(0), mine)
        store.put(1, self.key(0), yours)
        assert store.get(0, self.key(0)) is mine
        store.forget(0)
        assert store.get(0, self.key(0)) is None
        assert store.get(1, self.key(0)) is yours
        assert store.nbytes == yours.nbytes

    def test_an_owner_that_goes_while_the_cache_is_at_work_is_forgotten_by_the_next_call(self) -> None:
        store = ChunkCache()
        store.put(0, self.key(0), self.chunk(1))

        class Collecting(Chunk):
            @property
            def nbytes(self) -> int:
                # as the garbage collector does, in the thread that is in the midst of another method
                store.forget(0)
                return super().nbytes

        held = Collecting(self.chunk(2).values, self.chunk(2).measured)
        store.put(1, self.key(0), held)
        store.put(1, self.key(1), self.chunk(3))
        assert store.get(0, self.key(0)) is None
        assert store.nbytes == self.chunk(2).nbytes + self.chunk(3).nbytes
