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
from gradviz.recording.frame import Checkpoint, Diverged, Event, Frame, Started
from gradviz.training import checkpoint as state
from gradviz.training.control import Control
from gradviz.training.devices import resolve
from gradviz.training.optimization import warm_up
from gradviz.training.run import TrainingRun, too_large
from gradviz.training.thread_settings import thread_settings, threads_for

__all__ = ["first_events", "first_frame", "train", "warm_up"]


def train(
    experiment: Experiment, control: Control | None = None, checkpoint: Checkpoint | None = None
) -> Generator[Event]:
    """Train `experiment` in the calling thread and yield what happens, one `Started` first.

    Evaluations and distributions precede the frame of their step; distributions come on the schedule of the experiment
    and whenever `control` is asked for a closer look, a checkpoint whenever it is asked for one; neither changes
    anything else of what is yielded. A learning rate that `control` is given holds from the next update on, and an
    `Observation` says so. On a GPU frames arrive up to a few steps late, and without delay while `control`
    says paused. Ends after the last step, after a `Diverged`, after the step under way once `control` says stopped, or
    when closed. With a `checkpoint` the first frame is that of its step, and on the CPU all are what they would have
    been without the break. Settings of the calling thread are made for each step and undone before anything is yielded.

    Raises DeviceError (device not there, out of memory), DataError (unusable data file), CheckpointError (a checkpoint
    that is broken or of another experiment).
    """
    device = resolve(experiment.training.device, experiment.training.precision)
    if checkpoint is not None:
        state.check(experiment, checkpoint)
    events = _events(experiment, control or Control(), checkpoint, device)
    try:
        while True:
            with thread_settings(experiment, device):
                event = next(events, None)
            if event is None:
                return
            yield event
    finally:
        with thread_settings(experiment, device):
            events.close()


def _events(
    experiment: Experiment, control: Control, checkpoint: Checkpoint | None, device: torch.device
) -> Generator[Event]:
    with _memory_errors_explained(experiment, device):
        run = TrainingRun(experiment)
        first = 0
        if checkpoint is not None:
            state.restore(run, checkpoint)
            first = checkpoint.step
        started = run.started(threads_for(experiment, device))
        if why := state.why_not_kept(started):
            control.refuse_checkpoints(why)
        yield started
        for step in count(first):
            if (yield from _between_steps(run, control, step)):
                return
            if (rate := control.take_rate()) is not None:
                yield run.change_rate(step, rate)
            last = step == experiment.training.steps > 0
            run.measure(step, run.due(step, distributions=control.take_closer_look()))
            if step % experiment.training.evaluate_every == 0 or last:
                yield run.evaluate(step)
            if (yield from _arrived(run, wait=last or step == first or control.paused)):
                return
            if last and not (control.checkpoint_at_end or control.checkpoint_asked_for):
                return
            run.update()


def _between_steps(run: TrainingRun, control: Control, step: int) -> Generator[Event, None, bool]:
    """Yield the state before update `step` if somebody wants it; return whether the run is over."""
    ended = control.stopped or 0 < run.experiment.training.steps < step
    wanted = control.take_checkpoint_request() or (ended and control.checkpoint_at_end)
    # all frames that lead to a state come before it
    if (ended or wanted) and (yield from _arrived(run, wait=True)):
        return True
    if not wanted or control.no_checkpoint_because:
        return ended
    yield state.take(run, step)
    # a run that was held with its state handed over may have been stopped there
    return ended or control.stopped


def _arrived(run: TrainingRun, *, wait: bool) -> Generator[Event, None, bool]:
    """Yield what has reached the host; return whether the run has diverged."""
    for event in run.events(wait=wait):
        yield event
        if isinstance(event, Frame) and not math.isfinite(event.loss):
            yield Diverged(event.step, event.loss)
            return True
    return False


def first_events(experiment: Experiment) -> list[Event]:
    """Return what `train` yields of the network as initialised, without an optimiser or an evaluation.

    That is `Started`, `Distributions`, and the `Frame` of step 0. Raises what `train` raises.
    """
    device = resolve(experiment.training.device, experiment.training.precision)
    with thread_settings(experiment, device), _memory_errors_explained(experiment, device):
        run = TrainingRun(experiment)
        run.measure(0)
        return [run.started(threads_for(experiment, device)), *run.events(wait=True)]


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
