"""What modules put out and what gradient comes back there, in the few steps in which somebody looks.

Hooks are on the modules only while this is armed. They read, and hand nothing back: the training computes the same
numbers with them and without. A gradient is caught at the tensor itself, not by a backward hook of the module, which
would put a node of its own into the graph and forbid what is done in place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from gradviz.probes.modules.hooks import (
    BackwardKind,
    BackwardPass,
    GradientHook,
    Guard,
    TrainingHook,
    first_tensor,
    goes_into_parameters,
    in_backward_pass,
)
from gradviz.probes.modules.measurements import ModulePending, ModuleProbe, Numbers, together
from gradviz.probes.modules.output_hooks import OutputHooks
from gradviz.probes.modules.small_tensors import SmallTensors
from gradviz.probes.modules.weights import OptimizerParams, RowValues, joint_lengths
from gradviz.probes.norms import moments_of_each, norm, quick_moments, row_norms
from gradviz.probes.observer import Due
from gradviz.probes.quantities import ACTIVATION_GRAD_RMS, ACTIVATION_MEAN, ACTIVATION_STD

KINDS = ("output mean", "output length", "output gradient")


@dataclass(slots=True, eq=False)
class GradientStats:
    """The gradients that came back to one module in one backward pass, call by call: how many numbers, their length."""

    counts: list[int] = field(default_factory=list)
    norms: list[float | Tensor] = field(default_factory=list)
    samples: int = 0


@dataclass(slots=True, eq=False)
class OutputStats:
    """What one module put out in one step, call by call: how many numbers, their mean, the length of the rest.

    `forward` says that it ran in a forward pass, and not only once more within a backward pass. The gradients are kept
    by the number of the backward pass.
    """

    counts: list[int] = field(default_factory=list)
    means: list[float | Tensor] = field(default_factory=list)
    lengths: list[float | Tensor] = field(default_factory=list)
    forward: bool = False
    gradients: dict[int, GradientStats] = field(default_factory=dict)


class Outputs(ModuleProbe):
    """Mean, spread and gradient of what modules put out; all calls of a step, and all its passes, together.

    `model` is what is called with a batch.
    """

    quantities = (
        replace(
            ACTIVATION_GRAD_RMS,
            description="How much one sample's loss would change if the output of a module changed: root mean square "
            "over samples and units, times the number of samples that the model was given in the step (going by the "
            "first dimension of its input), because the loss is taken to be their mean. A loss that is a sum, or a "
            "mean over the tokens of each sample as well, puts all layers off by one and the same factor",
            scheduled=True,
        ),
        replace(
            ACTIVATION_MEAN,
            description="Mean of a module's output over samples and units, all calls of the step together",
            scheduled=True,
        ),
        replace(
            ACTIVATION_STD,
            description="Standard deviation of a module's output over samples and units, all calls of the step "
            "together; 0 means that all are the same number",
            scheduled=True,
        ),
    )

    def __init__(self, model: nn.Module, hooks: OutputHooks, guard: Guard) -> None:
        self._model, self._hooks, self._guard = model, hooks, guard
        self._modules: tuple[nn.Module, ...] = ()
        self._counting: RemovableHandle | None = None
        self._open = False
        self._small_outputs = SmallTensors(_measure_outputs)
        self._small_gradients = SmallTensors(_measure_gradients)
        self._stats: dict[nn.Module, OutputStats] = {}
        self._samples = 0
        self._backward: dict[int, BackwardKind] = {}
        self._looked = self._seen = False

    @property
    def available(self) -> bool:
        """Whether any module was seen to put something out, once there was a step."""
        return self._seen or not self._looked

    def notes(self) -> dict[str, str]:
        """Say if no module was seen to run."""
        why = "not measured: none of the modules was seen to run (are they compiled, or called within torch.func?)"
        return {} if self.available else {"activations": why}

    def watch(self, modules: Iterable[nn.Module]) -> None:
        """Look at what these modules put out."""
        self._modules = tuple(modules)

    def before_forward(self, due: Due) -> None:
        """Put hooks on the modules and forget what was gathered, if outputs are due; take them away if not."""
        self.release()
        if not (due.thorough and self._modules):
            return
        self._stats, self._samples, self._backward, self._open = {}, 0, {}, True
        self._small_outputs.clear()
        self._small_gradients.clear()
        self._hooks.look(self, self._modules, self._leave)
        count = TrainingHook(self._guard, self._count)
        self._counting = self._model.register_forward_pre_hook(count, with_kwargs=True)

    def release(self) -> None:
        """Take the hooks away. What was gathered stays until this is armed again."""
        self._hooks.forget(self)
        if self._counting is not None:
            self._counting.remove()
        self._counting, self._open = None, False

    def after_backward(self, due: Due, params: OptimizerParams, pending: ModulePending) -> None:
        """Take what modules put out, in place of what was taken before."""
        self._looked = True
        if not (due.thorough and self._stats):
            return
        self._seen = True
        self._small_outputs.measure_all()
        self._small_gradients.measure_all()
        pending.drop(*KINDS)
        back = {module: self._of_the_loss(one) for module, one in self._stats.items()}
        # by the gradients at the first module where the model was not called as a whole
        by_gradients = next((one.samples for one in back.values() if one.samples), 1)
        pending.samples = self._samples or by_gradients
        rows = pending.table.row_of
        found = [(rows[module], one, back[module]) for module, one in self._stats.items() if module in rows]
        for kind, tensors, counts in (
            (KINDS[0], [one.means for _, one, _ in found], [one.counts for _, one, _ in found]),
            (KINDS[1], [one.lengths for _, one, _ in found], [one.counts for _, one, _ in found]),
            (KINDS[2], [one.norms for _, _, one in found], [one.counts for _, _, one in found]),
        ):
            of = np.repeat(np.array([row for row, _, _ in found], np.int64), [len(part) for part in counts])
            sizes = np.array([count for part in counts for count in part], np.float64)
            flat = [tensor for part in tensors for tensor in part]
            if flat:
                pending.add(kind, together(flat), of, sizes)

    def rows(self, numbers: Numbers, pending: ModulePending) -> dict[str, RowValues]:
        """Return mean and spread of each row's outputs, and the root mean square of one sample's gradient there."""
        if KINDS[0] not in numbers:
            return {}
        total = len(pending.table.rows)
        [(one, means)], [(_, lengths)] = numbers[KINDS[0]], numbers[KINDS[1]]
        assert one.counts is not None
        counts = np.bincount(one.of, one.counts, total)
        mean = np.bincount(one.of, one.counts * means, total) / counts
        # within each call, and between the calls
        apart = np.sqrt(one.counts) * np.abs(means - mean[one.of])
        length, measured = joint_lengths(np.hypot(lengths, apart), one.of, total)
        rows: dict[str, RowValues] = {
            ACTIVATION_MEAN.name: (mean, measured),
            ACTIVATION_STD.name: (length / np.sqrt(counts), measured),
        }
        if KINDS[2] in numbers:
            [(one, found)] = numbers[KINDS[2]]
            assert one.counts is not None
            length, measured = joint_lengths(found, one.of, total)
            rms = length / np.sqrt(np.bincount(one.of, one.counts, total)) * (pending.samples / pending.loss_scale)
            rows[ACTIVATION_GRAD_RMS.name] = rms, measured
        return rows

    def _count(self, _model: nn.Module, args: Any, kwargs: Any) -> None:
        batch = first_tensor((args, kwargs))
        if batch is not None:
            self._samples += batch.shape[0] if batch.dim() else 1

    def _leave(self, module: nn.Module, _args: object, x: Tensor | None, recorded: bool) -> None:
        if not recorded or x is None or not x.is_floating_point() or x.layout is not torch.strided or not x.numel():
            return
        stats = self._stats.setdefault(module, OutputStats())
        if in_backward_pass():
            if stats.forward:
                # what is seen here was seen before
                return
        else:
            stats.forward = True
        small = self._small_outputs.takes(x)
        # which is filled in when it is measured with the others
        mean, length = (math.nan, math.nan) if small else quick_moments(x.detach())
        stats.counts.append(x.numel())
        stats.means.append(mean)
        stats.lengths.append(length)
        if small:
            self._small_outputs.add("output", x.detach(), (stats, len(stats.means) - 1))
        if x.requires_grad:
            x.register_hook(GradientHook(self._guard, self._take_gradient, stats))  # type: ignore[no-untyped-call]

    def _take_gradient(self, stats: OutputStats, gradient: Tensor, backward: BackwardPass) -> None:
        if not self._open:
            return
        if backward.number not in self._backward:
            self._backward[backward.number] = self._kind(backward)
        found = stats.gradients.setdefault(backward.number, GradientStats())
        small = self._small_gradients.takes(gradient)
        found.counts.append(gradient.numel())
        found.norms.append(math.nan if small else norm(gradient))
        if small:
            self._small_gradients.add("gradient", gradient, (found, len(found.norms) - 1))
        found.samples += gradient.shape[0] if gradient.dim() else 1

    def _kind(self, backward: BackwardPass) -> BackwardKind:
        if backward.kind is not BackwardKind.LOSS:
            return backward.kind
        leaves = (parameter for parameter in self._model.parameters() if parameter.requires_grad)
        return BackwardKind.LOSS if any(map(goes_into_parameters, leaves)) else BackwardKind.FOR_SOMEBODY

    def _of_the_loss(self, stats: OutputStats) -> GradientStats:
        """Return what came back of the loss alone: a gradient that was asked for on the way to it is none of it."""
        together = GradientStats()
        kind = min(self._backward.values(), default=BackwardKind.LOSS)
        for number, one in stats.gradients.items():
            if self._backward[number] is kind:
                together.counts += one.counts
                together.norms += one.norms
                together.samples += one.samples
        return together


def _measure_outputs(_kind: object, stacked: Tensor, calls: list[tuple[OutputStats, int]]) -> None:
    for (stats, call), mean, length in zip(calls, *moments_of_each(stacked), strict=True):
        stats.means[call], stats.lengths[call] = mean, length


def _measure_gradients(_kind: object, stacked: Tensor, calls: list[tuple[GradientStats, int]]) -> None:
    for (stats, call), length in zip(calls, row_norms(stacked).tolist(), strict=True):
        stats.norms[call] = length
