"""A text as data: samples and labels as one counts them by hand, both parts apart, and files that are no text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradviz.errors import DataError, ExperimentError
from gradviz.experiment import Data, Experiment, to_code
from gradviz.recording.frame import Checkpoint, Evaluation, Frame
from gradviz.resources import resource_path
from gradviz.training.characters import MOST_HELD_OUT, MOST_TRAINING, Characters, read_characters
from gradviz.training.control import Control
from gradviz.training.data import load_data
from gradviz.training.loop import train
from gradviz.training.run import TrainingRun

SMALL = {"architecture": "transformer", "depth": 1, "data": "text", "device": "cpu", "optimizer": "adam"}


def text_file(folder: Path, content: str | bytes, name: str = "some.txt") -> str:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def read(name: str, context: int = 4) -> Characters:
    return read_characters(Data(source="text", data_file=name, context=context))


def spelled(found: Characters, numbers: np.ndarray) -> str:
    return "".join({"space": " ", "new line": "\n"}.get(name := found.names[int(n)], name) for n in numbers)


def test_samples_are_the_characters_in_a_row_and_the_label_is_the_next(tmp_path: Path) -> None:
    text = "".join(f"{number} sheep\n" for number in range(100))
    found = read(text_file(tmp_path, text))
    end = round(len(text) * 0.8)
    for inputs, labels, part in (
        (found.train_inputs, found.train_labels, text[:end]),
        (found.test_inputs, found.test_labels, text[end:]),
    ):
        expected = [(part[start : start + 4], part[start + 4]) for start in range(len(part) - 4)]
        assert [(spelled(found, x), spelled(found, [y])) for x, y in zip(inputs, labels, strict=True)] == expected
    assert found.names == ("new line", "space", *"0123456789", *"ehps")


def test_of_a_long_text_as_many_places_are_taken_evenly(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    text = "".join(rng.choice(list("abcd"), 700_000))
    found = read(text_file(tmp_path, text))
    assert found.train_inputs.shape == (MOST_TRAINING, 4)
    assert found.test_inputs.shape == (MOST_HELD_OUT, 4)
    assert spelled(found, found.train_inputs[0]) == text[:4]
    assert spelled(found, found.train_inputs[-1]) == text[560_000 - 5 : 560_000 - 1]
    assert spelled(found, found.test_inputs[-1]) == text[-5:-1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings_and_line_ends_make_no_difference(tmp_path: Path, encoding: str) -> None:
    text = "Über den Flüssen\nliegt Öl.\n" * 20
    plain = read(text_file(tmp_path, text))
    other = read(text_file(tmp_path, text.replace("\n", "\r\n").encode(encoding), "other.txt"))
    np.testing.assert_array_equal(plain.train_inputs, other.train_inputs)
    assert plain.names == other.names


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "there is no text in it"),
        (" \n\n\t ", "there is no text in it"),
        (b"\x89PNG\r\n\x00\x1a" * 100, "bytes of zero"),
        (bytes(range(1, 256)) * 4, "control characters"),
        ("".join(map(chr, range(0x4E00, 0x4E00 + 300))) * 2, "300 kinds of characters"),
        ("a" * 500, "a single kind of character"),
        ("so short", "8 characters; samples of 4 need at least 1"),
    ],
)
def test_files_that_are_no_text_to_learn_from_are_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(text_file(tmp_path, content))


@pytest.mark.parametrize("name", ["nowhere.txt", "a\0b.txt"])
def test_files_that_are_not_there_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="cannot read"):
        read(name)


def test_the_text_that_comes_along_is_learnt_from() -> None:
    """Better than to say a space each time, which is right more often than any other single character."""
    assert resource_path("data/tower.txt").read_text(encoding="utf-8").isascii()
    e = Experiment(
        **SMALL, learning_rate=0.003, steps=60, evaluate_every=60, width=24, context=8, batch_size=64, probe_every=100
    )
    data = load_data(e)
    guess = np.bincount(data.held_out.labels).max() / len(data.held_out.labels)
    assert data.held_out.class_names[np.bincount(data.held_out.labels).argmax()] == "space"
    accuracies = [event.accuracy for event in train(e) if isinstance(event, Evaluation)]
    assert accuracies[-1] > guess + 0.03
    np.testing.assert_array_equal(data.test_inputs, data.held_out.inputs)
    assert data.held_out.characters


def test_a_run_on_a_text_resumes_with_the_same_text_only(tmp_path: Path) -> None:
    name = text_file(tmp_path, "the quick brown fox\n" * 20)
    e = Experiment(**SMALL, data_file=name, steps=6, context=4)
    control = Control()
    whole, checkpoint = [], None
    for event in train(e, control):
        if isinstance(event, Frame):
            whole.append(event.loss)
            if event.step == 2:
                control.ask_for_checkpoint()
        elif isinstance(event, Checkpoint):
            checkpoint = event
    resumed = [event.loss for event in train(e, None, checkpoint) if isinstance(event, Frame)]
    assert resumed == whole[3:]
    text_file(tmp_path, "the lazy brown dog.\n" * 20)
    with pytest.raises(Exception, match="has changed since"):
        list(train(e, None, checkpoint))


def test_a_text_of_ones_own_is_in_no_code_and_other_networks_say_what_they_need() -> None:
    assert ":x=text:" in to_code(Experiment(**SMALL, context=8))
    with pytest.raises(ExperimentError, match="a code cannot carry a data file"):
        to_code(Experiment(**SMALL, data_file="mine.txt"))
    for architecture in ("mlp", "resnet"):
        with pytest.raises(DataError):
            TrainingRun(Experiment(architecture=architecture, data="text", device="cpu"))
