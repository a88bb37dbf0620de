"""The command line parses, says what is wrong in one line, and imports nothing heavy to say it."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradviz import __version__
from gradviz.cli import main
from gradviz.experiment import Experiment, to_code, to_toml

HEAVY = ("torch", "PySide6", "pyqtgraph", "numpy")


def one_line(text: str) -> str:
    assert text.endswith("\n")
    assert text.count("\n") == 1, text
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["run", "--help"],
        ["info", "--help"],
        ["export", "--help"],
        ["bench", "--help"],
        ["selftest", "--help"],
    ],
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; from gradviz.cli import main; "
        f"status = main({arguments!r}); "
        f"loaded = [name for name in {(*HEAVY, 'pydantic')!r} if name in sys.modules]; "
        "sys.exit(f'loaded {loaded}' if loaded else status)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: gradviz")


@pytest.mark.parametrize("arguments", [["fields"], ["presets"], ["run", "--set", "depth=0"], ["--preset", "none"]])
def test_what_needs_only_the_experiment_imports_no_torch_and_no_qt(arguments: list[str]) -> None:
    program = (
        "import sys; from gradviz.cli import main; "
        f"main({arguments!r}); "
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]; "
        "sys.exit(f'loaded {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--nonsense"], "--nonsense"),
        (["--pre", "relu-20"], "--pre"),
        (["run", "--plot", "pie"], "heatmap"),
        (["run", "a.toml", "b.toml"], "b.toml"),
        (["presets", "more"], "more"),
        (["bench", "--fast"], "--fast"),
        (["no-such-file.toml"], "no-such-file.toml"),
        (["run", "--preset", "no-such-preset"], "no-such-preset"),
        (["run", "--code", "gv1:d=3:0000"], "mistyped"),
        (["run", "--preset", "a", "--code", "b"], "code"),
        (["run", "--set", "depth"], "key=value"),
        (["run", "--set", "dept=3"], "dept"),
        (["run", "--steps", "many"], "many"),
        (["run", "--device", "tpu"], "auto, cpu, cuda"),
        (["--set", "depth=0", "--set", "width=1"], "2 to 1024"),
    ],
)
def test_mistakes_are_one_line_with_the_way_out(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert one_line(captured.err).startswith("gradviz")
    assert said in captured.err


def test_mistakes_in_a_file_name_the_file_in_the_same_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("depth = 0\nwidth = 1\n")
    assert main([str(path)]) == 2
    said = one_line(capsys.readouterr().err)
    assert "mine.toml: depth: 0" in said
    assert "; width: 1" in said


def test_version_also_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "gradviz", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"gradviz {__version__}\n", "")


class Opened:
    """Stands in for the window and keeps what it was asked to open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[Experiment | None, bool]] = []
        self.followed: str | None = None
        self.recorded: Path | None = None
        self.lesson: str | None = None
        monkeypatch.setattr("gradviz.commands.open.open_program", self.open)

    def open(
        self,
        experiment: Experiment | None,
        *,
        start: bool,
        follow: Path | None,
        recorded: Path | None,
        lesson: str | None,
    ) -> int:
        self.calls.append((experiment, start))
        self.followed, self.recorded, self.lesson = follow, recorded, lesson
        return 0


def test_every_way_to_name_an_experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Opened(monkeypatch)
    wanted = Experiment(depth=7, activation="tanh")
    path = tmp_path / "mine.toml"
    path.write_text(to_toml(wanted))
    monkeypatch.setattr("gradviz.experiment.load_preset", {"mine": wanted}.__getitem__)
    for arguments in (
        [str(path), "--start"],
        ["--code", to_code(wanted), "--start"],
        ["--preset", "mine", "--start"],
        ["--set", "depth=7", "--set", "activation=tanh", "--start"],
        ["--start", "--code", to_code(Experiment(depth=7)), "--set", "activation=tanh"],
    ):
        assert main(arguments) == 0
    assert opened.calls == [(wanted, True)] * 5


def test_without_arguments_the_window_opens_as_it_was_left(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Opened(monkeypatch)
    assert main([]) == 0
    assert opened.calls == [(None, False)]
    assert opened.followed is None


def test_a_run_is_followed_that_need_not_be_there_yet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = Opened(monkeypatch)
    assert main(["--follow", "run.gradviz"]) == 0
    assert opened.followed == "run.gradviz"
    assert main(["--follow", "run.gradviz", "--start"]) == 2
    assert "--start" in one_line(capsys.readouterr().err)


def test_a_lesson_is_opened_by_name_or_file(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Opened(monkeypatch)
    assert main(["--lesson", "signal"]) == 0
    assert opened.lesson == "signal"


def test_a_recorded_run_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    opened = Opened(monkeypatch)
    assert main(["of mine/Run.GRADVIZ"]) == 0
    assert opened.calls == [(None, False)]
    assert opened.recorded == Path("of mine/Run.GRADVIZ")
    for more in (["--start"], ["--set", "depth=5"], ["--preset", "relu-20"]):
        assert main(["run.gradviz", *more]) == 2
        assert "run.gradviz" in one_line(capsys.readouterr().err)
    assert len(opened.calls) == 1


def test_without_a_display_one_sentence_names_the_command_that_needs_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main(["--start"]) == 2
    assert "`gradviz run`" in one_line(capsys.readouterr().err)


def test_an_internal_error_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_experiment: Experiment | None, **_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("gradviz.commands.open.open_program", fail)
    with pytest.raises(ZeroDivisionError):
        main([])


def test_a_bundle_without_standard_streams_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    try:
        assert main(["--version"]) == 0
        assert main(["--nonsense"]) == 2
    finally:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOBase):
                stream.close()


@pytest.mark.skipif(os.name == "nt", reason="no broken pipes on Windows")
def test_a_reader_that_has_gone_is_no_error() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    program = [sys.executable, "-m", "gradviz", "fields"]
    done = subprocess.run(program, stdout=write_end, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, "")
