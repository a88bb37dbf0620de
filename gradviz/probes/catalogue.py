"""All probes, in the order in which the views offer what they measure. A new probe is a file and a line here."""

from gradviz.probes.exact import ExactGradients
from gradviz.probes.gradients import ActivationGradRms, WeightGradNorm
from gradviz.probes.paths import GradientPaths
from gradviz.probes.probe import Probe
from gradviz.probes.slopes import Slopes
from gradviz.probes.units import ActivationMoments
from gradviz.probes.updates import Weights

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
