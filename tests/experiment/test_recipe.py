"""Every field: what it accepts, what it refuses, and in which words."""

from __future__ import annotations

import math
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from gradviz.errors import ExperimentError
from gradviz.experiment import Experiment, choices, field, fields
from gradviz.experiment.fields import Group

FIELDS = tuple(fields())

# smallest and largest value of each number, as the fields were agreed on; an open end is given by its neighbour
WHOLE = {
    "depth": (1, 2000), "shortcut_span": (1, 4), "width": (2, 1024), "batch_size": (1, 4096), "steps": (0, 10_000_000),
    "evaluate_every": (1, 10_000), "probe_every": (1, 10_000), "seed": (0, 2**32 - 1), "samples": (20, 100_000),
    "context": (2, 256), "warmup_steps": (0, 1_000_000), "decay_every": (1, 10_000_000),
}  # fmt: skip
REAL = {
    "leaky_slope": (0.0, 1.0), "shortcut_scale": (0.0, 10.0), "sigma_w": (0.0, 20.0), "sigma_b": (0.0, 20.0),
    "bias_shift": (-10.0, 10.0), "learning_rate": (5e-324, 100.0), "momentum": (0.0, math.nextafter(1.0, 0.0)),
    "weight_decay": (0.0, 10.0), "gradient_clip": (0.0, 1e6), "noise": (0.0, 1.0),
    "dropout": (0.0, math.nextafter(1.0, 0.0)), "uniform_range": (5e-324, 10.0),
    "decay_factor": (5e-324, 1.0), "label_smoothing": (0.0, math.nextafter(1.0, 0.0)),
    "validation_share": (0.01, 0.9), "input_factor": (5e-324, 1e6), "label_noise": (0.0, 1.0),
}  # fmt: skip
OPEN_ENDS = {
    "learning_rate": (0.0, 100.0), "momentum": (0.0, 1.0), "decay_factor": (0.0, 1.0),
    "label_smoothing": (0.0, 1.0), "input_factor": (0.0, 1e6), "dropout": (0.0, 1.0),
    "uniform_range": (0.0, 10.0),
}  # fmt: skip
WORDS = {
    "activation": "linear sigmoid tanh relu leaky_relu prelu elu selu silu gelu softplus mish",
    "shortcut": "none identity pre_activation scaled rezero highway",
    "normalization": "none layer rms batch",
    "initialization": "pytorch_default glorot_normal glorot_uniform he_normal he_uniform lecun_normal orthogonal "
    "gaussian uniform zeros",
    "input_initialization": "lecun_normal pytorch_default glorot_normal glorot_uniform he_normal he_uniform orthogonal "
    "uniform zeros",
    "head_initialization": "lecun_normal pytorch_default glorot_normal glorot_uniform he_normal he_uniform orthogonal "
    "uniform zeros",
    "schedule": "constant cosine step",
    "loss": "cross_entropy binary_cross_entropy mse",
    "class_weights": "none balanced",
    "input_scaling": "standardised minmax raw",
    "optimizer": "sgd momentum adam adamw rmsprop",
    "precision": "float32 float64",
    "architecture": "mlp resnet transformer",
    "data": "digits moons circles spirals xor gaussian sine file text",
    "missing": "refuse drop mean",
}
TEXT = {"title": 80, "notes": 2000, "data_file": 4096, "label_column": 1000, "leave_out": 4096}
NUMBERS = WHOLE | REAL


def refusal(**values: Any) -> str:
    with pytest.raises(ExperimentError) as refused:
        Experiment.parse(values)
    return str(refused.value)


def test_the_tables_above_know_every_field() -> None:
    assert {*NUMBERS, *WORDS, *TEXT, "device", "zero_init_branch"} == set(FIELDS)


@pytest.mark.parametrize(("name", "ends"), NUMBERS.items())
def test_both_ends_are_accepted(name: str, ends: tuple[float, float]) -> None:
    for end in ends:
        assert Experiment.parse({name: end}).value(name) == end


@pytest.mark.parametrize(("name", "ends"), WHOLE.items())
def test_a_whole_number_beyond_an_end_is_refused_in_words(name: str, ends: tuple[int, int]) -> None:
    low, high = ends
    for beyond in (low - 1, high + 1):
        assert (
            refusal(**{name: beyond})
            == f"{name}: {beyond} is not allowed; allowed: a whole number from {low} to {high}"
        )


@pytest.mark.parametrize(("name", "ends"), REAL.items())
def test_a_number_beyond_an_end_is_refused_in_words(name: str, ends: tuple[float, float]) -> None:
    open_ends = {
        "learning_rate": "above 0.0 to 100.0",
        "decay_factor": "above 0.0 to 1.0",
        "momentum": "0.0 to below 1.0",
        "label_smoothing": "0.0 to below 1.0",
        "dropout": "0.0 to below 1.0",
        "uniform_range": "above 0.0 to 10.0",
        "input_factor": "above 0.0 to 1000000.0",
    }
    said = open_ends.get(name, f"{ends[0]} to {ends[1]}")
    for beyond in (math.nextafter(ends[0], -math.inf), math.nextafter(ends[1], math.inf)):
        assert refusal(**{name: beyond}) == f"{name}: {beyond!r} is not allowed; allowed: a number from {said}"


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused(name: str, value: float) -> None:
    assert refusal(**{name: value}).startswith(f"{name}: {value!r} is not allowed; allowed: a number from ")


@pytest.mark.parametrize("name", FIELDS)
def test_a_wrong_type_is_refused_with_field_value_and_what_is_allowed(name: str) -> None:
    wrong: dict[type, list[object]] = {
        int: [True, 3.0, "3", None, [3], {}],
        float: [True, "0.5", None, [0.5]],
        bool: [0, 1, "true", None],
        str: [1, True, b"text", None, ["text"]],
    }
    kind = field(name).kind
    for value in wrong[kind]:
        assert refusal(**{name: value}) == f"{name}: {value!r} is not allowed; allowed: {field(name).allowed}"


# between the ends of the share there is no whole number
@pytest.mark.parametrize("name", sorted(REAL.keys() - {"validation_share"}))
def test_a_whole_number_stands_for_a_real_one(name: str) -> None:
    value = Experiment.parse({name: 0 if name in ("momentum", "label_smoothing", "dropout") else 1}).value(name)
    assert type(value) is float


@pytest.mark.parametrize(("name", "words"), WORDS.items())
def test_every_word_is_accepted_and_any_other_refused(name: str, words: str) -> None:
    assert choices(name) == tuple(words.split())
    rest = {"data_file": "a.csv"} if name == "data" else {}
    for word in words.split():
        assert Experiment.parse({name: word, **rest}).value(name) == word
    assert refusal(**{name: "ReLU6"}) == f"{name}: 'ReLU6' is not allowed; allowed: {', '.join(words.split())}"


@pytest.mark.parametrize(("name", "longest"), TEXT.items())
def test_text_is_taken_up_to_its_length(name: str, longest: int) -> None:
    assert Experiment.parse({name: "ü" * longest}).value(name) == "ü" * longest
    assert refusal(**{name: "ü" * (longest + 1)}) == (
        f"{name}: '{'ü' * 56}... is not allowed; allowed: text of at most {longest:,} characters"
    )


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:0", "cuda:15", "mps"])
def test_devices_are_accepted(device: str) -> None:
    assert Experiment.parse({"device": device}).training.device == device


@pytest.mark.parametrize("device", ["", "gpu", "CPU", "cuda:", "cuda:x", "cuda:123", "cuda:1\n", " cpu", "cuda:٣"])
def test_other_devices_are_refused(device: str) -> None:
    assert refusal(device=device) == f"device: {device!r} is not allowed; allowed: auto, cpu, cuda, cuda:N or mps"


def test_an_unknown_field_is_named_with_those_there_are() -> None:
    assert refusal(dept=3) == f"dept: there is no such field; did you mean depth?; the fields are {', '.join(FIELDS)}"
    assert "did you mean" not in refusal(xyzzy=3)


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("two\nlines", r"'two\nlines'"),
        ("", "''"),
        (1, "1"),
        (None, "None"),
        ("\ud800", r"'\ud800'"),
        ("k" * 999, "'kkk"),
    ],
)
def test_a_key_that_is_no_name_is_shown_safely_on_one_line(key: object, shown: str) -> None:
    with pytest.raises(ExperimentError) as refused:
        Experiment.parse({key: 1})  # type: ignore[dict-item]
    message = str(refused.value)
    assert message.startswith(shown)
    assert ": there is no such field; the fields are title, notes, architecture, depth," in message[:150]
    assert "\n" not in message
    message.encode()


def test_every_mistake_gets_a_line_of_its_own() -> None:
    lines = refusal(depth=0, activation="rely", wdith=3, noise=-1.0).splitlines()
    assert [line.split(":")[0] for line in lines] == ["depth", "activation", "noise", "wdith"]


def test_long_values_are_cut_and_huge_numbers_measured() -> None:
    assert (
        refusal(activation="x" * 1000)
        == f"activation: '{'x' * 56}... is not allowed; allowed: {field('activation').allowed}"
    )
    assert refusal(depth=10**5000).startswith(
        f"depth: a whole number of {(10**5000).bit_length():,} bits is not allowed"
    )
    assert refusal(depth=[10**5000]).startswith("depth: something very long is not allowed")


def test_fields_have_to_agree() -> None:
    assert refusal(data="file") == "data_file: '' is not allowed with data = 'file'; name a CSV or NPZ file"
    assert refusal(normalization="batch", batch_size=1) == (
        "batch_size: 1 is not allowed with normalization = 'batch'; allowed: 2 to 4096"
    )
    assert Experiment.parse({"normalization": "batch", "batch_size": 2}).training.batch_size == 2
    assert Experiment.parse({"normalization": "layer", "batch_size": 1}).training.batch_size == 1


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_can_be_explained_to_a_person(name: str) -> None:
    about = field(name)
    assert about.description
    assert about.description[0].isupper()
    assert not about.description.endswith(".")
    assert about.label
    assert about.group in get_args(Group)
    assert about.allowed
    assert (about.spec.zero_means != "") == ("0 means" in about.description)
    assert Experiment.parse({name: about.default}) == Experiment()


def test_labels_and_codes_are_unique() -> None:
    labels = [field(name).label for name in FIELDS]
    codes = [field(name).code for name in FIELDS if field(name).code]
    assert len(set(labels)) == len(labels)
    assert len(set(codes)) == len(codes)
    assert all(code.isalpha() and code.islower() and len(code) <= 3 for code in codes)
    assert {name for name in FIELDS if not field(name).code} == {
        "title",
        "notes",
        "data_file",
        "label_column",
        "leave_out",
        "missing",
    }


@pytest.mark.parametrize("name", FIELDS)
def test_limits_are_the_ends_of_numbers_and_nothing_else(name: str) -> None:
    expected = OPEN_ENDS.get(name) or NUMBERS.get(name, (None, None))
    assert field(name).limits == expected


def test_an_experiment_cannot_be_altered_but_copied_with_changes() -> None:
    experiment = Experiment(depth=7)
    with pytest.raises(ValidationError, match="frozen"):
        experiment.network.depth = 8  # type: ignore[misc]
    changed = experiment.changed(width=5, noise=0)
    assert (changed.network.depth, changed.network.width, changed.data.noise) == (7, 5, 0.0)
    assert (experiment.network.width, experiment.data.noise) == (32, 0.1)
    with pytest.raises(ExperimentError, match=r"^width: 1 is not allowed"):
        experiment.changed(width=1)
    assert len({experiment, experiment.changed(), changed}) == 2


@pytest.mark.parametrize(("depth", "scale", "factor"), [(100, 0.0, 0.1), (1, 0.0, 1.0), (100, 0.3, 0.3)])
def test_the_branch_scale_follows_the_depth_unless_it_is_given(depth: int, scale: float, factor: float) -> None:
    assert Experiment(depth=depth, shortcut_scale=scale).network.branch_scale == pytest.approx(factor)


@pytest.mark.parametrize("width", [[64, 32], "[64, 32]"])
def test_a_width_for_each_layer_is_refused_with_the_reason(width: object) -> None:
    assert "one tensor" in refusal(width=width)
    assert "one tensor" not in refusal(width=1)


def test_augmentation_is_known_and_refused_with_the_reason() -> None:
    assert refusal(augmentation="flip").startswith("augmentation: there is none")
