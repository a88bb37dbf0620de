from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradviz.experiment.rows import LONG_NAME, short_names

LORA = [
    f"base_model.model.model.layers.{block}.self_attn.{part}.lora_{which}"
    for block in range(12) for part in ("q_proj", "v_proj") for which in "AB"
]  # fmt: skip
PART = st.sampled_from(["layers", "0", "1", "17", "attention", "projection_of_queries", "norm", "a", ""])


def test_long_names_keep_their_index_and_what_tells_them_apart() -> None:
    short = short_names(LORA)
    assert short[LORA.index("base_model.model.model.layers.7.self_attn.q_proj.lora_A")] == "7.q_proj.lora_A"
    assert short[-1] == "11.v_proj.lora_B"


@pytest.mark.parametrize("names", [["0", "2", "4"], ["encoder.layers.0.linear1", "encoder.layers.1.linear1"], ["", ""]])
def test_names_that_are_not_long_stay(names: list[str]) -> None:
    assert short_names(names) == tuple(names)


def test_one_long_name_does_not_lose_itself() -> None:
    name = "a_very_long_name_of_a_module_indeed"
    assert short_names([name]) == (name,)
    assert short_names([f"encoder.{name}", f"decoder.{name}"]) == (f"encoder.{name}", f"decoder.{name}")


@given(st.lists(st.lists(PART, min_size=1, max_size=7).map(".".join), max_size=12))
def test_no_two_names_become_the_same_and_none_gets_longer(names: list[str]) -> None:
    short = short_names(names)
    assert len(set(short)) == len(set(names))
    assert all(len(one) <= len(name) for one, name in zip(short, names, strict=True))
    if any(len(name) > LONG_NAME for name in names):
        # the last part of every name is there
        assert all(one.split(".")[-1] == name.split(".")[-1] for one, name in zip(short, names, strict=True))
