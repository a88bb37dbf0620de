"""Which parameters are not trained, and why: frozen, in no optimiser, never called, without a gradient.

Looked at in thorough steps. All of it is certain after one round of the optimisers, because a parameter that none of
them holds is looked for in every other optimiser that there is.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from torch import nn
from torch.nn import Parameter
from torch.nn.parameter import UninitializedParameter
from torch.optim import Optimizer

from gradviz.probes.modules.calls import Calls
from gradviz.probes.modules.rows import MeasuredModule
from gradviz.watching.facts.said import Numbers, Said

# looking for optimisers means looking through all objects of the program
MOST_SEARCHES = 20
# an expert that gets nothing in one batch may get something in the next
LOOKS_NOT_CALLED = 3

# how the parameters of a module stand that has any, in the order in which one reason goes before another
KINDS = (
    "frozen",
    "in_no_optimizer",
    "never_called",
    "not_called_lately",
    "no_grad",
    "detached",
    "without_gradient",
    "without_weights",
)


@dataclass(slots=True)
class _Concerned:
    """Modules, or parameters of modules, of which one kind of observation holds."""

    rows: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    all: list[Parameter] = field(default_factory=list)
    called_at: int = 0

    def add(self, row: int, module: str, own: dict[str, Parameter], some: Iterable[str]) -> None:
        """Take `some` of the parameters that a module has of its `own`: under its name, if these are all."""
        some = list(some)
        if len(some) == len(own):
            self.names.append(module)
        elif some:
            self.names += [f"{module}.{name}" for name in some]
        else:
            return
        self.rows.append(row)
        self.all += [own[name] for name in some]


class ParameterFacts:
    """Looks at all parameters of the rows, biases included."""

    def __init__(self, said: Said) -> None:
        self._said = said
        self._held: WeakKeyDictionary[Optimizer, set[Parameter]] = WeakKeyDictionary()
        self._all_held = False
        self._searched: dict[frozenset[Parameter], set[Parameter]] = {}
        self._with_gradient: set[Parameter] = set()
        self._called_at: dict[nn.Module, int] = {}
        self._looks_without: dict[nn.Module, int] = {}
        self._recorded: set[nn.Module] = set()
        self._unrecorded: set[nn.Module] = set()
        self._cut: set[nn.Module] = set()
        self.stray: tuple[Parameter, ...] = ()
        self._rows: list[tuple[MeasuredModule, dict[str, Parameter]]] = []
        self._all: set[Parameter] = set()
        self._total = 0.0

    def watch(self, rows: Sequence[MeasuredModule], model: nn.Module) -> None:
        """Look at the parameters that these rows of `model` have now."""
        self._rows = [(row, _own(row)) for row in rows]
        self._all = {parameter for _, own in self._rows for parameter in own.values()}
        self._total = float(sum(p.numel() for p in model.parameters() if not isinstance(p, UninitializedParameter)))

    def called_before(self, modules: Iterable[nn.Module]) -> None:
        """Take what was called in the passes before the first step."""
        self._called_at |= dict.fromkeys(modules, 0)

    def before_step(self, optimizer: Optimizer | None, calls: Calls) -> None:
        """Look at what has a gradient before `optimizer` makes its step, and what was called; None: a step by hand."""
        self._recorded.update(calls.recorded)
        self._unrecorded.update(calls.unrecorded)
        self._cut.update(calls.cut)
        if optimizer is None:
            self._all_held = True
        else:
            self._held[optimizer] = {weight for group in optimizer.param_groups for weight in group["params"]}
        self._with_gradient.update(parameter for parameter in self._all if parameter.grad is not None)

    def round_over(self, step: int, unseen: set[nn.Module]) -> None:
        """Say how the parameters stand at `step`; nobody sees whether the modules in `unseen` are called."""
        for module in self._called_at:
            self._looks_without[module] = self._looks_without.get(module, 0) + 1
        for module in self._recorded:
            self._called_at[module] = step
            self._looks_without[module] = 0
        found = {kind: _Concerned() for kind in KINDS}
        held = self._held_by_any()
        for number, (row, own) in enumerate(self._rows, start=1):
            self._classify(number, row, own, held, unseen, found)
        self._say(step, found)
        stray = found["in_no_optimizer"].all
        if [id(one) for one in stray] != [id(one) for one in self.stray]:
            self.stray = tuple(stray)
        for look in (self._with_gradient, self._recorded, self._unrecorded, self._cut):
            look.clear()

    def _classify(
        self,
        number: int,
        row: MeasuredModule,
        own: dict[str, Parameter],
        held: set[Parameter],
        unseen: set[nn.Module],
        found: dict[str, _Concerned],
    ) -> None:
        if not own:
            found["without_weights"].add(number, row.name, own, ())
            return
        trainable = [name for name, parameter in own.items() if parameter.requires_grad]
        found["frozen"].add(number, row.name, own, [name for name in own if name not in trainable])
        with_gradient = [name for name in trainable if own[name] in self._with_gradient]
        found["in_no_optimizer"].add(number, row.name, own, [name for name in with_gradient if own[name] not in held])
        in_vain = [name for name in trainable if own[name] in held]
        # where no parameter at all has a gradient, it is not for a reason of its own
        if in_vain and self._with_gradient and (kind := self._why_in_vain(row.module, with_gradient, unseen)):
            found[kind].add(number, row.name, own, in_vain)
            found[kind].called_at = max(found[kind].called_at, self._called_at.get(row.module, 0))

    def _why_in_vain(self, module: nn.Module, with_gradient: list[str], unseen: set[nn.Module]) -> str | None:
        """Return the kind of observation that a module is which its optimiser does not train; None if there is none."""
        if self._looks_without.get(module, 0) >= LOOKS_NOT_CALLED and module not in unseen:
            # a gradient that was set to zero is still there
            return "not_called_lately"
        if with_gradient:
            return None
        if module in unseen:
            return "without_gradient"
        if module in self._recorded:
            return "detached" if module in self._cut else "without_gradient"
        if module in self._unrecorded:
            return "no_grad"
        # one that was called before may only wait for its turn
        return "never_called" if module not in self._called_at else None

    def _say(self, step: int, found: dict[str, _Concerned]) -> None:
        for kind, one in found.items():
            numbers: Numbers = (
                ("parameters", float(sum(parameter.numel() for parameter in one.all))),
                ("all_parameters", self._total),
            )
            if kind == "without_weights":
                numbers = ()
            elif kind == "not_called_lately":
                before = self._said.holds(kind)
                # for how long grows, and is said when the modules change
                same = before is not None and before.names == tuple(one.names)
                numbers = before.numbers if same and before else (*numbers, ("steps", float(step - one.called_at)))
            self._said.say_or_end(step, kind, tuple(one.rows), tuple(one.names), numbers)

    def _held_by_any(self) -> set[Parameter]:
        """Return every parameter that some optimiser holds, whether or not it has made a step yet."""
        if self._all_held:
            return self._all
        held: set[Parameter] = set().union(*self._held.values())
        stray = frozenset(one for one in self._all - held if one.requires_grad and one in self._with_gradient)
        if stray and stray not in self._searched and len(self._searched) < MOST_SEARCHES:
            # by its type alone: isinstance asks objects that answer in ways of their own
            others = [one for one in gc.get_objects() if issubclass(type(one), Optimizer)]
            self._searched[stray] = {
                weight for one in others for group in getattr(one, "param_groups", ()) for weight in group["params"]
            }
        return held | self._searched.get(stray, set())


def _own(row: MeasuredModule) -> dict[str, Parameter]:
    """Return the parameters that a module has of its own and that have numbers in them, by name."""
    return {
        name: parameter
        for name, parameter in row.module._parameters.items()
        if parameter is not None and not isinstance(parameter, UninitializedParameter) and parameter.numel()
    }
