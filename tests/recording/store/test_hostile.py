from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile_files import GOOD, LONGEST_S, MOST_BYTES, Fuzz
from made_up_events import append, begun

from gradviz.errors import RecordingError
from gradviz.experiment import Row
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History
from gradviz.recording.store import (
    StoreWriter,
    latest_checkpoint,
    open_run,
    read_info,
    rename,
    resume_run,
    settle,
)
from gradviz.recording.store.schema import FORMAT, TABLES

READERS = (open_run, read_info, settle, latest_checkpoint, lambda path: rename(path, "x"),
           lambda path: resume_run(path, 1))  # fmt: skip
GRAD = {"name": "grad", "label": "Gradient", "unit": "", "description": "made up"}
FUZZED = 150  # ten of each kind; the benchmark opens thousands


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("content") / "run.gradviz"
    history = History(begun())
    writer = StoreWriter(path, history, environment={}, on_trouble=print)
    append(history, 0, 70)
    writer.close("finished")
    return path.read_bytes()


@pytest.fixture
def run(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def edited(path: Path, script: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()


def rewritten(path: Path, document: str, **fields: object) -> None:
    """Give some fields of a document other values."""
    connection = sqlite3.connect(path)
    with connection:
        (content,) = connection.execute("SELECT content FROM documents WHERE name = ?", (document,)).fetchone()
        changed = json.dumps(json.loads(content) | fields)
        connection.execute("UPDATE documents SET content = ? WHERE name = ?", (changed, document))
    connection.close()


def said_by(path: Path) -> str:
    """What every way to open a file says, which has to be one line that names the file."""
    said = []
    for read in READERS:
        with pytest.raises(RecordingError) as refused:
            read(path)
        said.append(str(refused.value))
    assert all(str(path) in each and "\n" not in each for each in said)
    assert len(set(said)) == 1
    return said[0]


@pytest.mark.parametrize(
    "text",
    [b"", b"text", b"x" * 100_000, b"SQLite format 3\0", b"SQLite format 3\0" + bytes(5000), bytes(4096)],
    ids=["nothing", "short text", "long text", "beginning of a header", "header of zeros", "zeros"],
)
def test_what_is_no_run_is_refused(path: Path, text: bytes) -> None:
    path.write_bytes(text)
    assert "this is not a run of gradviz" in said_by(path)
    assert path.read_bytes() == text


def test_another_database_is_refused_and_left_alone(path: Path) -> None:
    edited(path, "CREATE TABLE documents (name TEXT PRIMARY KEY, content TEXT NOT NULL)")
    before = path.read_bytes()
    assert "this is not a run of gradviz" in said_by(path)
    assert path.read_bytes() == before


def test_nothing_a_folder_and_a_pipe_are_refused(path: Path) -> None:
    assert "No such file" in said_by(path)
    path.mkdir()
    assert "not a file" in said_by(path)
    if sys.platform != "win32":
        path.rmdir()
        os.mkfifo(path)
        # opening a pipe that nobody writes into would wait for ever
        assert "not a file" in said_by(path)


def test_a_newer_format_is_named_with_the_way_out(run: Path) -> None:
    edited(run, f"PRAGMA user_version = {FORMAT + 2}")
    said = said_by(run)
    assert f"in format {FORMAT + 2}; this one reads formats up to {FORMAT}. Update gradviz" in said


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TRIGGER t AFTER UPDATE ON documents BEGIN DELETE FROM chunks; END",
        "CREATE VIEW more AS SELECT * FROM documents",
        "DROP TABLE documents; CREATE VIEW documents (name, content) AS SELECT 'state', '{}'",
        "CREATE TABLE more (x)",
        "CREATE VIRTUAL TABLE more USING fts5(x)",
        "CREATE INDEX more ON documents (abs(content))",
        "DROP INDEX places",
        f"DROP TABLE scalars; {TABLES[4].replace('data BLOB', 'data BLOB DEFAULT (zeroblob(1000000000))')}",
    ],
)
def test_what_sqlite_could_run_is_refused(run: Path, script: str) -> None:
    edited(run, script)
    assert "the run is damaged: its tables are not those" in said_by(run)


def observation(number: int, **fields: object) -> str:
    """The statement that puts another observation in the place of one."""
    content = json.dumps({"step": 9, "kind": "frozen"} | fields)
    return f"UPDATE observations SET content = '{content}' WHERE number = {number}"


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ("UPDATE chunks SET rows = 1000000000000 WHERE id = 1", "missing"),
        ("DELETE FROM chunks WHERE level = 0 AND series = 1 AND number = 0", "missing"),
        ("DELETE FROM scalars", "missing"),
        ("UPDATE arrays SET shape = '[1099511627776, 8]'", "not plausible"),
        ("UPDATE arrays SET dtype = '|O'", "never stored"),
        ("UPDATE documents SET content = '[' || content", "Invalid JSON"),
        ("DELETE FROM documents WHERE name = 'metadata'", "its metadata"),
        ("UPDATE more_scalars SET series = 3 WHERE series = 0", "a piece of further numbers"),
        ("UPDATE more_scalars SET rows = 71", "a piece of further numbers"),
        ("UPDATE more_scalars SET rows = 69", "the wrong length"),
        ("UPDATE more_scalars SET first = -1 WHERE series = 0", "a piece of further numbers"),
        ("UPDATE more_scalars SET data = zeroblob(9)", "an array of type"),
        ("DELETE FROM observations WHERE number = 1", "observations are missing"),
        ("UPDATE observations SET content = '{' || content", "observation"),
        (observation(3, step=0), "out of order"),
        (observation(0, step=-1), "observation"),
        (observation(1, step=19, rows=[701]), "rows that do not exist"),
        (observation(1, step=19, rows=[3, 2]), "rows that do not exist"),
        (observation(1, step=19, numbers=[[1, 2]]), "observation"),
    ],
)
def test_what_cannot_be_is_refused_at_once(run: Path, script: str, word: str) -> None:
    edited(run, script)
    with pytest.raises(RecordingError, match=word) as refused:
        open_run(run)
    assert str(run) in str(refused.value)


@pytest.mark.parametrize(
    ("document", "field", "value", "word"),
    [
        ("state", "frames", 71, "missing"),
        ("state", "frames", 10**12, "cannot be in a file"),
        ("metadata", "rows", [], "metadata.rows"),
        ("metadata", "rows", [{}] * 699, "699"),
        ("metadata", "rows", [{"slope": "steep"}] * 700, "metadata.rows.0.slope"),
        ("metadata", "experiment", {"death": 4}, "does not know"),
        ("metadata", "experiment", {"depth": "deep"}, "does not know"),
        ("metadata", "quantities", [GRAD, GRAD, GRAD], "one name"),
        ("metadata", "quantities", [GRAD | {"scale": "cubic"}], "metadata.quantities.0.scale"),
        ("metadata", "quantities", [{"name": "grad"}], "metadata.quantities.0.label"),
        ("metadata", "quantities", [GRAD | {"guide": [1.5, 2]}], "metadata.quantities.0.guide"),
        ("metadata", "parameters", -1, "metadata.parameters"),
        ("metadata", "parameters", 1.5, "metadata.parameters"),
        ("metadata", "scheduled_every", 0, "metadata.scheduled_every"),
        ("metadata", "environment", {"torch": 2}, "metadata.environment"),
        ("metadata", "held_out", {"class_names": ["one"]}, "classes that do not exist"),
        ("metadata", "held_out", {"class_names": ["x"] * 3, "image_shape": [3, 3]}, "not pictures"),
        ("metadata", "held_out", {"class_names": ["x"] * 3, "extent": [1, 0, 1, 0]}, "empty"),
        ("metadata", "device", "x" * 1_000_000, "metadata.device"),
        ("state", "ending", "recording", "state.ending"),
        ("state", "losses", [0.5] * 65, "state.losses"),
        ("state", "diverged", [3, 4], "state.diverged"),
        ("state", "scalar_names", ["one", "one", "two"], "one name"),
        ("state", "scalar_names", [], "a piece of further numbers"),
        ("state", "scalar_names", [str(number) for number in range(65)], "state.scalar_names"),
    ],
)
def test_a_document_that_cannot_be_is_refused_at_once(
    run: Path, document: str, field: str, value: object, word: str
) -> None:
    rewritten(run, document, **{field: value})
    with pytest.raises(RecordingError, match=word) as refused:
        open_run(run)
    assert str(run) in str(refused.value)


def test_what_is_unknown_is_ignored_and_what_is_missing_takes_its_default(run: Path) -> None:
    """As a gradviz writes that knows more attributes, or fewer."""
    rows = [{"name": f"block.{number}", "mood": "good"} for number in range(700)]
    quantities = [GRAD | {"colour": "red"}, GRAD | {"name": "mean", "scale": "linear"}, GRAD | {"name": "share"}]
    rewritten(run, "metadata", rows=rows, quantities=quantities, threads=1, weather=[1, {"wind": None}])
    rewritten(run, "state", mood="good")
    with open_run(run) as opened:
        started = opened.history.started
        assert started.rows[3] == Row("block.3")
        assert started.quantities[0] == Quantity("grad", "Gradient", "", "made up")
        assert opened.history.row("grad", 3) is not None


@pytest.mark.parametrize(
    ("script", "look"),
    [
        ("UPDATE chunks SET data = substr(data, 1, 1000)", lambda history: history.row("grad", 3)),
        ("UPDATE chunks SET data = zeroblob(length(data))", lambda history: history.row("grad", 3)),
        ("UPDATE evaluations SET samples = 31", lambda history: history.evaluation_at(50)),
        ("UPDATE evaluations SET predicted = confidence", lambda history: history.evaluation_at(50)),
        ("UPDATE evaluations SET grid = '[9000, 9000, 3]'", lambda history: history.evaluation_at(50)),
        ("UPDATE distributions SET bins = 100000", lambda history: history.distributions_at(50)),
        ("UPDATE distributions SET kind = kind || 's'", lambda history: history.distributions_at(50)),
    ],
)
def test_what_is_looked_at_later_is_refused_then(run: Path, script: str, look: Callable[[History], object]) -> None:
    edited(run, script)
    with open_run(run) as opened, pytest.raises(RecordingError, match="the run is damaged") as refused:
        look(opened.history)
    assert str(run) in str(refused.value)


def test_a_window_that_has_to_go_on_is_told_once_and_sees_what_is_whole(run: Path) -> None:
    edited(run, "UPDATE chunks SET data = zeroblob(9) WHERE series = 0 AND level = 0 AND number = 0")
    told: list[str] = []
    with open_run(run, told.append) as opened:
        window = opened.history.window("grad", 0, 69)
        assert window.measured.tolist() == [False] * 64 + [True] * 6
        assert opened.history.row("grad", 3) is None
        assert opened.history.row("mean", 3) is not None
    assert len(told) == 1
    assert "the run is damaged" in told[0]
    assert "shown as not measured" in told[0]


def test_of_evaluations_such_a_window_sees_the_latest_that_is_whole(run: Path) -> None:
    edited(
        run,
        "UPDATE evaluations SET confidence = zeroblob(9) WHERE step IN (40, 50);"
        "UPDATE distributions SET counts = zeroblob(9) WHERE step = 50",
    )
    told: list[str] = []
    with open_run(run, told.append) as opened:
        assert [opened.history.evaluation_at(step).step for step in (69, 50, 49, 39, 60)] == [60, 30, 30, 30, 60]
        assert [opened.history.distributions_at(step).step for step in (69, 49, 24)] == [25, 25, 0]
    assert len(told) == 1


def test_a_log_that_is_garbage_takes_nothing_away(run: Path, content: bytes) -> None:
    changed = bytearray(content)
    changed[18] = changed[19] = 2  # as if it were in WAL mode
    run.write_bytes(changed)
    run.with_name(f"{run.name}-wal").write_bytes(bytes(range(256)) * 100)
    with open_run(run) as opened:
        assert opened.history.frames == 70


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory as on Linux")
def test_files_that_were_tampered_with_neither_crash_nor_hang_nor_eat_memory(tmp_path: Path) -> None:
    fuzz = Fuzz(tmp_path)
    fuzz.run(range(FUZZED))
    print("", *fuzz.table(), sep="\n")
    assert fuzz.defects == []
    assert fuzz.slowest_s < LONGEST_S
    assert fuzz.most_bytes < MOST_BYTES
    assert sum(fuzz.counts.values()) == FUZZED
    # it can tell: something is refused of every kind but those that a file bears
    refused = {kind for (kind, result) in fuzz.counts if result not in (GOOD[2], GOOD[3])}
    assert len(refused) >= 13
