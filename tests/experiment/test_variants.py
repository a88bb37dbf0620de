"""Variants of an experiment for a race."""

import pytest

from gradviz.errors import ExperimentError
from gradviz.experiment import Experiment, load_preset, preset_names, with_settings
from gradviz.experiment.variants import VARIANT_SETS, offered, variant

BASE = Experiment().changed(title="of the form", notes="and its notes", depth=12, learning_rate=0.5, seed=2**32 - 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["", *preset_names()])
def test_every_set_that_is_offered_is_two_to_four_valid_variants_none_like_another(name: str) -> None:
    base = load_preset(name) if name else BASE
    sets = offered(base)
    assert len(sets) == len(VARIANT_SETS) if base.network.architecture == "mlp" else len(sets) > 3
    for variants, changes in sets:
        made = [variant(base, each) for each in changes]
        assert 2 <= len(made) <= 4, variants.name
        bare = [each.changed(title="", notes="") for each in made]
        assert all(one != other for place, one in enumerate(bare) for other in bare[:place]), variants.name
        assert len({each.title for each in made}) == len(made), variants.name


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ("activation=relu shortcut=scaled", "ReLU, scaled shortcut"),
        ("shortcut=none, normalization=none", "no shortcut, no normalisation"),
        ("depth=40", "depth 40"),
        ("", "as on the form"),
    ],
)
def test_a_variant_is_the_form_with_changes_and_is_called_by_them(changes: str, title: str) -> None:
    made = variant(BASE, changes)
    assert made.title == title
    settings = changes.replace(",", "").split()
    assert made == with_settings(BASE, settings).changed(title=title, notes="")


@pytest.mark.parametrize("changes", ["activation", "activation=rel", "deepness=3", "depth=many"])
def test_a_mistake_is_named(changes: str) -> None:
    with pytest.raises(ExperimentError, match=changes.split("=")[0]):
        variant(BASE, changes)
