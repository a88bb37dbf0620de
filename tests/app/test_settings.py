"""Settings survive a restart; broken ones fall back, field by field."""

from pathlib import Path

from PySide6.QtCore import QByteArray

from gradviz.app.settings import Settings, settings_path
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
