"""The recipe of a run and its forms: TOML, JSON, short code, presets. Imports pydantic and nothing heavier."""

from gradviz.experiment.applies import inapplicable
from gradviz.experiment.code import from_code, to_code
from gradviz.experiment.differences import Difference, change_in_words, differences, in_words, value_in_words
from gradviz.experiment.files import from_json, from_toml, read, to_json, to_toml, with_settings
from gradviz.experiment.presets import load_preset, preset_names
from gradviz.experiment.recipe import Experiment, Trait, allowed, choices, limits, trait

__all__ = [
    "Difference", "Experiment", "Trait", "allowed", "change_in_words", "choices", "differences", "from_code",
    "from_json", "from_toml", "in_words", "inapplicable", "limits", "load_preset", "preset_names", "read", "to_code",
    "to_json", "to_toml", "trait", "value_in_words", "with_settings",
]  # fmt: skip
