"""The short code that a class shares: short, checked, and the same for ever."""

from __future__ import annotations

import binascii
import re

import pytest

from gradviz.errors import ExperimentError
from gradviz.experiment import Experiment, code, from_code, load_preset, preset_names, to_code

SHARED = Experiment(depth=1000, activation="tanh", shortcut="scaled")

# a code that is on a board today must mean the same in every later version
KEYS = {
    "depth": "d", "activation": "a", "leaky_slope": "ls", "shortcut": "s", "shortcut_span": "ss",
    "shortcut_scale": "sf", "width": "w", "normalization": "n",
    "initialization": "i", "sigma_w": "gw", "sigma_b": "gb", "bias_shift": "bs",
    "zero_init_branch": "z", "optimizer": "o", "learning_rate": "lr", "momentum": "m", "weight_decay": "wd",
    "gradient_clip": "gc", "batch_size": "b", "steps": "t", "evaluate_every": "e", "probe_every": "pe", "seed": "r",
    "precision": "p", "device": "dev", "data": "x", "samples": "xs", "noise": "xn",
}  # fmt: skip
OTHER_VALUES = {
    "depth": "7", "activation": "relu", "leaky_slope": "0.2", "shortcut": "rezero", "shortcut_span": "2",
    "shortcut_scale": "0.5", "width": "8", "normalization": "batch", "initialization": "gaussian", "sigma_w": "1.5",
    "sigma_b": "0.05", "bias_shift": "-1.0", "zero_init_branch": "true", "optimizer": "adam", "learning_rate": "1e-05",
    "momentum": "0.5", "weight_decay": "0.01", "gradient_clip": "2.0", "batch_size": "16", "steps": "50",
    "evaluate_every": "5", "probe_every": "3", "seed": "4294967295", "precision": "float64", "device": "cuda/1",
    "data": "moons", "samples": "200", "noise": "0.0",
}  # fmt: skip


def with_check(body: str) -> str:
    return f"{body}:{binascii.crc32(body.encode()) % 65536:04x}"


def test_the_code_named_in_the_documentation_is_the_code() -> None:
    assert to_code(SHARED) == with_check("gv1:d=1000:a=tanh:s=scaled")
    assert code.__doc__ is not None
    documented = re.search("`(gv1:[^`]*)`", code.__doc__)
    assert documented is not None
    assert documented[1] == to_code(SHARED)


@pytest.mark.parametrize("name", KEYS)
def test_every_field_has_its_key_for_ever(name: str) -> None:
    text = OTHER_VALUES[name]
    experiment = from_code(with_check(f"gv1:{KEYS[name]}={text}"))
    value = experiment.value(name)
    assert value != Experiment().value(name)
    assert str(value).lower() == {"1e-05": "1e-05", "cuda/1": "cuda:1"}.get(text, text)
    assert to_code(experiment) == with_check(f"gv1:{KEYS[name]}={text}")


def test_what_is_at_its_default_is_not_written() -> None:
    assert to_code(Experiment()) == with_check("gv1")
    assert from_code(with_check("gv1")) == Experiment()


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_has_a_code_that_fits_on_a_board(name: str) -> None:
    preset = load_preset(name)
    text = to_code(preset)
    assert len(text) <= 100
    assert text.isascii()
    assert not set(text) & set(" \t\n'\"`$&|;<>\\(){}*?!#~")
    assert from_code(text) == preset.changed(title="", notes="")


def test_spaces_line_ends_and_a_check_in_capitals_do_no_harm() -> None:
    text = with_check("gv1:d=1000:a=tanh")
    assert from_code(f"  {text[:9]} \n {text[9:-4]}{text[-4:].upper()}\t") == Experiment(depth=1000, activation="tanh")


def test_any_single_typing_error_is_noticed() -> None:
    text = to_code(SHARED)
    for place in range(len("gv1:"), len(text)):
        for wrong in "x0:=" if text[place] not in "x0:=" else "y9":
            with pytest.raises(ExperimentError):
                from_code(text[:place] + wrong + text[place + 1 :])
        with pytest.raises(ExperimentError):
            from_code(text[:place] + text[place + 1 :])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is not an experiment code; a code begins with gv1:"),
        ("hello", "'hello' is not an experiment code; a code begins with gv1:"),
        ("gv2:d=3:0000", "'gv2:d=3:0000' is not an experiment code; a code begins with gv1:"),
        ("gv1:" + "d" * 3000, "'gv1:dddd"),
        ("gv1:d=3:0000", "the code is incomplete or mistyped: its last four characters do not fit the rest"),
        (to_code(SHARED)[:-1], "the code is incomplete or mistyped"),
        (with_check("gv1:q=3"), "the code names a field 'q' that this version of gradviz does not know"),
        (with_check("gv1:d=0"), "depth: 0 is not allowed; allowed: a whole number from 1 to 2000"),
        (with_check("gv1:d"), "depth: '' is not allowed; "),
        (with_check("gv1:x=file"), "data_file: '' is not allowed with data = 'file'"),
        ("gv1:d=\ud800:0000", "the code is incomplete or mistyped"),
    ],
)
def test_what_is_no_code_is_refused(text: str, said: str) -> None:
    with pytest.raises(ExperimentError) as refused:
        from_code(text)
    assert str(refused.value).startswith(said)


def test_a_data_file_goes_by_file_and_not_by_code() -> None:
    with pytest.raises(ExperimentError, match="send it with the data"):
        to_code(Experiment(data="file", data_file="a.csv"))
