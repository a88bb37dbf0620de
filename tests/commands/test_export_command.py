"""`gradviz export`: what it writes is what the run holds."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from PySide6.QtGui import QImage
from recorded_runs import EXPERIMENT, MODULES, STEPS, norm, record
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gradviz.cli import main
from gradviz.experiment import from_json
from gradviz.plots.pages import images


@pytest.fixture
def run(tmp_path: Path) -> Path:
    record(tmp_path / "run.gradviz")
    return tmp_path / "run.gradviz"


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    record(tmp_path / "watched.gradviz", watched=True)
    return tmp_path / "watched.gradviz"


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on standard error."""
    assert main(["export", *arguments]) == 2
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    return line


def test_several_files_at_once(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = [tmp_path / name for name in ("a.png", "b.svg", "c.pdf", "d.npz")]
    pictures = ["--plot", "heatmap", "--to", str(wanted[0]), "--plot", "board", "--to", str(wanted[1])]
    pictures += ["--plot", "held-out", "--to", str(wanted[2])]
    logs = tmp_path / "logs" / "run"
    assert main(["export", str(run), *pictures, "--data", str(wanted[3]), "--tensorboard", str(logs)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.removeprefix("wrote ") for line in lines if line.startswith("wrote ")} == {
        *map(str, wanted),
        str(logs),
    }
    assert not QImage(str(wanted[0])).isNull()
    for path in wanted[:3]:
        assert from_json(images.read_experiment(path) or "") == EXPERIMENT
    with np.load(wanted[3]) as arrays:
        assert arrays["weight_grad_norm"][7, 2] == pytest.approx(10.0 ** norm(7, 3), rel=1e-6)


def test_one_plot_for_all_pictures_and_another_step(run: Path, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("early.svg", "late.svg")]
    for path, step in zip(paths, ("3", "20"), strict=True):
        assert main(["export", str(run), "--plot", "profile", "--to", str(path), "--step", step]) == 0
        assert f"step {step}" in path.read_text()
    assert "Share" not in paths[0].read_text()
    assert main(["export", str(run), "--to", str(paths[0]), "--probe", "share"]) == 0
    assert "Share of units" in paths[0].read_text()


@pytest.mark.slow
def test_an_animation_goes_through_the_whole_run(run: Path, watched: Path, tmp_path: Path) -> None:
    for source, name, plot in ((run, "a.gif", "profile"), (watched, "b.webp", "board")):
        path = tmp_path / name
        assert main(["export", str(source), "--plot", plot, "--to", str(path)]) == 0
        with Image.open(path) as animation:
            assert animation.n_frames == STEPS + 1  # type: ignore[attr-defined]
            first = np.asarray(animation.convert("L")).astype(int)
            animation.seek(STEPS)
            assert (np.asarray(animation.convert("L")).astype(int) != first).any()
    assert from_json(images.read_experiment(tmp_path / "a.gif") or "") == EXPERIMENT


def test_a_watched_run_by_its_modules(watched: Path, tmp_path: Path) -> None:
    arguments = [str(watched), "--data", str(tmp_path / "a.csv"), "--tensorboard", str(tmp_path / "logs")]
    assert main(["export", *arguments, "--plot", "board", "--to", str(tmp_path / "a.svg")]) == 0
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5 * (STEPS + 1)
    for row in rows:
        step, layer, module = int(row["step"]), int(row["layer"]), row["module"]
        assert module == MODULES[layer - 1]
        if module == "blocks.0.norm":
            assert row["weight_grad_norm"] == ""
        else:
            assert float(row["weight_grad_norm"]) == pytest.approx(10.0 ** norm(step, layer), rel=1e-6)
    accumulator = EventAccumulator(str(tmp_path / "logs"), size_guidance={"scalars": 0})
    accumulator.Reload()
    tags = set(accumulator.Tags()["scalars"])
    assert tags == {
        "learning_rate",
        *(f"weight_grad_norm/{module}" for module in MODULES if module != "blocks.0.norm"),
        *(f"share/{module}" for module in MODULES),
    }
    assert "blocks.0.conv" in (tmp_path / "a.svg").read_text()


def test_parquet_of_a_watched_run_tells_not_measured_from_measured(watched: Path, tmp_path: Path) -> None:
    assert main(["export", str(watched), "--data", str(tmp_path / "a.parquet")]) == 0
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.column("module").to_pylist() == list(MODULES) * (STEPS + 1)
    assert table.column("weight_grad_norm").null_count == STEPS + 1
    assert table.column("share").null_count == 0


def test_npz_of_a_watched_run_names_the_modules(watched: Path, tmp_path: Path) -> None:
    assert main(["export", str(watched), "--data", str(tmp_path / "a.npz")]) == 0
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert arrays["module"].tolist() == list(MODULES)
        assert np.isnan(arrays["weight_grad_norm"]).all(axis=0).tolist() == [False, False, True, False, False]
        assert np.isnan(arrays["loss"]).all()


def test_every_nth_step_for_tensorboard(run: Path, tmp_path: Path) -> None:
    assert main(["export", str(run), "--tensorboard", str(tmp_path / "logs"), "--every", "10"]) == 0
    accumulator = EventAccumulator(str(tmp_path / "logs"), size_guidance={"scalars": 0})
    accumulator.Reload()
    assert [event.step for event in accumulator.Scalars("share/layer_0002")] == [0, 10, 20, 30]
    assert len(accumulator.Scalars("loss")) == STEPS + 1


def test_what_cannot_be_written_is_said_before_anything_is(
    run: Path, watched: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = str(tmp_path / "a.png")
    for arguments, said in (
        ([str(run)], "--to FILE"),
        ([str(run), "--to", str(tmp_path / "a.bmp")], ".png, .svg, .pdf"),
        ([str(run), "--to", str(tmp_path / "no" / "a.png")], str(tmp_path / "no")),
        ([str(run), "--data", str(tmp_path / "a.xlsx")], ".csv, .npz, .parquet"),
        ([str(run), "--to", picture, "--step", "31"], "0 to 30"),
        ([str(run), "--to", picture, "--step", "x"], "'x'"),
        ([str(run), "--to", picture, "--probe", "nothing"], "weight_grad_norm, share"),
        ([str(run), "--tensorboard", str(tmp_path / "logs"), "--every", "0"], "--every"),
        ([str(run), "--to", picture, "--plot", "curves", "--plot", "board"], "--to"),
        ([str(watched), "--to", picture, "--plot", "validation"], "watched network"),
        ([str(tmp_path / "none.gradviz"), "--to", picture], "none.gradviz"),
    ):
        assert said in refusal(arguments, capsys)
    assert {path.name for path in tmp_path.iterdir()} == {"run.gradviz", "watched.gradviz"}


@pytest.mark.parametrize(
    ("missing", "arguments"),
    [("pyarrow", ["--data", "a.parquet"]), ("tensorboard.compat.proto.event_pb2", ["--tensorboard", "logs"])],
)
def test_a_library_that_is_missing_is_named(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, missing: str,
    arguments: list[str],
) -> None:  # fmt: skip
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.chdir(tmp_path)
    assert "pip install" in refusal([str(run), *arguments], capsys)


def test_an_animation_has_no_single_step(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(run), "--to", str(tmp_path / "a.gif"), "--step", "3"]) == 2
    assert "--step" in capsys.readouterr().err
    assert list(tmp_path.glob("*.gif")) == []
