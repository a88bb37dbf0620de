"""Experiments in files, and what is said of a file that holds none."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from gradviz.errors import ExperimentError
from gradviz.experiment import Experiment, load_preset, preset_names, read, to_json, to_toml
from gradviz.resources import resource_path

SOME = Experiment(title="Größe", depth=12, activation="relu")
ROOT = getattr(os, "geteuid", lambda: 1)() == 0


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ExperimentError) as refused:
        read(path)
    return str(refused.value)


@pytest.mark.parametrize("name", ["a.toml", "a.TOML", "noending", "a.txt"])
def test_toml_is_read_whatever_the_ending(tmp_path: Path, name: str) -> None:
    assert read(written(tmp_path / name, to_toml(SOME))) == SOME


@pytest.mark.parametrize("name", ["a.json", "a.JSON"])
def test_json_is_read_by_its_ending(tmp_path: Path, name: str) -> None:
    assert read(written(tmp_path / name, to_json(SOME))) == SOME


@pytest.mark.parametrize(("name", "text"), [("a.toml", to_toml(SOME)), ("a.json", to_json(SOME))])
def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path, name: str, text: str) -> None:
    content = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    assert read(written(tmp_path / name, content)) == SOME


def test_a_missing_file_a_folder_and_an_impossible_name_are_said(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.toml") == f"cannot read {tmp_path / 'none.toml'}: No such file or directory"
    assert refusal(tmp_path) == f"cannot read {tmp_path}: Is a directory"
    assert refusal(written(tmp_path / "file", "") / "a.toml").endswith("Not a directory")
    assert refusal(tmp_path / ("x" * 5000)).endswith("File name too long")
    assert "null" in refusal(Path("a\0b.toml"))


@pytest.mark.skipif(ROOT, reason="root may read everything")
def test_a_forbidden_file_is_said(tmp_path: Path) -> None:
    path = written(tmp_path / "a.toml", "")
    path.chmod(0)
    assert refusal(path) == f"cannot read {path}: Permission denied"


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", "title = 'Größe'".encode("latin-1"), "depth = 3".encode("utf-16")]
)
def test_what_is_not_utf_8_is_said(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path / "a.toml", content)
    assert refusal(path) == f"{path} is not a text file in UTF-8"


def test_a_megabyte_is_read_and_a_byte_more_is_not(tmp_path: Path) -> None:
    comment = b"depth = 5\n#" + b"x" * (1_000_000 - 11)
    assert read(written(tmp_path / "a.toml", comment)) == Experiment(depth=5)
    path = written(tmp_path / "b.toml", comment + b"x")
    assert refusal(path) == f"{path} is too large to be an experiment: more than 1,000,000 bytes"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no device that never ends")
def test_a_device_that_never_ends_is_not_read_to_its_end() -> None:
    assert refusal(Path("/dev/zero")) == "/dev/zero is too large to be an experiment: more than 1,000,000 bytes"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name")
def test_an_experiment_may_come_through_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(to_toml(SOME),), kwargs={"encoding": "utf-8"})
    writer.start()
    assert read(path) == SOME
    writer.join()


def test_a_mistake_in_a_file_is_said_with_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "a.toml", "depth = 0\nwdith = 3")
    first, second, third = refusal(path).splitlines()
    assert first == f"{path}:"
    assert second == "depth: 0 is not allowed; allowed: a whole number from 1 to 2000"
    assert third.startswith("wdith: there is no such field; ")
    assert refusal(written(tmp_path / "a.json", "depth = 3")).startswith(f"{tmp_path / 'a.json'}:\nnot a JSON file: ")


def test_presets_are_the_files_in_their_folder() -> None:
    files = {path.name for path in resource_path("presets").iterdir()}
    assert files == {f"{name}.toml" for name in preset_names()}
    for name in preset_names():
        assert load_preset(name) == read(resource_path(f"presets/{name}.toml"))


@pytest.mark.parametrize("name", ["none", "", "../data/digits", "sigmoid-30.toml", "SIGMOID-30"])
def test_an_unknown_preset_is_answered_with_those_there_are(name: str) -> None:
    with pytest.raises(ExperimentError) as refused:
        load_preset(name)
    assert str(refused.value) == f"there is no preset {name!r}; the presets are {', '.join(preset_names())}"
