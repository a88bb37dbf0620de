"""The experiments that come with gradviz, one TOML file each."""

from functools import cache

from gradviz.errors import ExperimentError
from gradviz.experiment.files import read
from gradviz.experiment.recipe import Experiment
from gradviz.resources import resource_path


def preset_names() -> tuple[str, ...]:
    """Return the names of all presets, in alphabetical order."""
    return tuple(sorted(path.stem for path in resource_path("presets").glob("*.toml")))


@cache
def load_preset(name: str) -> Experiment:
    """Return the preset `name`. Raises ExperimentError naming the presets there are."""
    if name not in preset_names():
        raise ExperimentError(f"there is no preset {name!r}; the presets are {', '.join(preset_names())}")
    return read(resource_path(f"presets/{name}.toml"))
