"""From the steps of somebody's optimisers to frames: what is measured when.

A frame is one round of the optimisers that hold weights of the network: it begins when one of them makes its second
step. Gradients and weights are read just before a step, what the step did just after it, and outputs in the forward
and backward passes before it. The frame of step t goes out when step t + 1 begins, so that what the script says about
it after the step still belongs to it; the numbers stay on their device until then, and go to the host in one copy.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from weakref import WeakSet

import torch
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer

from gradviz.experiment import Row
from gradviz.probes.frame_queue import OVERFLOW
from gradviz.probes.modules.observer import ModuleObserver
from gradviz.probes.modules.rows import (
    ExecutionOrder,
    MeasuredModule,
    compiled_modules,
    find_rows,
    is_row,
    named_modules,
    shared_weights,
)
from gradviz.probes.modules.signal_path import SignalPath
from gradviz.probes.modules.weights import OptimizerParams
from gradviz.watching.cadence import Timing
from gradviz.watching.delivery import Delivery
from gradviz.watching.facts.facts import Facts
from gradviz.watching.facts.optimizers import learning_rate
from gradviz.watching.guard import Guard
from gradviz.watching.run_file import RunFile
from gradviz.watching.script_log import ScriptLog
from gradviz.watching.settings import Settings
from gradviz.watching.started import description

# of the steps in which everything is measured, the exact gradient is in one of so many, unless it fades or grows away
EXACT_EVERY = 10
# stands among the optimisers of a round for a step that the script itself says it has made
BY_HAND = 0


@dataclass(slots=True, eq=False)
class Round:
    """A frame to be. `stepped` are the optimisers, by identity, that have made their step."""

    step: int
    scalars: dict[str, float | Tensor] = field(default_factory=dict)
    facts: dict[str, Tensor] = field(default_factory=dict)
    stepped: set[int] = field(default_factory=set)
    skipped: bool = False


class Steps:
    """Measures one network. `before_step`, `after_step` and `log` are called from the training thread."""

    def __init__(self, model: nn.Module, settings: Settings, file: RunFile, guard: Guard) -> None:
        self._model, self._settings, self._file, self._guard = model, settings, file, guard
        self._cadence = settings.cadence()
        self._began_at = 0.0
        self._observer = ModuleObserver(model, guard=guard, exact_every=EXACT_EVERY)
        self._rows: tuple[MeasuredModule, ...] | None = None
        self._delivery: Delivery | None = None
        self._round: Round | None = None
        self._usual: set[int] = set()
        self._others: WeakSet[Optimizer] = WeakSet()
        self._log = ScriptLog(model, file.warn)
        self._facts = Facts(model, self._observer.calls, guard, lambda: self._is_looked_at(True))
        self._off_path: frozenset[nn.Module] = frozenset()
        self._told: set[str] = set()
        self._partly_compiled = False
        self._look_at_first_pass()

    def holds_weights(self, optimizer: Optimizer) -> bool:
        """Whether `optimizer` moves anything that is watched."""
        if self._rows is not None or not self._is_asked_for(optimizer):
            return self._params_of(optimizer) is not None
        # the first forward pass may be still to come, inside of the step
        own = set(self._model.parameters())
        return any(parameter in own for group in optimizer.param_groups for parameter in group["params"])

    def before_step(self, optimizer: Optimizer, loss: object = None, *, skipped: bool = False) -> bool:
        """Measure what `optimizer` is about to go by, and return whether it moves anything that is watched.

        `loss` is what its closure returned.
        """
        if self._rows is None and not self.holds_weights(optimizer):
            # another one may step before the first pass
            return False
        params = self._params_of(optimizer)
        if params is None:
            return False
        if self._round is None or id(optimizer) in self._round.stepped:
            self._turn_over()
            # the weights may have been replaced
            params = self._params_of(optimizer)
        if params is None or self._round is None:
            return True
        self._round.stepped.add(id(optimizer))
        self._round.skipped |= skipped
        self._round.scalars.setdefault("learning_rate", learning_rate(optimizer.param_groups[0]))
        if loss is not None:
            self._log.returned(loss)
        self._measure(self._round, params, optimizer)
        self._log.entries.step_begins(params.weight_with_gradient())
        return True

    def after_step(self, optimizer: Optimizer) -> bool:
        """Measure what the step did, and prepare for the next one; return False if nothing was measured before it."""
        present = self._round
        if present is None or id(optimizer) not in present.stepped:
            return False
        coming = self._cadence.due(present.step + 1)
        if (params := self._params_of(optimizer)) is not None:
            self._observer.after_update(params)
        # as long as it is known what was called
        self._facts.after_step(optimizer)
        if coming.thorough or present.stepped >= self._usual:
            self._observer.before_forward(coming)
        self._log.entries.step_ended()
        return True

    def skipped_step(self, optimizer: Optimizer) -> None:
        """Measure a step that was not made because gradients overflowed."""
        self.before_step(optimizer, skipped=True)
        self.after_step(optimizer)

    def step_by_hand(self) -> None:
        """Take a step that no optimiser of torch makes: gradients are measured, weights compared with the next time."""
        stepped = self._round.stepped | self._usual if self._round is not None else self._usual
        if stepped - {BY_HAND}:
            self._log.check.tell("step", "step() is for loops without a torch optimiser; this loop has one")
            return
        if self._rows is None:
            self._find_rows()
        params = self._observer.all_params
        if params is None:
            return
        if self._round is not None:
            self._observer.after_update()
        self._turn_over()
        present = self._round
        assert present is not None
        present.stepped.add(BY_HAND)
        self._measure(present, params, None)
        self._observer.before_forward(self._cadence.due(present.step + 1))
        self._log.entries.step_begins(params.weight_with_gradient())
        self._log.entries.step_ended()

    def log(self, values: dict[str, object]) -> None:
        """Take what the script says about the present step."""
        self._log.add(values, self._is_looked_at)
        if self._round is None and (entries := self._log.entries_without_step()):
            self._tell_no_step(entries)

    def finish(self) -> None:
        """Hand out every frame that is still under way, and take all hooks away."""
        self.release()
        if self._round is not None:
            self._submit(self._round).deliver(wait=True)
            self._round = None

    def release(self) -> None:
        """Take all hooks away."""
        self._order.stop()
        self._path.stop()
        self._observer.release()
        self._facts.release()

    def _look_at_first_pass(self) -> None:
        compiled = compiled_modules(self._model)
        modules = [
            module
            for name, module in named_modules(self._model).items()
            if module not in compiled and is_row(name, module, self._settings.include, self._settings.exclude)
        ]
        order = [module for module in self._model.modules() if module not in compiled]
        self._order = ExecutionOrder(order if modules else (), self._guard)
        self._path = SignalPath(self._model, modules if not compiled else (), self._guard)
        self._observer.look_at(modules)
        self._observer.before_forward(self._cadence.due(0))

    def _params_of(self, optimizer: Optimizer) -> OptimizerParams | None:
        if not self._is_asked_for(optimizer):
            return None
        if self._rows is None:
            self._find_rows()
        params = self._observer.table.params_of(optimizer)
        if params is None and self._has_taken_over(optimizer):
            params = self._observer.table.params_of(optimizer)
        return params

    def _has_taken_over(self, optimizer: Optimizer) -> bool:
        """Whether `optimizer` holds parameters that took the place of watched ones. Asked once of each."""
        if optimizer in self._others:
            return False
        self._others.add(optimizer)
        own = set(self._model.parameters())
        held = (parameter for group in optimizer.param_groups for parameter in group["params"])
        if not (any(parameter in own for parameter in held) and self._look_for_replaced_weights()):
            return False
        if self._round is not None:
            # it takes no turn with the one before it
            self._round.stepped.add(id(optimizer))
        return True

    def _is_asked_for(self, optimizer: Optimizer) -> bool:
        asked_for = self._settings.optimizers
        return not asked_for or any(optimizer is one for one in asked_for)

    def _find_rows(self) -> None:
        settings = self._settings
        executed, self._off_path = self._order.stop(), self._path.stop()
        self._rows = find_rows(self._model, executed, settings.include, settings.exclude)
        # once more, because a part may have been compiled since
        self._partly_compiled = bool(compiled_modules(self._model))
        self._observer.watch(self._rows)
        self._facts.rows_found(self._rows, executed)
        self._facts.called_as_functions(self._path.functions)
        if spread := self._facts.tell_spread(self._rows):
            self._file.warn(spread)

    def _is_looked_at(self, ahead: bool) -> bool:
        """Whether the present step, or the one ahead, is looked at thoroughly."""
        present = self._round.step if self._round is not None else -1
        return self._cadence.due(max(present + ahead, 0)).thorough

    def _tell_no_step(self, entries: int) -> None:
        self._file.warn(
            f"{entries} entries were logged, but no optimiser of torch.optim that holds parameters of the model has "
            "made a step, so nothing is recorded. Does it hold those of a copy? If your own code moves the weights, "
            "call recorder.step() after each backward pass"
        )
        self._facts.said.say(0, "no_optimizer", numbers=(("entries", float(entries)),))

    def _turn_over(self) -> None:
        """Hand out the frame that is over and begin the next one."""
        if self._round is None:
            self._log.turn_over()
            self._round = Round(0)
            self._facts.said.end(0, "no_optimizer")
            self._began_at = time.perf_counter()
            return
        over = self._round
        ours = self._guard.spent_s
        self._cadence.step_ended(over.step, Timing(ours, max(time.perf_counter() - self._began_at - ours, 0.0)))
        self._usual = over.stepped
        self._submit(over).deliver(wait=False)
        self._round = Round(over.step + 1)
        due = self._cadence.due(self._round.step)
        if not due.thorough:
            # hooks may still be there for an optimiser that did not take its turn
            self._observer.before_forward(due)

    def _measure(self, present: Round, params: OptimizerParams, optimizer: Optimizer | None) -> None:
        overflow = getattr(optimizer, "found_inf", None)
        if isinstance(overflow, Tensor):
            # a fused optimiser finds out by itself whether to skip its step
            present.facts[f"{OVERFLOW} {id(optimizer)}"] = overflow.detach().clone()
        thorough = self._cadence.due(present.step).thorough
        scalars, vectors = self._facts.before_step(present.step, params, optimizer, thorough=thorough)
        present.scalars |= scalars
        present.facts |= vectors
        self._observer.after_backward(params if optimizer is not None else None)
        if len(present.stepped) == 1 and self._facts.stray and not self._settings.optimizers:
            self._observer.measure_gradients(self._facts.stray)
        if thorough:
            self._observer.scale_loss(_loss_scale(self._settings.scaler, params))
        if self._delivery is None:
            self._begin(params.device)
        self._observer.before_update(self._cadence.due(present.step + 1), params if optimizer is not None else None)

    def _begin(self, device: torch.device) -> None:
        self._delivery = Delivery(device, self._facts, self._file, self._cadence)
        notes = self._notes()
        self._told.update(notes)
        assert self._rows is not None
        started = description(
            self._model,
            title=self._settings.title,
            rows=tuple(Row(row.name, on_path=row.module not in self._off_path) for row in self._rows),
            quantities=self._observer.quantities,
            device=device,
            # nothing is measured at every step if gradients are not
            seldom=self._settings.every > 1 or self._cadence.adaptive,
            scheduled_every=self._settings.thorough_every,
        )
        self._file.begin(started, notes)
        if "activations" in notes:
            self._file.warn(f"activations are {notes['activations']}; gradients, weights and updates are measured")

    def _notes(self) -> dict[str, str]:
        notes = self._observer.notes
        if shared := shared_weights(self._rows or ()):
            notes["shared weights"] = ", ".join(f"{name} with {owner}" for name, owner in shared.items())
        if self._partly_compiled:
            notes["activations"] = "not measured in compiled modules, where hooks do not run"
        return notes

    def _submit(self, over: Round) -> Delivery:
        """Hand a frame over to the delivery, and return that."""
        delivery = self._delivery
        assert delivery is not None
        entries, vectors = self._log.turn_over()
        over.scalars |= entries
        over.facts |= vectors
        if self._log.check.loss_numbers:
            self._facts.said.say(
                over.step, "loss_not_scalar", numbers=(("numbers", float(self._log.check.loss_numbers)),)
            )
        if isinstance(loss := over.scalars.get("loss"), float):
            self._cadence.saw_loss(loss)
            if not math.isfinite(loss):
                delivery.hurry()
        delivery.submit(over.step, self._observer.take(), over.scalars, skipped=over.skipped, facts=over.facts)
        if self._cadence.due(over.step).thorough:
            self._facts.round_over(over.step)
            self._tell_what_was_not_measured()
            self._look_for_replaced_weights()
        return delivery

    def _tell_what_was_not_measured(self) -> None:
        for what, why in self._observer.notes.items():
            if what not in self._told:
                self._told.add(what)
                self._file.warn(f"{what}: {why}")

    def _look_for_replaced_weights(self) -> bool:
        """Watch the parameters that took the place of others, and return whether there are any."""
        if not (names := self._observer.table.replaced()):
            return False
        if "replaced weights" not in self._told:
            self._told.add("replaced weights")
            self._file.warn(
                f"the parameters of {', '.join(names[:3])}{' and others' if len(names) > 3 else ''} were replaced; "
                "the new ones are watched from now on, if an optimiser holds them"
            )
        assert self._rows is not None
        self._observer.watch(self._rows)
        self._facts.rows_found(self._rows)
        present = self._round.step if self._round is not None else 0
        numbers = tuple(number for number, row in enumerate(self._rows, start=1) if row.name in names)
        self._facts.said.say(present, "parameters_replaced", rows=numbers, names=tuple(names))
        # each of them may hold the new ones
        self._others.clear()
        return True


def _loss_scale(scaler: GradScaler | None, params: OptimizerParams) -> float:
    """Return by what the loss was multiplied before the backward pass."""
    if scaler is not None:
        return scaler.get_scale()
    return float(params.grad_scale) if params.grad_scale is not None else 1.0
