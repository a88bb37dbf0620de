"""Everything that a watched script lets us know beside numbers per row: who looks at what, and when it is said."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import Parameter
from torch.optim import Optimizer

from gradviz.probes.frame_queue import Arrived
from gradviz.probes.modules.calls import Calls
from gradviz.probes.modules.rows import MeasuredModule, compiled_modules
from gradviz.probes.modules.weights import OptimizerParams
from gradviz.recording.frame import Frame, Observation
from gradviz.watching.facts.batch import BatchFacts
from gradviz.watching.facts.clipping import Clipping
from gradviz.watching.facts.kept_gradients import KeptGradients
from gradviz.watching.facts.losses import LossFacts
from gradviz.watching.facts.missing_gradients import LARGEST, MissingGradients
from gradviz.watching.facts.narrow_layers import say_narrow_layers
from gradviz.watching.facts.normalisation import NormalisationFacts
from gradviz.watching.facts.optimizers import OptimizerFacts
from gradviz.watching.facts.parameters import ParameterFacts
from gradviz.watching.facts.said import Said
from gradviz.watching.facts.start_weights import say_units_alike

BEFORE_CLIPPING = "gradient_norm_before_clipping"

Scalars = dict[str, float | Tensor]
Vectors = dict[str, Tensor]


class Facts:
    """Asked around every step, and told of each frame that has arrived; `soon` says if the coming step is thorough."""

    def __init__(self, model: nn.Module, calls: Calls, guard: Callable[..., Any], soon: Callable[[], bool]) -> None:
        self._model, self._calls = model, calls
        self._rows: tuple[MeasuredModule, ...] = ()
        self._unseen: set[nn.Module] = set()
        self.said = Said()
        self._parameters = ParameterFacts(self.said)
        self._gradients = MissingGradients(self.said)
        self._kept = KeptGradients(self.said, calls)
        self._optimizers = OptimizerFacts(self.said)
        self._losses = LossFacts(self.said)
        self._batch = BatchFacts(self.said)
        self._normalisation = NormalisationFacts(self.said)
        self._clipping = Clipping(guard, soon)
        self._clipping.watch(model.parameters())

    def rows_found(self, rows: tuple[MeasuredModule, ...], executed: Sequence[nn.Module] = ()) -> None:
        """Look at these rows from now on; `executed` are the modules that were called in the first passes."""
        self._rows = rows
        if executed:
            # before the first step; later on weights were trained
            say_narrow_layers(self.said, rows)
            say_units_alike(self.said, rows)
        self._parameters.called_before(executed)
        self._parameters.watch(rows, self._model)
        self._gradients.watch(self._model.parameters())
        scripted = {module for module in self._model.modules() if isinstance(module, torch.jit.ScriptModule)}
        # no hook runs there
        self._unseen = compiled_modules(self._model) | scripted
        self._clipping.watch(self._model.parameters())

    def called_as_functions(self, activations: Mapping[str, int]) -> None:
        """Say how often activations, by name, were called as functions in the first pass."""
        if activations:
            numbers = tuple((name, float(times)) for name, times in activations.items())
            self.said.say(0, "called_as_functions", numbers=numbers)

    def tell_spread(self, rows: Sequence[MeasuredModule]) -> str:
        """Say which rows have weights that are spread over processes, and return a warning; empty if there are none."""
        spread = [(number, row) for number, row in enumerate(rows, 1) if row.processes]
        if not spread:
            return ""
        processes = max(row.processes for _, row in spread)
        numbers, names = zip(*((number, row.name) for number, row in spread), strict=True)
        self.said.say(0, "sharded", rows=numbers, names=names, numbers=(("ranks", float(processes)),))
        return (
            f"the parameters of {names[0]}{f' and {len(names) - 1} more' if names[1:] else ''} are DTensors, spread "
            f"over {processes} process{'es' * (processes > 1)}. This process knows its own part only, so their weights "
            "and gradients are not measured, and outputs are those of this process"
        )

    def before_step(
        self, step: int, params: OptimizerParams, optimizer: Optimizer | None, *, thorough: bool
    ) -> tuple[Scalars, Vectors]:
        """Look before a step is made; return what is to come to the host with it. None is a step made by hand."""
        scalars: Scalars = {}
        vectors: Vectors = {}
        if (norm := self._clipping.take()) is not None:
            scalars[BEFORE_CLIPPING] = norm
        if optimizer is not None:
            scalars |= self._optimizers.learning_rates(optimizer)
            largest = self._gradients.before_step(step, params, thorough=thorough)
            if largest is not None:
                vectors[f"{LARGEST} {id(optimizer)}"] = largest
        if thorough:
            self._parameters.before_step(optimizer, self._calls)
            self._normalisation.before_step(self._rows, self._calls)
            if optimizer is not None:
                self._optimizers.look(optimizer, self._clipping.max_norm)
                self._kept.before_step(step, optimizer)
        return scalars, vectors

    @property
    def stray(self) -> tuple[Parameter, ...]:
        """Parameters that get a gradient and are in no optimiser, as of the latest look."""
        return self._parameters.stray

    def after_step(self, optimizer: Optimizer) -> None:
        """Look after a step was made."""
        self._kept.after_step(optimizer, self._rows)

    def round_over(self, step: int) -> None:
        """Look at a thorough step that is over."""
        self._parameters.round_over(step, self._unseen)
        self._optimizers.round_over(step)
        self._normalisation.round_over(step)

    def arrived(self, arrived: Arrived, frame: Frame) -> tuple[list[Observation], Frame]:
        """Return what is to be said before `frame`, and the frame without what cannot be."""
        facts = arrived.read_facts()
        self._gradients.arrived(frame.step, facts, frame)
        self._losses.arrived(frame, facts, logged="loss" in arrived.scalars)
        self._batch.arrived(frame.step, facts, frame.loss)
        if not 0 <= frame.batch_accuracy <= 1:
            # what was on its device could not be looked at when it was logged
            frame = replace(frame, batch_accuracy=math.nan)
        return self.said.take(frame.step), frame

    def release(self) -> None:
        """Leave torch as it was."""
        self._clipping.remove()
