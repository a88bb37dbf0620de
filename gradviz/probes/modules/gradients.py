"""How long the gradient of each row's weights is, as the optimiser is given it."""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakKeyDictionary

from gradviz.probes.modules.measurements import ModulePending, ModuleProbe, Numbers
from gradviz.probes.modules.weights import DeviceParams, OptimizerParams, RowValues
from gradviz.probes.norms import NormsOf, norms
from gradviz.probes.observer import Due
from gradviz.probes.quantities import WEIGHT_GRAD_NORM


class WeightGradients(ModuleProbe):
    """L2 norm of the gradients of a module's weights: one pass over them, cheap enough for every step."""

    quantities = (
        replace(
            WEIGHT_GRAD_NORM,
            description="Length of the gradient with respect to all weights of a module, as the optimiser is given it: "
            "accumulated, unscaled, after clipping. Biases do not count, except where a module has nothing else",
        ),
    )

    def __init__(self) -> None:
        self._norms: WeakKeyDictionary[DeviceParams, NormsOf] = WeakKeyDictionary()

    def after_backward(self, due: Due, params: OptimizerParams, pending: ModulePending) -> None:
        """Measure the gradients that there are."""
        if not due.gradients:
            return
        scale = params.grad_scale
        for part in params.parts:
            given = [gradient for weight in part.weights if (gradient := weight.grad) is not None]
            indices = part.indices
            if len(given) == len(part.weights):
                if part not in self._norms:
                    self._norms[part] = NormsOf(given)
                lengths = self._norms[part](given)
            else:
                lengths = norms(given)
                indices = indices[[weight.grad is not None for weight in part.weights]]
            if scale is not None:
                lengths = lengths / scale.to(lengths.device, lengths.dtype)
            pending.add("gradient", lengths, indices)

    def rows(self, numbers: Numbers, pending: ModulePending) -> dict[str, RowValues]:
        """Return the length of all gradients of a row together."""
        if "gradient" not in numbers:
            return {}
        return {WEIGHT_GRAD_NORM.name: pending.table.lengths(*pending.of_weights(numbers["gradient"]))}
