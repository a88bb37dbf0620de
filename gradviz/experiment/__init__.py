"""The recipe of a run and its forms: TOML, JSON, short code, presets. Imports pydantic and nothing heavier."""

from gradviz.experiment.activations import ActivationChoice
from gradviz.experiment.code import from_code, to_code
from gradviz.experiment.data import Data
from gradviz.experiment.differences import Difference, change_in_words, differences, value_in_words
from gradviz.experiment.fields import RecipeField
from gradviz.experiment.files import from_json, from_toml, read, to_json, to_toml, with_settings
from gradviz.experiment.networks import DEFAULT_ARCHITECTURE, NETWORKS, Mlp, NetworkRecipe, ResNet, Transformer
from gradviz.experiment.presets import load_preset, preset_names
from gradviz.experiment.recipe import Experiment, choices, field, fields
from gradviz.experiment.relevance import inapplicable
from gradviz.experiment.rows import Row, Slope
from gradviz.experiment.training import Training
from gradviz.experiment.words import in_words

__all__ = [
    "DEFAULT_ARCHITECTURE",
    "NETWORKS",
    "ActivationChoice",
    "Data",
    "Difference",
    "Experiment",
    "Mlp",
    "NetworkRecipe",
    "RecipeField",
    "ResNet",
    "Row",
    "Slope",
    "Training",
    "Transformer",
    "change_in_words",
    "choices",
    "differences",
    "field",
    "fields",
    "from_code",
    "from_json",
    "from_toml",
    "in_words",
    "inapplicable",
    "load_preset",
    "preset_names",
    "read",
    "to_code",
    "to_json",
    "to_toml",
    "value_in_words",
    "with_settings",
]  # fmt: skip
