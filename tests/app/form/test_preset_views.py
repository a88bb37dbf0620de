"""What presets bring to the front exists."""

from __future__ import annotations

import tomllib

from gradviz.app.panels.table import PANELS
from gradviz.experiment.presets import preset_names, preset_view
from gradviz.resources import resource_path


def test_every_view_is_of_a_preset_and_names_a_panel() -> None:
    named = tomllib.loads(resource_path("preset_views.toml").read_text(encoding="utf-8"))
    assert named
    assert set(named) <= set(preset_names())
    panels = {entry.name for entry in PANELS}
    for name in named:
        view = preset_view(name)
        assert view is not None
        assert view.quantity or view.panel
        assert view.panel in ("", *panels)
