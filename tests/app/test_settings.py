"""Settings survive a restart; broken ones fall back, field by field."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QSettings

from gradviz.app.settings import Settings, settings_path
from gradviz.diagnosis import Thresholds
from gradviz.experiment import Experiment


def test_everything_set_is_read_back_by_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "settings.ini"
    first = Settings(path)
    first.theme = "dark"
    first.first_layer_at = "top"
    first.compare = False
    first.log_loss = True
    first.export_folder = tmp_path
    first.geometry = QByteArray(b"\x00\x01geometry")
    first.layout = QByteArray(b"\x02\x03layout")
    first.experiment = Experiment(depth=77, title="Überschrift, with a comma; and more")
    first.write()
    second = Settings(path)
    assert second.theme == "dark"
    assert second.first_layer_at == "top"
    assert second.compare is False
    assert second.log_loss is True
    assert second.export_folder == tmp_path
    assert second.geometry == QByteArray(b"\x00\x01geometry")
    assert second.layout == QByteArray(b"\x02\x03layout")
    assert second.experiment == Experiment(depth=77, title="Überschrift, with a comma; and more")


def test_a_new_person_gets_the_defaults(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "none.ini")
    assert settings.theme == "system"
    assert settings.first_layer_at == "bottom"
    assert settings.compare is True
    assert settings.log_loss is False
    assert settings.export_folder == Path.home()
    assert settings.geometry.isEmpty()
    assert settings.experiment is None


def test_each_broken_entry_falls_back_alone(tmp_path: Path) -> None:
    path = tmp_path / "settings.ini"
    path.write_text(
        "[General]\ntheme=purple\nfirst_layer_at=top\nexport_folder=/no/such/folder\ngeometry=7\n"
        'experiment="{\\"depth\\": 5000}"\n'
    )
    settings = Settings(path)
    assert settings.theme == "system"
    assert settings.first_layer_at == "top"
    assert settings.export_folder == Path.home()
    assert settings.geometry.isEmpty()
    assert settings.experiment is None


def test_a_file_that_is_no_settings_file_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "settings.ini"
    path.write_bytes(bytes(range(256)) * 10)
    assert Settings(path).theme == "system"


def test_the_settings_lie_in_a_folder_named_after_the_program() -> None:
    assert settings_path().parent.name == "gradviz"


def test_changed_thresholds_are_read_back_and_the_others_left_to_their_defaults(tmp_path: Path) -> None:
    path = tmp_path / "settings.ini"
    first = Settings(path)
    assert first.thresholds == Thresholds()
    # in an order that holds only if all three are changed
    changed = Thresholds(update_low=2e-4, update_guide=0.1, update_high=5.0, dead_share=0.5, patience_steps=7)
    first.thresholds = changed
    first.write()
    assert Settings(path).thresholds == changed
    assert isinstance(Settings(path).thresholds.patience_steps, int)
    assert "severe_decades" not in path.read_text()
    first.thresholds = Thresholds()
    first.write()
    assert Settings(path).thresholds == Thresholds()


def test_each_broken_threshold_falls_back_alone(tmp_path: Path) -> None:
    stored = {
        "vanishing_decades": 4, "dead_share": 7, "saturated_share": "much", "severe_decades": None, "no_such": 1.0,
        "exploding_decades": float("nan"), "worse_factor": True, "patience_steps": 2.5, "signal_decades": 10**400,
        "first_loss_factor": [30], "alike_ratio": 0.5,
    }  # fmt: skip
    assert with_thresholds(tmp_path, json.dumps(stored)) == Thresholds(vanishing_decades=4, alike_ratio=0.5)
    # each allowed, and together not in order: what goes with the defaults stays
    crossed = {"update_low": 1e-4, "update_guide": 5e-5, "dead_share": 0.5}
    assert with_thresholds(tmp_path, json.dumps(crossed)) == Thresholds(update_low=1e-4, dead_share=0.5)


@pytest.mark.parametrize("text", ["", "{", "[1]", "3", "null", '"dead_share"', "[" * 100_000, "{}"])
def test_what_is_no_table_of_thresholds_means_the_defaults(tmp_path: Path, text: str) -> None:
    assert with_thresholds(tmp_path, text) == Thresholds()


def with_thresholds(folder: Path, text: str) -> Thresholds:
    """What settings make of `text` in the place of the thresholds."""
    path = folder / "settings.ini"
    store = QSettings(str(path), QSettings.Format.IniFormat)
    store.setValue("thresholds", text)
    store.sync()
    return Settings(path).thresholds
