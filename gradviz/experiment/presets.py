"""The experiments that come with gradviz, one TOML file each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from gradviz.errors import ExperimentError
from gradviz.experiment.files import read
from gradviz.experiment.recipe import Experiment
from gradviz.resources import resource_path


@dataclass(frozen=True, slots=True)
class PresetView:
    """What the notes of a preset talk about: a quantity and a panel by name; empty where it is none in particular."""

    quantity: str = ""
    panel: str = ""


def preset_names() -> tuple[str, ...]:
    """Return the names of all presets, in alphabetical order."""
    return tuple(sorted(path.stem for path in resource_path("presets").glob("*.toml")))


@cache
def load_preset(name: str) -> Experiment:
    """Return the preset `name`. Raises ExperimentError naming the presets there are."""
    if name not in preset_names():
        raise ExperimentError(f"there is no preset {name!r}; the presets are {', '.join(preset_names())}")
    return read(resource_path(f"presets/{name}.toml"))


def preset_view(name: str) -> PresetView | None:
    """Return the view that the preset `name` talks about; None where it is none in particular."""
    return _views().get(name)


@cache
def _views() -> dict[str, PresetView]:
    text = resource_path("preset_views.toml").read_text(encoding="utf-8")
    return {name: PresetView(**view) for name, view in tomllib.loads(text).items()}
