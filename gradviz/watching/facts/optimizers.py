"""What the optimisers are and what they go by."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor
from torch.optim import Optimizer

from gradviz.watching.facts.said import Numbers, Said

SETTINGS = (
    "momentum",
    "dampening",
    "nesterov",
    "eps",
    "alpha",
    "rho",
    "amsgrad",
    "maximize",
    "foreach",
    "fused",
)
# what a schedule moves is not said again
SCHEDULED = ("lr", "momentum", "beta1")
# layer-wise learning rates may have hundreds of groups
MOST_GROUPS = 16


class OptimizerFacts:
    """Optimisers in the order in which they first made a step; groups are counted through all of them."""

    def __init__(self, said: Said) -> None:
        self._said = said
        self._first_group: WeakKeyDictionary[Optimizer, int] = WeakKeyDictionary()
        self._groups = 0
        self._settings: dict[int, tuple[str, dict[str, float]]] = {}

    def learning_rates(self, optimizer: Optimizer) -> dict[str, float | Tensor]:
        """Return the learning rate of every group but the very first, by the name of its scalar."""
        first = self._first_group.get(optimizer)
        if first is None:
            first = self._first_group[optimizer] = self._groups
            self._groups += len(optimizer.param_groups)
        if first == 0 and len(optimizer.param_groups) == 1:
            return {}
        numbered = enumerate(optimizer.param_groups, start=first)
        return {f"learning_rate/{n}": learning_rate(group) for n, group in numbered if 0 < n <= MOST_GROUPS}

    def look(self, optimizer: Optimizer, max_norm: float | None) -> None:
        """Look at the settings of `optimizer`, whose gradients are clipped at `max_norm`."""
        self._settings[self._first_group.get(optimizer, 0)] = type(optimizer).__name__, _settings(optimizer, max_norm)

    def round_over(self, step: int) -> None:
        """Say what was looked at, if it is not what was said; of the second optimiser on, names end in /1 and so on."""
        if not self._settings:
            return
        names: list[str] = []
        numbers: dict[str, float] = {}
        for place, (_, (name, settings)) in enumerate(sorted(self._settings.items())):
            names.append(name)
            numbers |= {f"{key}/{place}" if place else key: value for key, value in settings.items()}
        before = self._said.holds("optimizer")
        if before is None or before.names != tuple(names) or _steady(before.numbers) != _steady(tuple(numbers.items())):
            self._said.say(step, "optimizer", names=tuple(names), numbers=tuple(numbers.items()))


def learning_rate(group: dict[str, Any]) -> float | Tensor:
    """Return what the next step of a group is made with, NaN if it has none; a tensor as a copy."""
    rate = group.get("lr")
    if isinstance(rate, Tensor):
        return rate.detach().clone()
    # some find their rate by themselves, and have None there
    return float(rate) if isinstance(rate, (int, float)) else float("nan")


def _settings(optimizer: Optimizer, max_norm: float | None) -> dict[str, float]:
    groups = optimizer.param_groups
    first = groups[0]
    rate = first.get("lr")
    found: dict[str, float] = {}
    # a tensor may be on a device that would have to be waited for
    if isinstance(rate, (int, float)) or (isinstance(rate, Tensor) and rate.device.type == "cpu"):
        found["lr"] = float(rate)
    decays = [float(group["weight_decay"]) for group in groups if isinstance(group.get("weight_decay"), (int, float))]
    if decays:
        # often the first group, or the last, is the one that has none
        found["weight_decay"] = max(decays)
    found |= {name: float(first[name]) for name in SETTINGS if isinstance(first.get(name), (int, float))}
    betas = first.get("betas")
    if isinstance(betas, (tuple, list)):
        found |= {f"beta{n}": float(beta) for n, beta in enumerate(betas, start=1) if isinstance(beta, (int, float))}
    found["groups"] = float(len(groups))
    if max_norm is not None:
        found["max_norm"] = max_norm
    return found


def _steady(numbers: Numbers) -> dict[str, float]:
    return {name: value for name, value in numbers if name.partition("/")[0] not in SCHEDULED}
