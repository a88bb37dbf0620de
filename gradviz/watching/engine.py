"""From the steps of somebody's optimisers to frames: what is measured when.

A frame is one round of the optimisers that hold weights of the network: it begins when one of them makes its second
step. Gradients and weights are read just before a step, what the step did just after it, and activations in the
forward and backward passes before it. The frame of step t goes out when step t + 1 begins, so that what the script
says about it after the step still belongs to it; the numbers stay on their device until then, and go to the host in
one copy.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer

from gradviz.experiment import Row
from gradviz.probes.modules.layers import (
    Layer,
    compiled_modules,
    find_layers,
    is_row,
    named_modules,
    shared_weights,
)
from gradviz.probes.modules.outputs import Activations, Guard
from gradviz.probes.modules.pending_frame import Draft, FrameMaker
from gradviz.probes.modules.weights import Share, Weights
from gradviz.recording.frame import Frame, Quantity, Started
from gradviz.training.devices import device_label
from gradviz.training.host_copy import HostCopies
from gradviz.watching.log_entries import LogEntries
from gradviz.watching.quantities import watched_quantities

# frames that have arrived wait for others, at most so many and so long
MOST_WAITING = 16
LONGEST_WAIT_S = 0.1


@dataclass(frozen=True, slots=True)
class Settings:
    """What to watch, and how often: gradients every `every` steps, all else every `thorough_every` steps."""

    title: str
    every: int = 1
    thorough_every: int = 20
    include: Sequence[str] = ("*",)
    exclude: Sequence[str] = ()
    optimizers: Sequence[Optimizer] = ()
    scaler: GradScaler | None = None


class Sink(Protocol):
    """Who is told."""

    def begin(self, started: Started, notes: dict[str, str]) -> None:
        """Take what is known before the first frame; `notes` are facts in words, by name."""
        ...

    def frame(self, frame: Frame) -> None:
        """Take the next frame."""
        ...

    def warn(self, message: str) -> None:
        """Take something the person should know."""
        ...


class Engine:
    """Measures one network. `before_step`, `after_step` and `log` are called from the training thread."""

    def __init__(self, model: nn.Module, settings: Settings, sink: Sink, guard: Guard) -> None:
        self._model, self._settings, self._sink = model, settings, sink
        self._activations = Activations(guard)
        self._weights: Weights | None = None
        self._layers: tuple[Layer, ...] = ()
        self._quantities: tuple[Quantity, ...] = ()
        # of the modules whose output can be looked at
        self._rows: dict[nn.Module, int] = {}
        self._draft: Draft | None = None
        self._next = self._new_draft(0)
        self._usual: set[int] = set()
        self._pending: dict[int, Draft] = {}
        self._arrived: list[tuple[Draft, NDArray[np.float64]]] = []
        self._delivered_at = 0.0
        self._log = LogEntries(model)
        self._replaced_said = False
        self._partly_compiled = False
        self._look_at_first_pass()

    def holds_weights(self, optimizer: Optimizer) -> bool:
        """Whether `optimizer` moves anything that is watched."""
        if self._weights is not None or not self._is_asked_for(optimizer):
            return self._share(optimizer) is not None
        # the first forward pass may be still to come, inside of the step
        own = set(self._model.parameters())
        return any(parameter in own for group in optimizer.param_groups for parameter in group["params"])

    def before_step(self, optimizer: Optimizer, loss: object = None, *, skipped: bool = False) -> None:
        """Measure what `optimizer` is about to go by. `loss` is what its closure returned."""
        share = self._share(optimizer)
        if share is None:
            return
        draft = self._draft
        if draft is None or id(optimizer) in draft.stepped:
            draft = self._turn_over(share)
            # the weights may have been replaced
            share = self._share(optimizer)
            if share is None:
                return
        draft.stepped.add(id(optimizer))
        draft.skipped |= skipped
        draft.scalars.setdefault("learning_rate", _learning_rate(optimizer))
        if loss is not None:
            self._log.returned(loss)
        self._measure(draft, share, optimizer)
        self._log.step_begins(share.weight_with_gradient())

    def after_step(self, optimizer: Optimizer) -> None:
        """Measure what the step did, and prepare for the next one; nothing, if nothing was measured before it."""
        draft = self._draft
        if draft is None or id(optimizer) not in draft.stepped:
            return
        if self._next.thorough:
            if (share := self._share(optimizer)) is not None:
                share.compare(self._next)
            if self._rows:
                self._activations.arm(self._model, self._rows)
        elif self._activations.armed and draft.stepped >= self._usual:
            self._activations.disarm()
        self._log.step_ended()

    def skipped_step(self, optimizer: Optimizer) -> None:
        """Measure a step that was not made because gradients overflowed."""
        self.before_step(optimizer, skipped=True)
        self.after_step(optimizer)

    def log(self, values: dict[str, object]) -> None:
        """Take what the script says about the present step."""
        self._log.add(values)

    def finish(self) -> None:
        """Hand out every frame that is still under way, and take all hooks away."""
        self._activations.disarm()
        if self._draft is not None:
            self._submit(self._draft)
            self._draft = None
            self._deliver(wait=True)

    def stop(self) -> None:
        """Take all hooks away."""
        self._activations.disarm()

    def _look_at_first_pass(self) -> None:
        compiled = compiled_modules(self._model)
        modules = {
            module: None
            for name, module in named_modules(self._model).items()
            if module not in compiled and is_row(name, module, self._settings.include, self._settings.exclude)
        }
        order = [module for module in self._model.modules() if module not in compiled]
        if modules:
            self._activations.arm(self._model, modules, order)

    def _share(self, optimizer: Optimizer) -> Share | None:
        if not self._is_asked_for(optimizer):
            return None
        if self._weights is None:
            self._find_layers()
            self._weights = Weights(self._layers)
        return self._weights.share(optimizer)

    def _is_asked_for(self, optimizer: Optimizer) -> bool:
        asked_for = self._settings.optimizers
        return not asked_for or any(optimizer is one for one in asked_for)

    def _find_layers(self) -> None:
        settings = self._settings
        executed = list(self._activations.executed)
        self._layers = find_layers(self._model, executed, settings.include, settings.exclude)
        # once more, because a part may have been compiled since
        compiled = compiled_modules(self._model)
        self._partly_compiled = bool(compiled)
        self._rows = {layer.module: row for row, layer in enumerate(self._layers) if layer.module not in compiled}

    def _turn_over(self, share: Share) -> Draft:
        """Hand out the frame that is over and begin the next one."""
        if self._draft is None:
            self._begin(share)
            self._log.turn_over()
        else:
            self._usual = self._draft.stepped
            self._submit(self._draft)
            self._deliver(wait=False)
        self._draft = self._next
        self._next = self._new_draft(self._draft.step + 1)
        return self._draft

    def _new_draft(self, step: int) -> Draft:
        thorough = step % self._settings.thorough_every == 0
        return Draft(step, thorough=thorough, measured=thorough or step % self._settings.every == 0)

    def _begin(self, share: Share) -> None:
        assert self._weights is not None
        self._quantities = watched_quantities(every=self._settings.every, activations=bool(self._activations.seen))
        self._copies = HostCopies(share.device)
        self._device = share.device
        self._maker = FrameMaker(self._layers, self._quantities, self._weights.uses, self._weights.sizes)
        self._sink.begin(self._started(), self._notes())

    def _started(self) -> Started:
        parameters = list(self._model.parameters())
        sizes: dict[torch.dtype, int] = {}
        for parameter in parameters:
            sizes[parameter.dtype] = sizes.get(parameter.dtype, 0) + parameter.numel()
        return Started(
            title=self._settings.title,
            rows=tuple(Row(layer.name) for layer in self._layers),
            quantities=self._quantities,
            precision=str(max(sizes, key=lambda dtype: sizes[dtype])).removeprefix("torch."),
            parameters=sum(sizes.values()),
            device=device_label(self._device),
            threads=torch.get_num_threads(),
            scheduled_every=self._settings.thorough_every,
        )

    def _notes(self) -> dict[str, str]:
        notes = {}
        if shared := shared_weights(self._layers):
            notes["shared weights"] = ", ".join(f"{name} with {owner}" for name, owner in shared.items())
        if self._partly_compiled:
            notes["activations"] = "not measured in what is compiled: no hook runs there"
        elif not self._activations.seen:
            notes["activations"] = "not measured: none of the modules was seen to run (are they compiled?)"
        if "activations" in notes:
            self._sink.warn(f"activations are {notes['activations']}; gradients, weights and updates are measured")
        return notes

    def _measure(self, draft: Draft, share: Share, optimizer: Optimizer) -> None:
        if draft.thorough:
            share.refresh()
            share.measure_weights(draft)
        scale = getattr(optimizer, "grad_scale", None)
        overflow = getattr(optimizer, "found_inf", None)
        if isinstance(overflow, Tensor):
            # a fused optimiser finds out by itself whether to skip its step
            draft.scalars[f"overflow {id(optimizer)}"] = overflow.detach().clone()
        if draft.measured:
            share.measure_gradients(draft, scale if isinstance(scale, Tensor) else None)
        if draft.thorough and self._activations.seen:
            draft.set_activations(self._activations.seen, self._rows)
            draft.grad_factor = self._activations.samples / self._loss_scale(scale)
        if self._next.thorough:
            share.remember()

    def _loss_scale(self, scale: Any) -> float:
        """Return by what the loss was multiplied before the backward pass."""
        scaler = self._settings.scaler
        if scaler is not None:
            return scaler.get_scale()
        return float(scale) if isinstance(scale, Tensor) else 1.0

    def _submit(self, draft: Draft) -> None:
        draft.scalars |= self._log.turn_over()
        self._pending[draft.step] = draft
        self._copies.submit(draft.step, draft.gathered(self._device))
        if draft.thorough:
            self._look_for_replaced_weights()

    def _deliver(self, *, wait: bool) -> None:
        self._arrived += [(self._pending.pop(step), host) for step, host in self._copies.collect(wait=wait)]
        now = time.monotonic()
        # several frames in one go take half the time that each takes by itself
        if wait or len(self._arrived) >= MOST_WAITING or now - self._delivered_at > LONGEST_WAIT_S:
            self._delivered_at = now
            for draft, host in self._arrived:
                self._sink.frame(self._maker.frame(draft, host))
            self._arrived.clear()

    def _look_for_replaced_weights(self) -> None:
        assert self._weights is not None
        if not (names := self._weights.replaced()):
            return
        if not self._replaced_said:
            self._replaced_said = True
            self._sink.warn(
                f"the parameters of {', '.join(names[:3])}{' and others' if len(names) > 3 else ''} were replaced; "
                "the new ones are watched from here on, if an optimiser holds them"
            )
        self._next.pieces.clear()
        self._weights = Weights(self._layers)
        self._deliver(wait=True)
        self._maker = FrameMaker(self._layers, self._quantities, self._weights.uses, self._weights.sizes)


def _learning_rate(optimizer: Optimizer) -> float | Tensor:
    rate = optimizer.param_groups[0]["lr"] if "lr" in optimizer.param_groups[0] else float("nan")
    return rate.detach().clone() if isinstance(rate, Tensor) else float(rate)
