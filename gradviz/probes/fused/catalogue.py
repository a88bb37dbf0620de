"""All probes, in the order in which the views offer what they measure. A new probe is a file and a line here."""

from gradviz.probes.fused.exact import ExactGradients
from gradviz.probes.fused.gradients import ActivationGradRms, WeightGradNorm
from gradviz.probes.fused.paths import GradientPaths
from gradviz.probes.fused.probe import Probe
from gradviz.probes.fused.slopes import Slopes
from gradviz.probes.fused.units import ActivationMoments
from gradviz.probes.fused.updates import Weights

PROBES: tuple[type[Probe], ...] = (
    WeightGradNorm,
    ActivationGradRms,
    Weights,
    ActivationMoments,
    Slopes,
    GradientPaths,
    # it overwrites the gradients that the others read
    ExactGradients,
)
