"""Animations read back with Pillow, against each step drawn on its own."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from made_up_runs import append, evaluate, history_of
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from gradviz.errors import ExportError
from gradviz.plots import curves
from gradviz.plots.heatmaps import heatmap
from gradviz.plots.pages.animation import FRAME_RATES, USUAL_FRAMES, Animation, FrameSource, StepRange
from gradviz.plots.pages.animation_file import record
from gradviz.plots.pages.gif import GifWriter
from gradviz.plots.pages.images import Placement, read_experiment
from gradviz.plots.profiles import profile
from gradviz.recording.history import History

STEPS = 24
SIZE = (360, 260)
PIXELS = NDArray[np.int64]
EXPERIMENT = json.dumps({"depth": 3, "title": "naïve – 100 %"})
BOTH = pytest.mark.parametrize("suffix", ["gif", "webp"])


@pytest.fixture(scope="module")
def history() -> History:
    steps = np.arange(STEPS)[:, np.newaxis]
    rows = -1.0 - np.abs(np.sin(steps / 3 + np.arange(4))) * 4
    whole = append(history_of(4), list(rows), losses=list(2.0 * 0.9 ** np.arange(STEPS)))
    evaluate(whole, STEPS - 1, 0.5, 0.75)
    return whole


class Stage:
    """An animation of three plots beside each other, and single steps of the same three."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.animation = Animation(*self._cast(), "#ffffff", 1.0)
        self._single = self._cast()

    def _cast(self) -> tuple[list[FrameSource], list[Placement]]:
        plots = heatmap.HeatmapPlot(), profile.ProfilePlot(), curves.CurvesPlot()
        for plot in plots:
            plot.show_history(self.history)
        moves: list[Callable[[int], object]] = [plot.show_step for plot in plots]
        actors = [FrameSource(plot, move) for plot, move in zip(plots, moves, strict=True)]
        width, height = SIZE
        places = [QRectF(number * width, 0, width, height) for number in range(3)]
        return actors, [Placement(plot, place) for plot, place in zip(plots, places, strict=True)]

    def drawn(self, step: int) -> PIXELS:
        """The page at `step`, laid out from the beginning as for a still picture."""
        return pixels_of(Animation(*self._single, "#ffffff", 1.0).picture(step))

    def close(self) -> None:
        self.animation.close()
        Animation(*self._single, "#ffffff", 1.0).close()


@pytest.fixture
def stage(qtbot: QtBot, history: History) -> Iterator[Stage]:
    stage = Stage(history)
    yield stage
    stage.close()


def pixels_of(image: QImage) -> PIXELS:
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return rows[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3).astype(np.int64)


def write(path: Path, animation: Animation, cut: StepRange) -> list[int]:
    return list(record(path, animation, cut, experiment_json=EXPERIMENT, title="a run"))


def read(path: Path) -> tuple[list[PIXELS], list[int]]:
    """All frames as Pillow composes them, and how long it says each of them lasts, in ms."""
    frames, durations = [], []
    with Image.open(path) as animation:
        for number in range(animation.n_frames):  # type: ignore[attr-defined]
            animation.seek(number)
            frames.append(np.asarray(animation.convert("RGB")).astype(np.int64))
            durations.append(int(animation.info["duration"]))
    return frames, durations


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("cut", [StepRange(0, STEPS - 1, 1, 10), StepRange(3, 20, 4, 25)], ids=["all", "some"])
def test_every_frame_is_the_plot_at_its_step(stage: Stage, tmp_path: Path, suffix: str, cut: StepRange) -> None:
    path = tmp_path / f"animation.{suffix}"
    done = write(path, stage.animation, cut)
    expected = [*range(0, 24)] if cut.every == 1 else [3, 7, 11, 15, 19, 20]
    assert done == list(range(1, len(expected) + 1))
    frames, durations = read(path)
    assert len(frames) == len(expected)
    assert durations == [1000 // cut.frames_per_second] * len(expected)
    for frame, step in zip(frames, expected, strict=True):
        difference = np.abs(frame - stage.drawn(step)).max(axis=-1)
        if suffix == "webp":
            assert difference.max() == 0
        else:
            # at most 255 colours a frame, of which letters take many: near everywhere, and hardly ever far
            assert difference.mean() < 0.5
            assert (difference > 32).mean() < 0.002
    # what is compared does change from step to step
    assert all((one != other).any() for one, other in pairwise(frames))


def test_a_frame_of_few_colours_is_exact_in_a_gif(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    colours = generator.integers(0, 256, (255, 3), dtype=np.uint8)
    pictures = [colours[generator.integers(0, 255, (40, 50))] for _ in range(3)]
    # of the last one only a part is written, in the colours of that part alone
    pictures[2][:, :25] = pictures[1][:, :25]
    with (tmp_path / "x.gif").open("wb") as file:
        writer = GifWriter(file, (50, 40), "")
        everything = np.ones((40, 50), np.bool_)
        for picture in pictures[:2]:
            writer.add(picture, everything, (0, 0, 50, 40), 100)
        writer.add(pictures[2][:, 20:], everything[:, 20:] & (np.arange(20, 50) >= 25), (20, 0, 50, 40), 100)
        writer.close()
    frames, _ = read(tmp_path / "x.gif")
    assert all((frame == picture).all() for frame, picture in zip(frames, pictures, strict=True))


@BOTH
def test_a_frame_on_which_nothing_moves_is_a_frame_all_the_same(
    qtbot: QtBot, history: History, tmp_path: Path, suffix: str
) -> None:
    plot = profile.ProfilePlot()
    plot.show_history(history)
    animation = Animation(
        [FrameSource(plot, lambda _step: None)], [Placement(plot, QRectF(0, 0, 301, 201))], "#ffffff", 1.0
    )
    with closing(animation):
        write(tmp_path / f"still.{suffix}", animation, StepRange(0, 4, 1, 5))
    frames, durations = read(tmp_path / f"still.{suffix}")
    assert durations == [200] * 5
    assert all((frame == frames[0]).all() for frame in frames)
    assert frames[0].shape == (201, 301, 3)


@pytest.mark.slow
@BOTH
def test_every_rate_is_one_that_both_formats_can_hold(stage: Stage, tmp_path: Path, suffix: str) -> None:
    for rate in FRAME_RATES:
        write(tmp_path / f"x.{suffix}", stage.animation, StepRange(0, 1, 1, rate))
        _, durations = read(tmp_path / f"x.{suffix}")
        assert durations == [1000 / rate] * 2


@pytest.mark.slow
@BOTH
def test_it_plays_for_ever_and_carries_the_experiment(stage: Stage, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    write(path, stage.animation, StepRange(0, 2))
    with Image.open(path) as animation:
        assert animation.info["loop"] == 0
        assert animation.size == (3 * SIZE[0], SIZE[1])
    text = read_experiment(path)
    assert text is not None
    assert json.loads(text) == json.loads(EXPERIMENT)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"GIF89a" + bytes(7) + b";", b"RIFF", bytes(100)])
def test_a_gif_of_somebody_else_holds_no_experiment(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.gif"
    path.write_bytes(content)
    assert read_experiment(path) is None
    Image.new("RGB", (3, 3)).save(path, comment=b"made by hand")
    assert read_experiment(path) is None


@pytest.mark.slow
@BOTH
def test_left_before_its_end_it_leaves_nothing_behind(stage: Stage, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    path.write_text("before")
    frames = record(path, stage.animation, StepRange(0, 20), experiment_json=EXPERIMENT, title="")
    assert [next(frames), next(frames)] == [1, 2]
    assert len(list(tmp_path.iterdir())) == 2
    frames.close()
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "before"


@pytest.mark.slow
@BOTH
def test_a_full_disk_is_said_to_be_full_and_the_file_before_stays(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / f"x.{suffix}"
    path.write_text("before")
    monkeypatch.setattr("gradviz.recording.atomic_file.os.fsync", full)
    with pytest.raises(ExportError, match="the disk is full"):
        write(path, stage.animation, StepRange(0, 2))
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "before"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is asked to take the frames")
@BOTH
def test_a_disk_that_fills_up_between_two_frames_is_said_to_be_full(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    real = Path.open
    monkeypatch.setattr(
        Path, "open", lambda path, mode="r": real(Path("/dev/full"), "wb") if mode == "xb" else real(path, mode)
    )
    with pytest.raises(ExportError, match="the disk is full"):
        write(tmp_path / f"x.{suffix}", stage.animation, StepRange(0, 5))


def test_what_cannot_be_written_is_said_before_anything_is_drawn(stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"x\.mp4: animations are written as \.gif, \.webp"):
        write(tmp_path / "x.mp4", stage.animation, StepRange(0, 2))
    with pytest.raises(ExportError, match="there is no folder"):
        write(tmp_path / "missing" / "x.gif", stage.animation, StepRange(0, 2))
    plot = profile.ProfilePlot()
    wide = Animation([FrameSource(plot, plot.show_step)], [Placement(plot, QRectF(0, 0, 400, 300))], "#ffffff", 50)
    with closing(wide), pytest.raises(ExportError, match="at most 16,383 pixels"):
        write(tmp_path / "x.webp", wide, StepRange(0, 2))


@pytest.mark.parametrize(
    ("cut", "steps"),
    [
        (StepRange(0, 0), [0]), (StepRange(0, 9, 3), [0, 3, 6, 9]),
        (StepRange(0, 10, 3), [0, 3, 6, 9, 10]), (StepRange(5, 7, 100), [5, 7]),
        (StepRange(4, 4, 7), [4]),
    ],
)  # fmt: skip
def test_a_cut_begins_and_ends_where_it_says(cut: StepRange, steps: list[int]) -> None:
    assert list(cut.steps) == steps


@pytest.mark.parametrize("frames", [1, 2, 200, 201, 202, 1000, 100_001])
def test_a_whole_run_is_cut_to_a_file_one_can_send(frames: int) -> None:
    cut = StepRange.of_all(frames)
    assert (cut.steps[0], cut.steps[-1]) == (0, frames - 1)
    assert len(cut.steps) <= USUAL_FRAMES + 2
    assert len(cut.steps) > min(frames - 1, USUAL_FRAMES // 2)
    assert cut.seconds == pytest.approx(len(cut.steps) / 10)
