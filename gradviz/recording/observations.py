"""What was observed in a run beside its numbers: the vocabulary, and what holds at which step."""

from __future__ import annotations

from dataclasses import dataclass

from gradviz.recording.frame import Observation

# after so many, nothing more is kept: something that changes at every step belongs into a frame
MOST_OBSERVATIONS = 10_000

RATE_CHANGED = "rate_changed"

# what each kind says; `numbers` in brackets
KINDS = {
    # parameters: `rows` and `names` are modules
    "frozen": "require no gradient [parameters, all_parameters]",
    "in_no_optimizer": "require a gradient and get one, but no optimiser holds them [parameters, all_parameters]",
    "never_called": "were not called in any step so far [parameters]",
    "not_called_lately": "were called once, but not in the latest looks [steps]",
    "without_gradient": "were called, are trainable and held by an optimiser, but their gradient is None [parameters]",
    "detached": "put out what no gradient comes back to, although the loss depends on it",
    "without_weights": "have no parameters to measure",
    "no_grad": "ran where no gradient is recorded (torch.no_grad) [calls]",
    "parameters_replaced": "have other parameter objects than before",
    "sharded": "have parameters that are shards of one over several processes [ranks]",
    # the loop
    "no_gradient": "no parameter had a gradient in any step since [steps]",
    "gradients_kept": "gradients of the step before were still there: they were not cleared in between",
    "no_optimizer": "several entries were logged, but no step of an optimiser was seen [entries]",
    "optimizer": "`names` are its class; [lr, weight_decay, momentum, eps, groups, foreach] as far as it has them",
    "loss_not_finite": "[loss, outputs_finite, gradients_finite, weights_finite], each of the three 1, 0 or absent",
    "loss_not_scalar": "what was logged as loss is a vector; its mean was taken [numbers]",
    RATE_CHANGED: "from this update on the learning rate, before any schedule, is another one [before, after]",
    # the batch
    "inputs": "[lowest, highest, mean, std, not_finite, constant_features]",
    "labels": "[lowest, highest, classes, not_finite, largest_share, entropy]",
    "predictions": "[classes, largest_share, accuracy, entropy, softmax_twice]: what the network says of the batch",
    "narrow": "hand on far fewer numbers than they are given, and than is made of them [units, before, behind]",
    "units_alike": "begin with the same weights, which are not zero, for all of their units",
    "called_as_functions": "activations that are no modules, by name, and how many in a pass [relu, sigmoid, ...]",
    "small_batch": "batch norm is trained on batches of so few samples [samples]",
}


@dataclass(frozen=True, slots=True)
class Observed:
    """What holds at the step that was asked for, and since when."""

    observation: Observation
    since: int


class Observations:
    """All observations of a run, in the order of their steps; one thread adds, any thread asks."""

    def __init__(self, known: tuple[Observation, ...] = ()) -> None:
        self._all = known

    @property
    def all(self) -> tuple[Observation, ...]:
        """Every observation, oldest first."""
        return self._all

    def add(self, observation: Observation) -> None:
        """Keep one. Raises ValueError for one that is earlier than the last."""
        if self._all and observation.step < self._all[-1].step:
            raise ValueError(f"an observation of step {observation.step} comes after one of {self._all[-1].step}")
        if len(self._all) < MOST_OBSERVATIONS:
            # a new tuple, so that whoever reads the old one is not disturbed
            self._all = (*self._all, observation)

    def at(self, kind: str, step: int) -> Observed | None:
        """Return what of `kind` holds at `step`, and since when without a break; None if nothing does."""
        found: Observed | None = None
        for each in reversed(self._all):
            if each.kind != kind or each.step > step:
                continue
            if not each.holds:
                break
            found = Observed(found.observation if found is not None else each, each.step)
        return found
