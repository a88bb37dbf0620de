"""TOML, JSON and typed settings: whatever is valid survives the way there and back, whatever is not is refused."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from recipes import FIELDS, JUNK, any_dicts, experiments

from gradviz.errors import ExperimentError
from gradviz.experiment import Experiment, from_code, from_json, from_toml, to_code, to_json, to_toml, with_settings

SOME = Experiment(title='A "quoted" ü', notes="two\nlines \\ and a tab\t", depth=100, activation="tanh", noise=0.25)
NOT_IN_CODES = {"title": "", "notes": "", "data_file": "", "label_column": "", "leave_out": "", "missing": "refuse"}


def typed(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(experiments())
def test_any_experiment_survives_toml(experiment: Experiment) -> None:
    assert from_toml(to_toml(experiment)) == experiment


@given(experiments())
def test_any_experiment_survives_json(experiment: Experiment) -> None:
    assert from_json(to_json(experiment)) == experiment


@given(experiments())
def test_any_experiment_survives_its_code_but_for_texts(experiment: Experiment) -> None:
    if experiment.data.source == "file" or (experiment.data.source == "text" and experiment.data.data_file):
        with pytest.raises(ExperimentError, match="a code cannot carry a data file"):
            to_code(experiment)
    else:
        assert from_code(to_code(experiment)) == experiment.changed(**NOT_IN_CODES)


@given(experiments())
def test_any_experiment_can_be_typed_field_by_field(experiment: Experiment) -> None:
    values = experiment.flat() | {
        "title": "",
        "notes": "",
        "data_file": experiment.data.data_file.strip() or "a.csv",
        "label_column": experiment.data.label_column.strip(),
        "leave_out": experiment.data.leave_out.strip(),
    }
    settings = [f"{name}={typed(value)}" for name, value in values.items()]
    assert with_settings(Experiment(), settings) == Experiment(**values)


def answer_to(read: Callable[..., Experiment], *given_to_it: Any) -> Experiment | str:
    """Return the experiment or what is said instead; every other exception is a defect."""
    try:
        return read(*given_to_it)
    except ExperimentError as error:
        return str(error)


def is_readable(answer: str) -> bool:
    """Whether a terminal and a window can show it: something, and without half characters."""
    return bool(answer.strip()) and answer.encode(errors="ignore").decode() == answer


@given(any_dicts())
@example({"depth": 10**5000})
@example({"data": "file"})
def test_any_dict_is_either_valid_and_survives_or_is_refused_in_words(values: dict[Any, Any]) -> None:
    answer = answer_to(Experiment.parse, values)
    if isinstance(answer, str):
        assert is_readable(answer)
    else:
        assert values.items() <= answer.flat().items()
        assert from_toml(to_toml(answer)) == from_json(to_json(answer)) == answer


@pytest.mark.parametrize("reader", [from_toml, from_json, from_code])
@given(text=st.text() | st.text(st.characters(categories=["Cs"])))
@example(text="depth = 0x" + "f" * 5000)
@example(text="depth = " + "9" * 5000)
@example(text='{"depth": ' + "9" * 5000 + "}")
@example(text="a = " + "[" * 5000)
@example(text='{"a": ' * 100_000)
@example(text="gv1:d=\ud800:0000")
@example(text="gv1:")
@example(text="")
def test_any_text_is_an_experiment_or_is_refused(reader: Callable[[str], Experiment], text: str) -> None:
    answer = answer_to(reader, text)
    assert isinstance(answer, Experiment) or is_readable(answer)


@pytest.mark.slow
@given(st.dictionaries(st.text(), JUNK, max_size=4))
def test_any_json_object_is_an_experiment_or_is_refused(values: dict[str, Any]) -> None:
    try:
        text = json.dumps(values)
    except (TypeError, ValueError):  # bytes, or more digits than Python writes
        return
    answer = answer_to(from_json, text)
    if isinstance(answer, str):
        assert is_readable(answer)
    else:
        assert values.keys() <= set(FIELDS)


@given(st.lists(st.text() | st.builds("{}={}".format, st.sampled_from(FIELDS), st.text()), max_size=3))
def test_any_typed_setting_is_taken_or_refused(settings: list[str]) -> None:
    answer = answer_to(with_settings, Experiment(), settings)
    assert isinstance(answer, Experiment) or is_readable(answer)


def test_toml_holds_what_differs_and_json_holds_everything() -> None:
    assert tomllib.loads(to_toml(SOME)) == {
        "title": 'A "quoted" ü',
        "notes": "two\nlines \\ and a tab\t",
        "depth": 100,
        "activation": "tanh",
        "noise": 0.25,
    }
    assert to_toml(Experiment()) == ""
    assert json.loads(to_json(SOME)) == SOME.flat()
    assert "\n" not in to_json(SOME)
    assert "ü" in to_json(SOME)


def test_a_person_may_write_a_whole_number_for_a_real_one() -> None:
    for experiment in (from_toml("noise = 0\nlearning_rate = 1"), from_json('{"noise": 0, "learning_rate": 1}')):
        assert (experiment.data.noise, experiment.training.learning_rate) == (0.0, 1.0)
        assert type(experiment.training.learning_rate) is float


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("depth = ", "not a TOML file: Invalid value (at end of document)"),
        ("depth = 3\ndepth = 4", "not a TOML file: Cannot overwrite a value"),
        ("[network]\ndepth = 3", "network: there is no such field; "),
        ("noise = true", "noise: True is not allowed; "),
        ("depth = 1979-05-27", "depth: datetime.date(1979, 5, 27) is not allowed; "),
        ("a = " + "[" * 5000, "not a TOML file: "),
    ],
)
def test_toml_that_is_none_or_no_experiment_is_refused(text: str, said: str) -> None:
    with pytest.raises(ExperimentError) as refused:
        from_toml(text)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a JSON file: Expecting value"),
        ("{'depth': 3}", "not a JSON file: Expecting property name"),
        ("[3]", "a JSON experiment is an object of fields and values"),
        ("3", "a JSON experiment is an object of fields and values"),
        ('{"noise": NaN}', "noise: nan is not allowed; "),
        ('{"depth": "3"}', "depth: '3' is not allowed; "),
        ('{"title": "\\ud800"}', "title: '\\ud800' is not allowed; "),
    ],
)
def test_json_that_is_none_or_no_experiment_is_refused(text: str, said: str) -> None:
    with pytest.raises(ExperimentError) as refused:
        from_json(text)
    assert str(refused.value).startswith(said)


def test_typed_settings_change_what_they_name_and_nothing_else() -> None:
    settings = ["depth = 7", "activation=relu", "zero_init_branch=TRUE", "learning_rate=1e-3", "title=a=b", "depth=8"]
    assert with_settings(SOME, settings) == SOME.changed(
        depth=8, activation="relu", zero_init_branch=True, learning_rate=0.001, title="a=b"
    )
    assert with_settings(SOME, []) == SOME


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("depth", "'depth' is not of the form key=value"),
        ("dept=3", "dept: there is no such field; "),
        ("=3", "'': there is no such field; "),
        ("depth=3.5", "depth: '3.5' is not allowed; allowed: a whole number from 1 to 2000"),
        ("noise=some", "noise: 'some' is not allowed; allowed: a number from 0.0 to 1.0"),
        ("noise=nan", "noise: nan is not allowed; "),
        ("zero_init_branch=yes", "zero_init_branch: 'yes' is not allowed; allowed: true or false"),
        ("depth=" + "9" * 5000, "depth: '999"),
    ],
)
def test_settings_that_do_not_fit_are_refused(setting: str, said: str) -> None:
    with pytest.raises(ExperimentError) as refused:
        with_settings(Experiment(), [setting])
    assert str(refused.value).startswith(said)
