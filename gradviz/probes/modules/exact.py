"""The gradient as the mathematics has it, for networks that are a chain of blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from gradviz.probes.modules.chain_gradients import ChainGradients
from gradviz.probes.modules.hooks import Guard
from gradviz.probes.modules.measurements import ModulePending, ModuleProbe, Numbers
from gradviz.probes.modules.weights import OptimizerParams, RowValues, joint_log_lengths
from gradviz.probes.observer import Due
from gradviz.probes.quantities import EXACT_ACTIVATION_GRAD, EXACT_WEIGHT_GRAD

KINDS = ("exact output gradient", "exact weight gradient")
# a norm beyond 10 ** FAR or below 10 ** -FAR is near the ends of float32, or past them
FAR = 30.0
HOW = (
    "followed back block by block with an exponent beside it, so that it never becomes zero or infinite; of the signal "
    "that comes through the chain of blocks, before any clipping. Measured every few steps"
)


class ExactGradients(ModuleProbe):
    """log10 of `activation_grad_rms` and `weight_grad_norm` of the modules of `chain`, without under- and overflow.

    This costs about as much as another step or two. As long as the gradients at all outputs are well within the range
    of float32, where the delivered ones are right as well, it is done in one of `every` steps in which it could be.
    """

    logarithms = True
    quantities = (
        replace(EXACT_ACTIVATION_GRAD, description=f"The activation gradient as the mathematics has it: {HOW}"),
        replace(EXACT_WEIGHT_GRAD, description=f"The weight gradient norm as the mathematics has it: {HOW}"),
    )

    def __init__(self, chain: Sequence[nn.Module] | None, guard: Guard, every: int = 1) -> None:
        self._gradients = ChainGradients(chain, guard) if chain else None
        self._modules: tuple[nn.Module, ...] = ()
        self._every = every
        # whether it was tried, whether it was far, and in how many steps since it was not followed: a run that is
        # resumed is given them back
        self._schedule = torch.zeros(3)
        self._latest: ModulePending | None = None
        self._why = ""
        self._armed = self._measured = False

    @property
    def available(self) -> bool:
        """Whether there is a chain, and its gradient could be followed, once there was a step."""
        return self._gradients is not None and (self._measured or not self._schedule[0])

    def notes(self) -> dict[str, str]:
        """Say why the gradient of the latest step could not be followed back."""
        return {"exact gradient": f"not measured: {self._why}"} if self._why else {}

    def watch(self, modules: Iterable[nn.Module]) -> None:
        """Ask for the gradient at the outputs of these modules."""
        self._modules = tuple(modules)

    def before_forward(self, due: Due) -> None:
        """Keep what enters the blocks, if this is due."""
        self.release()
        if not due.thorough or not self._modules or self._gradients is None:
            return
        tried, far, since = self._schedule.tolist()
        self._armed = not tried or bool(far) or since + 1 >= self._every
        if self._armed:
            self._gradients.arm(self._modules)

    def release(self) -> None:
        """Take the hooks away."""
        if self._gradients is not None:
            self._gradients.disarm()

    def after_backward(self, due: Due, params: OptimizerParams, pending: ModulePending) -> None:
        """Follow the gradient back."""
        if self._gradients is None or not due.thorough:
            return
        if pending is not self._latest:
            self._latest = pending
            self._schedule[2] = 0 if self._armed else self._schedule[2] + 1
            self._why = ""
        self._schedule[0] = 1
        found = self._gradients.take()
        self._why = self._gradients.why_not or self._why
        if found is None:
            return
        self._measured = True
        self._schedule[1] = any(not abs(log) < FAR for _, _, log in found.outputs)
        pending.drop(*KINDS)
        table = pending.table
        calls = [(table.row_of[module], count, log) for module, count, log in found.outputs if module in table.row_of]
        if calls:
            rows, counts, logs = zip(*calls, strict=True)
            pending.add(KINDS[0], _vector(logs), np.array(rows, np.int64), np.array(counts, np.float64))
        weights = {table.index[weight]: log for weight, log in found.weights.items() if weight in table.index}
        pending.add(KINDS[1], _vector(weights.values()), np.array(list(weights), np.int64))

    def remembered(self) -> dict[str, torch.Tensor]:
        """Return when it was followed last."""
        return {"exact schedule": self._schedule} if self._gradients is not None else {}

    def rows(self, numbers: Numbers, pending: ModulePending) -> dict[str, RowValues]:
        """Return log10 of the root mean square of one sample's gradient at outputs, and of the norms at weights."""
        rows: dict[str, RowValues] = {}
        scale = np.log10(pending.loss_scale)
        if KINDS[0] in numbers:
            [(one, logs)] = numbers[KINDS[0]]
            assert one.counts is not None
            total = len(pending.table.rows)
            length, measured = joint_log_lengths(logs, one.of, total)
            rms = length - np.log10(np.bincount(one.of, one.counts, total)) / 2
            rows[EXACT_ACTIVATION_GRAD.name] = rms + np.log10(pending.samples) - scale, measured
        if KINDS[1] in numbers:
            length, measured = pending.table.log_lengths(*pending.of_weights(numbers[KINDS[1]]))
            rows[EXACT_WEIGHT_GRAD.name] = length - scale, measured
        return rows


def _vector(logs: Iterable[float]) -> torch.Tensor:
    return torch.tensor(list(logs), dtype=torch.float64)
