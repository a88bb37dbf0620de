"""Hypothesis strategies: any valid experiment, and junk that looks like one."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gradviz.experiment import NETWORKS, Experiment, ResNet, fields

FIELDS = tuple(fields())
DEVICES = ("auto", "cpu", "cuda", "cuda:0", "cuda:7", "cuda:12", "mps")
OPEN_BELOW = {"learning_rate", "decay_factor", "input_factor", "uniform_range", "layer_scale"}
OPEN_ABOVE = {"momentum", "label_smoothing", "dropout"}


def value_of(name: str, architecture: str = "mlp") -> st.SearchStrategy[Any]:
    """Any value that the field `name` may have by itself."""
    field = fields(architecture)[name]
    if field.choices:
        return st.sampled_from(field.choices)
    if name == "device":
        return st.sampled_from(DEVICES)
    if field.kind is bool:
        return st.booleans()
    if field.kind is str:
        return st.text(max_size={"title": 80, "notes": 200, "data_file": 60, "label_column": 30, "leave_out": 60}[name])
    low, high = field.limits
    assert low is not None
    assert high is not None
    if field.kind is int:
        return st.integers(int(low), int(high))
    return st.floats(low, high, exclude_min=name in OPEN_BELOW, exclude_max=name in OPEN_ABOVE)


def _agreeing(values: dict[str, Any]) -> dict[str, Any]:
    if values.get("data") == "file" and not values.get("data_file"):
        values["data_file"] = "digits.csv"
    if values.get("batch_size") == 1:
        values["batch_size"] = 2
    if values.get("schedule") == "cosine" and values.get("steps") == 0:
        values["steps"] = 300
    if values.get("data") == "sine":
        values["loss"] = "mse"
    if values["architecture"] == ResNet.architecture:
        depth, bottleneck = values.get("depth", 20), values.get("block") == "bottleneck"
        if values.get("layout") == "imagenet":
            values["depth"] = (50, 101, 152)[depth % 3] if bottleneck else (18, 34)[depth % 2]
        elif bottleneck:
            values["depth"] = max(11, depth // 3 * 3 - 1)
    return values


def _with(architecture: str) -> st.SearchStrategy[Experiment]:
    names = [name for name in fields(architecture) if name != "architecture"]
    values = st.fixed_dictionaries(
        {"architecture": st.just(architecture)}, optional={name: value_of(name, architecture) for name in names}
    )
    return values.map(lambda values: Experiment(**_agreeing(values)))


def experiments(*architectures: str) -> st.SearchStrategy[Experiment]:
    """Any valid experiment, some fields left at their defaults; of these architectures, or of all."""
    return st.one_of([_with(architecture) for architecture in architectures or NETWORKS])


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**4400, max_value=10**4500)
    | st.floats()
    | st.text()
    | st.text(st.characters(categories=["Cs"]), min_size=1)
    | st.binary()
    | st.sampled_from(["relu", "file", "batch", "cuda:1", "true", "0.5", "30"])
)
JUNK = st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)
KEYS = st.sampled_from(FIELDS) | st.text() | st.integers() | st.none()


def any_dicts() -> st.SearchStrategy[dict[Any, Any]]:
    """Fields and what are none, with values that fit and values that do not."""
    fitting = st.fixed_dictionaries({}, optional={name: value_of(name) for name in FIELDS})
    return st.builds(lambda first, second: {**first, **second}, fitting, st.dictionaries(KEYS, JUNK, max_size=4))
