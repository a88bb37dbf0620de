"""The architectures that an experiment can ask for, one recipe each. Adding one is a file here and a line below."""

from collections.abc import Mapping

from gradviz.experiment.networks.mlp import Mlp
from gradviz.experiment.networks.network_recipe import NetworkRecipe
from gradviz.experiment.networks.resnet import ResNet
from gradviz.experiment.networks.transformer import Transformer

NETWORKS: Mapping[str, type[NetworkRecipe]] = {"mlp": Mlp, "resnet": ResNet, "transformer": Transformer}
DEFAULT_ARCHITECTURE = "mlp"

__all__ = ["DEFAULT_ARCHITECTURE", "NETWORKS", "Mlp", "NetworkRecipe", "ResNet", "Transformer"]
