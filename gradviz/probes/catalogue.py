"""Which observer looks on at which network, and all that may be measured."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from gradviz.network.architecture import Trainable
from gradviz.network.stack.stack import Network
from gradviz.probes.fused.observer import PROBES, FusedObserver
from gradviz.probes.modules.observer import ModuleObserver, module_quantities
from gradviz.probes.modules.rows import built_in_rows
from gradviz.probes.observer import Observer

# to follow the gradient back takes as long as two steps; while all of it is well within float32, what was delivered is
# right, too, and to look that much more seldom keeps the cost of observing below a tenth
EXACT_EVERY = 5


def observer_of(network: Trainable, rows: Sequence[str], probe_batch: Tensor) -> Observer:
    """Return what observes `network`: the fused stack has its own, everything else is observed module by module.

    `rows` are the names of the rows of its recipe; `probe_batch` [samples, features] are samples that are not trained
    on, the same at every step.
    """
    if isinstance(network, Network):
        return FusedObserver(network, probe_batch)
    return ModuleObserver(
        network,
        built_in_rows(network, rows),
        chain=network.chain,
        exact_every=EXACT_EVERY,
        junctions=network.junctions,
    )


def quantity_names() -> tuple[str, ...]:
    """Return the names of all that is measured on built-in networks, of whatever architecture."""
    of_stacks = [quantity for probe in PROBES for quantity in probe.quantities]
    return tuple(dict.fromkeys(quantity.name for quantity in (*of_stacks, *module_quantities())))
