"""What differs between experiments, said as a person would."""

import pytest

from gradviz.experiment import Experiment, change_in_words, choices, differences, field, fields, value_in_words

PLAIN = Experiment()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"depth": 100, "shortcut": "scaled"}, "depth 30 → 100, shortcut none → scaled"),
        ({"activation": "relu"}, "activation sigmoid → ReLU"),
        ({"steps": 0}, "steps 300 → until stopped"),
        ({"learning_rate": 0.003}, "learning rate 0.1 → 0.003"),
        ({"title": "another name", "notes": "and a note"}, ""),
        # means nothing without a shortcut, and with gaussian weights only
        ({"shortcut_scale": 0.5, "sigma_w": 2.0}, ""),
    ],
)
def test_a_change_in_words(changes: dict[str, object], words: str) -> None:
    assert change_in_words(PLAIN, PLAIN.changed(**changes)) == words


def test_a_field_that_means_nothing_in_one_of_them_has_no_value_there() -> None:
    scaled = [PLAIN.changed(shortcut="scaled", shortcut_scale=scale) for scale in (0.5, 0.25)]
    found = {difference.field: difference.values for difference in differences([PLAIN, *scaled])}
    assert found == {"shortcut": ("none", "scaled", "scaled"), "shortcut_scale": ("–", "0.5", "0.25")}


def test_nothing_differs_between_equals() -> None:
    assert differences([PLAIN, PLAIN.changed(), Experiment()]) == []


def test_every_field_can_be_told_apart() -> None:
    for name, known in fields().items():
        if name in ("title", "notes", "architecture"):
            continue
        value = PLAIN.value(name)
        if isinstance(value, bool):
            other: object = not value
        elif isinstance(value, str):
            other = next((word for word in choices(name) if word != value and word != "file"), "cpu")
        else:
            other = value + 1 if isinstance(value, int) else min(value + 0.05, 0.5)
        # makes every field mean something; checked against pydantic's own comparison
        settings = {"activation": "leaky_relu", "shortcut": "scaled", "initialization": "gaussian", "data": "moons"}
        if name == "context":
            settings["data"] = "text"
        settings |= {"optimizer": "momentum", "schedule": "step", "head_initialization": "uniform"}
        if name in ("label_column", "leave_out", "missing"):
            settings = settings | {"data": "file", "data_file": "a.csv"}
        if name == "data_file":
            settings, other = settings | {"data": "file", "data_file": "a.csv"}, "b.csv"
        before = PLAIN.changed(**settings)
        changed = {"shortcut": "identity", "activation": "tanh", "initialization": "orthogonal"}
        changed |= {"data": "xor", "schedule": "constant"}
        after = before.changed(**{name: changed.get(name, other)})
        expected = [each for each in fields() if before.value(each) != after.value(each)]
        assert [difference.field for difference in differences([before, after])] == expected
        assert known.label
        assert known.description


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("zero_init_branch", True, "yes"),
        ("data_file", "", "none"),
        ("gradient_clip", 0.0, "off"),
        ("device", "cpu", "cpu"),
    ],
)
def test_a_value_in_words(name: str, value: object, words: str) -> None:
    assert value_in_words(field(name), value) == words
