"""The set-up script: what it starts, with which arguments, and how it gives up. Nothing is installed here."""

import ast
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bootstrap
import pytest
from terminal import SetupError

SCRIPTS = sorted(Path(bootstrap.__file__).parent.glob("*.py"))
# what they import before anything is installed
OF_THE_PACKAGE = [bootstrap.ROOT / "gradviz" / name for name in ("__init__.py", "system_libraries.py")]
PACKAGE_MODULES = {"gradviz.system_libraries"}


@pytest.fixture(autouse=True)
def ctrl_c_as_before() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def _at_import(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield what is run when a module is imported, but for what only type checkers read."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for child in ast.iter_child_nodes(node):
            typing_only = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            if not typing_only and not isinstance(child, ast.FunctionDef):
                waiting.append(child)


class Started:
    """Stands in for `subprocess.run` and everything that prepares the machine; keeps what would have been started."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, display: bool = True) -> None:
        self.commands: list[list[str]] = []
        self.environments: list[Any] = []
        self.prepared: list[Any] = []
        self.statuses: dict[str, int] = {}
        monkeypatch.setattr(
            bootstrap, "prepare_system", lambda environment, *_: self.prepared.append(dict(environment))
        )
        monkeypatch.setattr(bootstrap.VirtualEnvironment, "prepare", lambda _self, extras: self.prepared.append(extras))
        monkeypatch.setattr(bootstrap, "display_answers", lambda _environment: display)
        monkeypatch.setattr(bootstrap.subprocess, "run", self.run)

    def run(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        program = Path(command[0])
        assert program.parent.parent.name in (".venv", ".venv-bundle")
        self.commands.append([program.stem, *command[1:]])
        self.environments.append(options.get("env"))
        said = f"{program.stem} says this\n".encode() if options.get("stdout") else None
        return subprocess.CompletedProcess(command, self.statuses.get(program.stem, 0), said)


@pytest.mark.parametrize("script", [*SCRIPTS, *OF_THE_PACKAGE], ids=lambda path: path.name)
def test_old_pythons_can_read_it_and_say_that_they_are_too_old(script: Path) -> None:
    tree = ast.parse(script.read_text(encoding="utf-8"), feature_version=(3, 8))
    modules = {
        name if name in PACKAGE_MODULES else name.split(".")[0]
        for node in _at_import(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert modules <= set(sys.stdlib_module_names) | {path.stem for path in SCRIPTS} | PACKAGE_MODULES


def test_an_old_python_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started = Started(monkeypatch)
    monkeypatch.setattr(sys, "version_info", (3, 10, 13, "final", 0))
    assert bootstrap.main(["run"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.findall(r"3\.\d+", line) == ["3.11", "3.10"]
    assert not started.prepared


@pytest.mark.parametrize("arguments", [[], ["build"], ["--help"]])
def test_an_unknown_verb_is_answered_with_those_there_are(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started = Started(monkeypatch)
    assert bootstrap.main(arguments) == 2
    said = capsys.readouterr().err
    assert "run|test|bundle" in said
    assert all(argument in said for argument in arguments)
    assert not started.prepared


@pytest.mark.parametrize(
    ("arguments", "started_with"),
    [
        ([], ["--start"]),
        (["--preset", "residual-1000", "--start"], ["--preset", "residual-1000", "--start"]),
        (["mine.toml"], ["mine.toml"]),
        (["presets"], ["presets"]),
    ],
)
def test_run_passes_its_arguments_on(
    arguments: list[str], started_with: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = Started(monkeypatch)
    started.statuses["gradviz"] = 5
    assert bootstrap.main(["run", *arguments]) == 5
    assert started.commands == [["gradviz", *started_with]]
    assert started.prepared[1:] == [[]]


EXPORT = ["--export", "gradviz-heatmap.png"]


@pytest.mark.parametrize(
    ("arguments", "started_with"),
    [
        ([], ["run", "--preset", "relu-20", *EXPORT]),
        (["--start", "--set", "depth=5"], ["run", "--preset", "relu-20", "--set", "depth=5", *EXPORT]),
        (["--preset", "relu-100", "--start"], ["run", "--preset", "relu-100", *EXPORT]),
        (["--preset=relu-100"], ["run", "--preset=relu-100", *EXPORT]),
        (["--code", "gv1:x"], ["run", "--code", "gv1:x", *EXPORT]),
        (["mine.toml"], ["run", "mine.toml", *EXPORT]),
        (["mine.json", "--export", "a.pdf"], ["run", "mine.json", "--export", "a.pdf"]),
        (["run", "--steps", "5"], ["run", "--steps", "5"]),
        (["bench"], ["bench"]),
        (["--version"], ["--version"]),
        (["--help"], ["--help"]),
    ],
)
def test_without_a_display_run_does_the_same_job_in_the_terminal(
    arguments: list[str],
    started_with: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    started = Started(monkeypatch, display=False)
    assert bootstrap.main(["run", *arguments]) == 0
    assert started.commands == [["gradviz", *started_with]]
    said = capsys.readouterr().err
    assert ("there is no display" in said) is (EXPORT[1] in started_with or "a.pdf" in started_with)


def test_the_display_is_asked_for_by_gradviz_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = bootstrap.VirtualEnvironment(bootstrap.ROOT)
    asked: list[list[str]] = []

    def answer(command: list[str], **_options: Any) -> subprocess.CompletedProcess[bytes]:
        asked.append(command)
        return subprocess.CompletedProcess(command, len(asked) - 1)

    monkeypatch.setattr(bootstrap.subprocess, "run", answer)
    assert bootstrap.display_answers(environment)
    assert not bootstrap.display_answers(environment)
    assert asked[0] == [str(environment.program("python")), "-m", "gradviz.commands.display"]


def test_a_display_that_hangs_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], *, timeout: float, **_options: Any) -> None:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(bootstrap.subprocess, "run", hang)
    assert not bootstrap.display_answers(bootstrap.VirtualEnvironment(bootstrap.ROOT))


CHECKS = [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"], ["lint-imports"]]
ON_ALL_CORES = ["pytest", "-n", "logical", "--maxprocesses", "8", "--dist", "worksteal"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], [*CHECKS, ["gradviz", "selftest"], ON_ALL_CORES]),
        (["--fast"], [*CHECKS, [*ON_ALL_CORES, "-m", "not slow and not benchmark"]]),
        (["-k", "foo"], [["pytest", "-k", "foo"]]),
        (["--fast", "-x"], [*CHECKS, [*ON_ALL_CORES, "-m", "not slow and not benchmark", "-x"]]),
    ],
)
def test_test_runs_every_check_or_the_fast_ones_or_pytest_alone(
    arguments: list[str], expected: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    started = Started(monkeypatch)
    assert bootstrap.main(["test", *arguments]) == 0
    # the tests begin beside the others
    assert sorted(started.commands) == sorted(expected)
    assert [command for command in started.commands if command[0] != "pytest"] == expected[:-1]
    assert {environment["QT_QPA_PLATFORM"] for environment in started.environments} == {"offscreen"}
    assert not any("PYTHONDONTWRITEBYTECODE" in environment for environment in started.environments)
    # painted offscreen, whatever display there is
    assert started.prepared == [{}, ["test"]]


@pytest.mark.parametrize("status", [1, 2, -6])
@pytest.mark.parametrize("failing", ["mypy", "pytest"])
def test_a_check_that_fails_or_dies_fails_the_whole_but_stops_nothing(
    failing: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started = Started(monkeypatch)
    started.statuses[failing] = status
    assert bootstrap.main(["test"]) == 1
    assert len(started.commands) == 6
    said = capsys.readouterr().err
    verdicts = said.splitlines()[-6:]
    names = {"lint": "ruff", "format": "ruff", "types": "mypy", "import contracts": "lint-imports",
             "self-test": "gradviz", "tests": "pytest"}  # fmt: skip
    assert [("FAILED" in line, "passed" in line) for line in verdicts] == [
        (program == failing, program != failing) for program in names.values()
    ]
    assert all(line.split("gradviz: ")[1].startswith(name) for line, name in zip(verdicts, names, strict=True))
    assert [f"exit status {status}" in line for line in verdicts].count(True) == 1
    # what runs beside the tests speaks when it ends; the tests themselves have the terminal
    assert [program for program in dict.fromkeys(names.values()) if f"{program} says this" in said] == [
        "ruff", "mypy", "lint-imports", "gradviz",
    ]  # fmt: skip


def test_a_check_that_is_not_there_is_no_passed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    started = Started(monkeypatch)

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        if Path(command[0]).stem == "mypy":
            raise FileNotFoundError(command[0])
        return started.run(command, **options)

    monkeypatch.setattr(bootstrap.subprocess, "run", run)
    with pytest.raises(FileNotFoundError, match="mypy"):
        bootstrap.main(["test"])


def test_a_set_up_that_cannot_go_on_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_environment: object) -> None:
        raise SetupError("type this")

    monkeypatch.setattr(bootstrap, "prepare_system", fail)
    assert bootstrap.main(["run"]) == 1
    assert capsys.readouterr().err == "gradviz: type this\n"


def test_ctrl_c_during_the_set_up(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(_environment: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap, "prepare_system", interrupt)
    assert bootstrap.main(["test"]) == 130
    assert capsys.readouterr().err == "gradviz: stopped\n"


@pytest.mark.parametrize("arguments", [[], ["--packages"]])
def test_bundle_makes_it_with_tools_of_its_own_and_proves_it(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    started = Started(monkeypatch)
    assert bootstrap.main(["bundle", *arguments]) == 0
    # both kinds of windows, whatever display there is here
    assert {"DISPLAY", "WAYLAND_DISPLAY"} <= set(started.prepared[0])
    assert started.prepared[1:] == [["bundle"]]
    (make, prove) = started.commands
    assert [Path(make[1]).name, *make[2:]] == ["make_bundle.py", *arguments]
    assert [Path(prove[1]).name, Path(prove[2]).name, prove[3]] == ["smoke_test.py", "gradviz", "--compare"]
    assert Path(prove[4]).parent.parent.name == ".venv-bundle"


def test_a_bundle_that_was_not_made_is_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    started = Started(monkeypatch)
    started.statuses["python"] = 1
    assert bootstrap.main(["bundle"]) == 1
    assert len(started.commands) == 1


@pytest.mark.parametrize("verb", ["test", "bundle"])
def test_ci_calls_the_commands_of_the_readme(verb: str) -> None:
    command = "python3 packaging/bootstrap.py " + verb
    assert command in (bootstrap.ROOT / ".ci" / "run").read_text()
    assert command in (bootstrap.ROOT / "README.md").read_text()
    assert "python3 packaging/bootstrap.py run" in (bootstrap.ROOT / "README.md").read_text()
