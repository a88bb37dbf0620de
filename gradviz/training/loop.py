"""The training loop, a generator of events: it knows no thread and no window, and whoever pumps it may pause or stop.

Everything in the frame of step t is measured in the state before update t, so step 0 is the network as initialised and
a run of N steps has N + 1 frames.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import count

import torch

from gradviz.errors import DeviceError
from gradviz.experiment import Experiment
from gradviz.recording.frame import Diverged, Event, Frame, Started
from gradviz.training.control import Control
from gradviz.training.devices import resolve
from gradviz.training.optimization import warm_up
from gradviz.training.run import TrainingRun, too_large
from gradviz.training.thread_settings import thread_settings

__all__ = ["first_events", "first_frame", "train", "warm_up"]


def train(experiment: Experiment, control: Control | None = None) -> Generator[Event]:
    """Train `experiment` in the calling thread and yield what happens, one `Started` first.

    Evaluations and distributions precede the frame of their step; distributions come on the schedule of the experiment
    and whenever `control` is asked for a closer look, which changes nothing else of what is yielded. On a GPU frames
    arrive up to a few steps late, and without delay while `control` says paused. Ends after the last step, after a
    `Diverged`, or when closed.

    Raises DeviceError (device not there, out of memory), DataError (unusable data file).
    """
    control = control or Control()
    device = resolve(experiment.device, experiment.precision)
    with thread_settings(experiment, device) as threads, _memory_errors_explained(experiment, device):
        run = TrainingRun(experiment)
        yield run.started(threads)
        for step in count():
            last = bool(experiment.steps) and step >= experiment.steps
            thorough = step % experiment.probe_every == 0 or last
            run.measure(step, thorough=thorough, distributed=control.take_closer_look() or thorough)
            if step % experiment.evaluate_every == 0 or last:
                yield run.evaluate(step)
            for event in run.events(wait=last or step == 0 or control.paused):
                yield event
                if isinstance(event, Frame) and not math.isfinite(event.loss):
                    yield Diverged(event.step, event.loss)
                    return
            if last:
                return
            run.update()


def first_events(experiment: Experiment) -> list[Event]:
    """Return what `train` yields of the network as initialised, without an optimiser or an evaluation.

    That is `Started`, `Distributions`, and the `Frame` of step 0. Raises what `train` raises.
    """
    device = resolve(experiment.device, experiment.precision)
    with thread_settings(experiment, device) as threads, _memory_errors_explained(experiment, device):
        run = TrainingRun(experiment)
        run.measure(0)
        return [run.started(threads), *run.events(wait=True)]


def first_frame(experiment: Experiment) -> tuple[Started, Frame]:
    """Return the beginning and the first frame of `first_events`."""
    started, *_, frame = first_events(experiment)
    assert isinstance(started, Started)
    assert isinstance(frame, Frame)
    return started, frame


@contextmanager
def _memory_errors_explained(experiment: Experiment, device: torch.device) -> Iterator[None]:
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise DeviceError(too_large(experiment, device)) from error
    except RuntimeError as error:
        # torch's allocator for the CPU raises a plain RuntimeError and says so only in words
        if "can't allocate memory" in str(error) or "not enough memory" in str(error):
            raise DeviceError(too_large(experiment, device)) from error
        raise
    finally:
        if device.type == "cuda":
            torch.cuda.empty_cache()
