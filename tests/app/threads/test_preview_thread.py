"""The profile at initialisation, measured beside the window."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from driving import TINY, WAIT_MS, wait_until
from pytestqt.qtbot import QtBot

from gradviz.app.failure import Failure
from gradviz.app.threads.preview_thread import PreviewThread
from gradviz.experiment import Experiment
from gradviz.recording.activations import ActivationCurve
from gradviz.recording.history import History
from gradviz.training import loop


@pytest.fixture
def preview(qapp: object) -> Iterator[PreviewThread]:
    preview = PreviewThread()
    yield preview
    preview.end()
    assert preview.wait(WAIT_MS)


@pytest.fixture
def shown(preview: PreviewThread) -> list[History]:
    shown: list[History] = []
    preview.previewed.connect(shown.append)
    return shown


def test_a_preview_is_the_first_frame_of_the_run_to_come(
    preview: PreviewThread, shown: list[History], qtbot: QtBot
) -> None:
    preview.request(TINY)
    preview.start()
    wait_until(qtbot, lambda: len(shown) == 1)
    started, frame = loop.first_frame(TINY)
    assert shown[0].frames == 1
    assert shown[0].started.experiment == started.experiment == TINY
    assert shown[0].losses()[1][0] == frame.loss
    for name, row in frame.rows.items():
        assert np.array_equal(shown[0].row(name, 0), row)
    distributions = shown[0].latest_distributions
    assert distributions is not None
    assert distributions.step == 0
    # of the weights as initialised, every one
    assert distributions.by_kind["weights"].counts.sum(1).tolist() == [TINY.network.width**2] * TINY.network.depth


def test_the_devices_of_the_machine_are_named_first(preview: PreviewThread, qtbot: QtBot) -> None:
    with qtbot.waitSignal(preview.devices_found, timeout=WAIT_MS) as found:
        preview.start()
    values = [value for value, _ in found.args[0]]
    gpus = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    assert values[:2] == ["auto", "cpu"]
    assert [value for value in values if value.startswith("cuda")] == gpus
    assert all(label for _, label in found.args[0])


def test_of_requests_that_pile_up_only_the_newest_is_measured(
    preview: PreviewThread, shown: list[History], qtbot: QtBot
) -> None:
    for depth in (3, 5, 7):
        preview.request(TINY.changed(depth=depth))
    preview.start()
    wait_until(qtbot, lambda: bool(shown))
    preview.request(TINY.changed(depth=9))
    wait_until(qtbot, lambda: len(shown[-1].started.rows) == 9)
    assert [len(history.started.rows) for history in shown] == [7, 9]


def test_what_was_cancelled_before_its_turn_is_not_measured(
    preview: PreviewThread, shown: list[History], qtbot: QtBot
) -> None:
    preview.request(TINY.changed(depth=3))
    preview.cancel()
    with qtbot.waitSignal(preview.devices_found, timeout=WAIT_MS):
        preview.start()
    preview.request(TINY.changed(depth=5))
    wait_until(qtbot, lambda: bool(shown))
    assert [len(history.started.rows) for history in shown] == [5]


def test_what_cannot_be_measured_is_told_and_the_next_request_is_served(
    preview: PreviewThread, shown: list[History], qtbot: QtBot
) -> None:
    preview.request(TINY.changed(data="file", data_file="/no/such/file.npz"))
    with qtbot.waitSignal(preview.failed, timeout=WAIT_MS) as failed:
        preview.start()
    failure: Failure = failed.args[0]
    assert failure.message.startswith("cannot read /no/such/file.npz: ")
    assert failure.details == ""
    preview.request(TINY)
    wait_until(qtbot, lambda: bool(shown))


def test_a_defect_is_told_with_its_traceback_and_the_next_request_is_served(
    preview: PreviewThread, shown: list[History], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_experiment: object) -> None:
        raise IndexError("off by one")

    with monkeypatch.context() as patch:
        patch.setattr(loop, "first_events", broken)
        preview.request(TINY)
        with qtbot.waitSignal(preview.failed, timeout=WAIT_MS) as failed:
            preview.start()
    assert "IndexError: off by one" in failed.args[0].message
    assert "in broken" in failed.args[0].details
    preview.request(TINY)
    wait_until(qtbot, lambda: bool(shown))


def test_the_thread_ends_when_told_even_with_a_request_waiting(preview: PreviewThread, qtbot: QtBot) -> None:
    with qtbot.waitSignal(preview.devices_found, timeout=WAIT_MS):
        preview.start()
    preview.end()
    preview.request(TINY)
    assert preview.wait(WAIT_MS)


def test_the_curves_of_an_activation_come_before_the_profile_and_are_its_formula(
    preview: PreviewThread, shown: list[History], qtbot: QtBot
) -> None:
    found: list[tuple[Experiment, ActivationCurve, int]] = []
    preview.curve_found.connect(lambda experiment, curve: found.append((experiment, curve, len(shown))))
    sigmoid = TINY.changed(activation="sigmoid")
    preview.request(TINY)
    preview.request_curve(TINY)
    preview.request_curve(sigmoid)
    preview.start()
    wait_until(qtbot, lambda: len(shown) == 1)
    ((experiment, curve, profiles_before),) = found
    assert (experiment, profiles_before) == (sigmoid, 0)
    s = 1 / (1 + np.exp(-curve.x))
    assert np.allclose(curve.phi, s, rtol=1e-14, atol=0)
    assert np.allclose(curve.derivative, s * (1 - s), rtol=0, atol=1e-15)
    # one without a profile, too
    preview.request_curve(TINY)
    wait_until(qtbot, lambda: len(found) == 2)
    assert np.allclose(found[1][1].phi, np.tanh(curve.x), rtol=1e-14, atol=0)
    assert len(shown) == 1
