"""What only networks of tokens have: how alike the tokens of a sample are, and how widely each one looks around.

Without shortcuts attention makes all tokens alike, doubly exponentially with depth (Dong et al. 2021, 2103.03404): then
nothing is left to learn from, whatever the size of the gradient.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from gradviz.network.attending import Attending, log_attention
from gradviz.probes.modules.hooks import Guard, TrainingHook, in_backward_pass
from gradviz.probes.modules.measurements import ModulePending, ModuleProbe, Numbers
from gradviz.probes.modules.weights import OptimizerParams, RowValues
from gradviz.probes.norms import wide_dtype
from gradviz.probes.observer import Due
from gradviz.recording.frame import Quantity

FEWEST_TOKENS = 2


class _OfTokens(ModuleProbe):
    """Takes one number of each call of some modules, in thorough steps; a row has the mean of what belongs to it."""

    def __init__(self, model: nn.Module, guard: Guard) -> None:
        self._guard = guard
        self._attending = [module for module in model.modules() if isinstance(module, Attending)]
        self._row_of: Mapping[nn.Module, nn.Module] = {}
        self._handles: list[RemovableHandle] = []
        self._found: dict[nn.Module, list[Tensor]] = {}

    @property
    def available(self) -> bool:
        """Whether the network has tokens at all."""
        return bool(self._attending)

    def watch(self, modules: Iterable[nn.Module]) -> None:
        """Measure what belongs to these modules, if there is attention in the network."""
        self._row_of = self._measured(tuple(modules)) if self._attending else {}

    def before_forward(self, due: Due) -> None:
        """Put hooks on what is measured, if this is due; take them away if not."""
        self.release()
        if due.thorough and self._row_of:
            self._found = {}
            leave = TrainingHook(self._guard, self._leave)
            self._handles = [module.register_forward_hook(leave) for module in self._row_of]

    def release(self) -> None:
        """Take the hooks away. What was gathered stays until this is armed again."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def after_backward(self, due: Due, params: OptimizerParams, pending: ModulePending) -> None:
        """Take what was gathered, in place of what was taken before."""
        if not (due.thorough and self._found):
            return
        kind, rows = self.quantities[0].name, pending.table.row_of
        pending.drop(kind)
        found = [(rows[module], torch.stack(each).mean()) for module, each in self._found.items() if module in rows]
        if found:
            places, values = zip(*found, strict=True)
            pending.add(kind, torch.stack(values), np.array(places, np.int64))

    def rows(self, numbers: Numbers, pending: ModulePending) -> dict[str, RowValues]:
        """Return the number of each row."""
        name = self.quantities[0].name
        if name not in numbers:
            return {}
        [(one, values)] = numbers[name]
        everywhere, measured = np.full(len(pending.table.rows), np.nan), np.zeros(len(pending.table.rows), np.bool_)
        everywhere[one.of], measured[one.of] = values, True
        return {name: (everywhere, measured)}

    def _leave(self, module: nn.Module, args: Any, output: Any) -> None:
        if not in_backward_pass() and (number := self._number(args, output)) is not None:
            self._found.setdefault(self._row_of[module], []).append(number)

    @abstractmethod
    def _measured(self, modules: tuple[nn.Module, ...]) -> Mapping[nn.Module, nn.Module]:
        """Return the modules to look at, each with the row that it belongs to."""

    @abstractmethod
    def _number(self, args: Any, output: Any) -> Tensor | None:
        """Return the number of one call, []; None if there is none to tell."""


class TokenCosine(_OfTokens):
    """How alike the tokens are that a row hands on."""

    quantities = (
        Quantity(
            "token_cosine",
            "Cosine between tokens",
            "mean cosine",
            "Mean cosine between two different tokens of a sample, as a row hands them on: 1 means that all point the "
            "same way, so that nothing tells one place from another (rank collapse; Dong et al. 2021). Measured every "
            "few steps",
            scale="linear",
            signed=True,
            scheduled=True,
            bounds=(-1.0, 1.0),
        ),
    )

    def _measured(self, modules: tuple[nn.Module, ...]) -> Mapping[nn.Module, nn.Module]:
        return {module: module for module in modules}

    def _number(self, args: Any, output: Any) -> Tensor | None:
        if not isinstance(output, Tensor) or output.dim() != 3 or output.shape[1] < FEWEST_TOKENS:
            return None
        return token_cosine(output.detach())


class AttentionEntropy(_OfTokens):
    """How widely the tokens look around in a row's attention."""

    quantities = (
        Quantity(
            "attention_entropy",
            "Entropy of attention",
            "share of ln tokens",
            "How widely each token looks around: mean entropy of the attention weights over samples, heads and tokens, "
            "over the largest possible. 1 means that each looks at all tokens alike, 0 that each looks at a single "
            "one. Measured every few steps, of attention alone",
            scale="linear",
            scheduled=True,
            bounds=(0.0, 1.0),
        ),
    )

    def _measured(self, modules: tuple[nn.Module, ...]) -> Mapping[nn.Module, nn.Module]:
        attending = set(self._attending)
        return {inner: row for row in modules for inner in row.modules() if inner in attending}

    def _number(self, args: Any, output: Any) -> Tensor | None:
        queries, keys, _ = args
        return attention_entropy(queries.detach(), keys.detach()) if keys.shape[-2] >= FEWEST_TOKENS else None


def token_cosine(x: Tensor) -> Tensor:
    """Return the mean cosine between two different tokens of a sample of `x` [batch, tokens, width], [].

    Not a number where a token is zero, which has no direction.
    """
    # so that no square leaves the range
    wide = x.to(wide_dtype(x)) / x.abs().amax(-1, keepdim=True)
    directions = wide / torch.linalg.vector_norm(wide, dim=-1, keepdim=True)
    tokens = x.shape[1]
    # the square of the sum has every pair twice, and every token with itself
    squares = directions.sum(1).square().sum(-1)
    cosine: Tensor = ((squares - tokens) / (tokens * (tokens - 1))).mean()
    return cosine


def attention_entropy(queries: Tensor, keys: Tensor) -> Tensor:
    """Return the mean entropy of the attention of `queries` to `keys` [..., tokens, units] over its maximum, []."""
    logarithms = log_attention(queries.to(wide_dtype(queries)), keys.to(wide_dtype(keys)))
    entropy = -(logarithms.exp() * logarithms).sum(-1)
    share: Tensor = entropy.mean() / math.log(keys.shape[-2])
    return share
