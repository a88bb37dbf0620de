from __future__ import annotations

import numpy as np
import pytest
from made_up_findings import gradient, history_of, run_of

from gradviz.diagnosis import Thresholds, severity_scores, worst_rows

LAYERS = np.arange(1, 21)


def test_layers_are_ranked_by_how_far_their_gradient_is_off() -> None:
    row = -1.0 - np.abs(LAYERS - 20.0) * 0.5
    row[4] = -30.0
    history = run_of(20, later=gradient(row))
    ranking = worst_rows(history)
    assert ranking.tolist() == [5, 1, 2, 3, 4, *range(6, 21)]
    # three decades are one threshold
    assert severity_scores(history)[0] == pytest.approx(9.5 / 3.0, rel=1e-5)
    assert severity_scores(history, thresholds=Thresholds(vanishing_decades=9.5))[0] == pytest.approx(1.0, rel=1e-5)


def test_what_float32_lost_is_ranked_by_what_it_is_in_truth() -> None:
    history = run_of(20, later=gradient(-1.0 - 10.0 * (20 - LAYERS)))
    assert worst_rows(history).tolist() == LAYERS.tolist()


def test_the_update_ratio_passes_its_thresholds_at_one() -> None:
    ratio = np.full(20, -3.0)
    ratio[2], ratio[7], ratio[11] = -6.0, -1.0, -9.0
    history = run_of(20, later={"update_ratio": ratio})
    assert severity_scores(history)[[2, 7, 11, 0]] == pytest.approx([1.0, 1.0, 2.0, 0.0], abs=1e-6)
    assert worst_rows(history)[0] == 12


def test_shares_pass_theirs_at_one() -> None:
    dead = np.linspace(0.0, 0.6, 20)
    history = run_of(20, later={"dead_fraction": dead, "saturated_fraction": np.ones(20)}, activation="relu")
    assert severity_scores(history)[-1] == pytest.approx(1.0, rel=1e-6)
    assert worst_rows(history)[0] == 20


def test_layers_inside_a_block_have_the_gradient_of_its_end() -> None:
    row = np.where(LAYERS % 2 == 0, -1.0, -9.0)
    row[:4] = -5.0
    history = run_of(20, later={"activation_grad_rms": row}, shortcut="scaled", shortcut_span=2)
    assert severity_scores(history).round(4).tolist() == [1.3333] * 4 + [0.0] * 16


def test_nothing_known_is_nothing_bad() -> None:
    assert severity_scores(history_of(5)).tolist() == [0.0] * 5
    assert severity_scores(run_of(5, measures=())).tolist() == [0.0] * 5
    assert worst_rows(run_of(1)).tolist() == [1]
