"""The form as a whole."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import turn_wheel, wait_until
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QMenu, QStyleOptionComboBox, QToolTip
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from gradviz.app.form.data_dialog import DataDialog
from gradviz.app.form.experiment_panel import CUSTOM, ExperimentPanel
from gradviz.app.form.field_row import describe
from gradviz.experiment import Experiment, choices, field, fields, inapplicable, load_preset, preset_names  # fmt: skip
from gradviz.experiment.networks import NETWORKS
from gradviz.experiment.presets import PresetView
from gradviz.theory.activations import points

# a word that there is no other for is nothing to choose
FIELDS = [name for name, each in fields().items() if name not in ("title", "notes") and len(each.choices) != 1]
APPLICABLE = [name for name in FIELDS if name not in inapplicable(Experiment()) and name != "data"]


def other_value(name: str) -> object:
    """An allowed value of a field that is not its default."""
    default = fields()[name].default
    if isinstance(default, bool):
        return not default
    if name == "device":
        return "cpu"
    if words := choices(name):
        return next(word for word in words if word != default)
    low, high = field(name).limits
    assert low is not None
    assert high is not None
    return type(default)((low + 3 * high) / 4)


@pytest.fixture
def form(qtbot: QtBot) -> ExperimentPanel:
    form = ExperimentPanel()
    qtbot.addWidget(form)
    form.resize(400, 900)
    form.show()
    return form


@pytest.fixture
def edited(form: ExperimentPanel) -> list[Experiment]:
    edited: list[Experiment] = []
    form.edited.connect(edited.append)
    return edited


@pytest.fixture
def rejected(form: ExperimentPanel) -> list[str]:
    rejected: list[str] = []
    form.rejected.connect(rejected.append)
    return rejected


def choose(form: ExperimentPanel, name: str, value: object) -> None:
    """What an editor announces once the person has chosen."""
    form.rows[name].editor.changed.emit(value)


def test_every_field_of_the_recipe_is_on_the_form_under_its_group(form: ExperimentPanel) -> None:
    assert list(form.rows) == FIELDS
    for name, row in form.rows.items():
        assert row.label.text() == field(name).label
        holder = form.large if field(name).spec.role else form.groups[field(name).group]
        assert holder.isAncestorOf(row.editor)
        assert row.label.buddy() is row.editor


def test_the_help_of_a_field_says_what_it_is_and_what_it_may_be(form: ExperimentPanel) -> None:
    for name in FIELDS:
        description = fields()[name].description
        assert description, name
        for text in (describe(field(name)), form.rows[name].label.toolTip(), form.rows[name].editor.toolTip()):
            assert description in text
            assert field(name).allowed in text


@pytest.mark.slow
@pytest.mark.parametrize("name", APPLICABLE)
def test_a_choice_changes_that_field_alone(form: ExperimentPanel, edited: list[Experiment], name: str) -> None:
    value = other_value(name)
    choose(form, name, value)
    assert edited == [Experiment().changed(**{name: value})]
    assert form.experiment() == edited[0]
    changed = {each for each, row in form.rows.items() if not row.mark.isHidden()}
    assert name in changed
    assert name == "architecture" or changed == {name}
    choose(form, name, value)
    assert len(edited) == 1
    form.rows[name].mark.click()
    assert form.rows[name].mark.isHidden()
    assert form.experiment().value(name) == field(name).default


@pytest.mark.parametrize(
    "values",
    [
        {}, {"activation": "leaky_relu"}, {"shortcut": "scaled"}, {"shortcut": "highway"},
        {"initialization": "gaussian"}, {"optimizer": "momentum"}, {"data": "spirals"},
        {"data": "file", "data_file": "a.csv"},
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_apply_is_not_shown(form: ExperimentPanel, values: dict[str, object]) -> None:
    experiment = Experiment().changed(**values)
    form.set_experiment(experiment)
    reasons = inapplicable(experiment)
    assert len(reasons) >= 5
    for name, row in form.rows.items():
        shown = [part.isVisibleTo(form) for part in (row.label, row.place)]
        assert shown == [name not in reasons] * 2, name


@pytest.mark.parametrize(
    ("name", "value"),
    [("shortcut", "scaled"), ("optimizer", "momentum"), ("initialization", "gaussian"), ("data", "spirals"),
     ("activation", "leaky_relu")],
)  # fmt: skip
def test_nothing_moves_above_what_is_changed(form: ExperimentPanel, name: str, value: str) -> None:
    form.set_experiment(load_preset("sigmoid-30"))
    QApplication.processEvents()

    def places() -> dict[str, int]:
        content = form.widget()
        return {each: row.place.mapTo(content, QPoint()).y() for each, row in form.rows.items() if row.applies}

    before = places()
    choose(form, name, value)
    QApplication.processEvents()
    after = places()
    above = [each for each in before if before[each] <= before[name]]
    assert [after[each] for each in above] == [before[each] for each in above]


def test_what_is_wrong_moves_no_field(form: ExperimentPanel) -> None:
    QApplication.processEvents()
    content = form.widget()
    before = {name: row.place.mapTo(content, QPoint()) for name, row in form.rows.items()}
    form.complain("a mistake that is told in some words")
    QApplication.processEvents()
    assert form.mistake.isVisible()
    assert {name: row.place.mapTo(content, QPoint()) for name, row in form.rows.items()} == before
    assert not form.mistake.geometry().intersects(form.viewport().geometry())


def test_an_editor_outlives_the_change_that_replaces_it(form: ExperimentPanel, qtbot: QtBot) -> None:
    """The box of the architecture is still telling of its change when the form makes the rows of another one."""
    editor = form.rows["architecture"].editor
    (box,) = editor.findChildren(QComboBox) or (editor,)
    assert isinstance(box, QComboBox)
    box.setFocus()
    box.setCurrentIndex((box.currentIndex() + 1) % box.count())
    assert form.rows["architecture"].editor is not editor
    assert isValid(box)
    assert form.rows["architecture"].has_focus() is form.isActiveWindow()


def test_the_large_controls_are_those_with_a_role_in_every_architecture(form: ExperimentPanel) -> None:
    for architecture in NETWORKS:
        form.set_experiment(Experiment(architecture=architecture))
        large = [row for row in form.rows.values() if form.large.isAncestorOf(row.editor)]
        large.sort(key=lambda row: form.large.rows.getWidgetPosition(row.label)[0])  # type: ignore[index]
        assert [row.field.spec.role for row in large] == ["depth", "activation", "shortcut"], architecture


@pytest.mark.parametrize("word", ["sigmoid", "relu", "leaky_relu", "gelu"])
def test_the_curve_beside_an_activation_is_the_activation(form: ExperimentPanel, word: str) -> None:
    picture = form.rows["activation"].picture
    form.set_experiment(Experiment(activation=word, leaky_slope=0.3))
    assert picture.points() == []
    form.show_curves(points)
    oracle: dict[str, Callable[[float], float]] = {
        "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
        "relu": lambda z: max(z, 0.0),
        "leaky_relu": lambda z: z if z > 0 else 0.3 * z,
        "gelu": lambda z: z * (1 + math.erf(z / math.sqrt(2))) / 2,
    }
    assert len(picture.points()) > 20
    for z, value in picture.points():
        assert value == pytest.approx(oracle[word](z), abs=1e-9)


def test_a_preset_brings_the_view_that_it_talks_about(form: ExperimentPanel) -> None:
    views: list[PresetView] = []
    form.view_wanted.connect(views.append)
    form.preset.setCurrentIndex(form.preset.findData("sigmoid-30"))
    form.preset.activated.emit(form.preset.currentIndex())
    assert [(view.quantity, view.panel) for view in views] == [("activation_grad_rms", "profile")]


def test_showing_an_experiment_announces_nothing(form: ExperimentPanel, edited: list[Experiment]) -> None:
    form.set_experiment(load_preset("residual-1000"))
    assert edited == []
    assert form.experiment() == load_preset("residual-1000")


def test_every_preset_can_be_taken_and_says_what_there_is_to_see(
    form: ExperimentPanel, edited: list[Experiment]
) -> None:
    for name in preset_names():
        preset = load_preset(name)
        form.preset.setCurrentIndex(form.preset.findData(name))
        form.preset.activated.emit(form.preset.currentIndex())
        assert edited.pop() == preset
        assert not edited
        assert form.preset.currentText() == preset.title
        assert form.notes.text() == preset.notes
        assert form.notes.isVisible()
        form.lookout.heading.click()
        assert not form.notes.isVisible()
        assert form.preset.is_whole()
        form.lookout.heading.click()


def test_a_preset_that_is_changed_is_one_no_more(form: ExperimentPanel, edited: list[Experiment]) -> None:
    form.set_experiment(load_preset("sigmoid-30"))
    choose(form, "depth", 31)
    assert (edited[0].title, edited[0].notes, edited[0].network.depth) == ("", "", 31)
    assert form.preset.currentData() == CUSTOM
    # what there is to see stays while one follows it, until the recipe is another
    assert form.notes.text() == load_preset("sigmoid-30").notes
    assert form.lookout.isVisibleTo(form)
    form.set_experiment(Experiment(depth=5, width=8, steps=3, batch_size=16, learning_rate=0.5, activation="relu"))
    assert form.lookout.isHidden()


def test_choosing_custom_changes_nothing(form: ExperimentPanel, edited: list[Experiment]) -> None:
    form.set_experiment(load_preset("relu-20"))
    form.preset.setCurrentIndex(0)
    form.preset.activated.emit(0)
    assert edited == []
    assert form.preset.currentText() == load_preset("relu-20").title


def test_values_that_do_not_go_together_are_refused_by_name(
    form: ExperimentPanel, edited: list[Experiment], rejected: list[str]
) -> None:
    form.set_experiment(Experiment(normalization="batch"))
    choose(form, "batch_size", 1)
    assert edited == []
    assert rejected == ["batch_size: 1 is not allowed with normalization = 'batch'; allowed: 2 to 4096"]
    assert rejected[0] in form.mistake.text()
    assert form.mistake.isVisible()
    assert form.rows["batch_size"].editor.box.value() == 128  # type: ignore[attr-defined]
    choose(form, "batch_size", 2)
    assert form.mistake.isHidden()


def test_a_number_out_of_range_is_told_above_the_fields(
    form: ExperimentPanel, edited: list[Experiment], rejected: list[str], qtbot: QtBot
) -> None:
    box = form.rows["depth"].editor.box  # type: ignore[attr-defined]
    box.selectAll()
    qtbot.keyClicks(box, "5000")
    assert not form.take_typed()
    assert edited == []
    assert "Depth: 5000 is not allowed; allowed: a whole number from 1 to 2000" in rejected
    assert "5000" in form.mistake.text()
    assert box.text() == "30 layers"


def test_what_is_typed_and_not_confirmed_is_taken(
    form: ExperimentPanel, edited: list[Experiment], qtbot: QtBot
) -> None:
    box = form.rows["depth"].editor.box  # type: ignore[attr-defined]
    box.selectAll()
    qtbot.keyClicks(box, "77")
    assert edited == []
    assert form.take_typed()
    assert [experiment.network.depth for experiment in edited] == [77]


def test_a_file_of_ones_own_is_asked_for_at_once(
    form: ExperimentPanel,
    edited: list[Experiment],
    rejected: list[str],
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    choose(form, "data", "file")
    assert (edited, rejected) == ([], [])
    assert form.rows["data"].editor.box.currentData() == "digits"  # type: ignore[attr-defined]
    own = tmp_path / "mine.csv"
    own.write_text("1.5,a\n2.5,b\n3.5,a\n4.5,b\n")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(own), ""))
    choose(form, "data", "file")
    dialog = form.findChild(DataDialog)
    wait_until(qtbot, dialog.use_button.isEnabled)
    dialog.use_button.click()
    assert (edited[0].data.source, edited[0].data.data_file) == ("file", str(own))


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_a_field_is_put_back_by_the_menu_of_its_label(form: ExperimentPanel, edited: list[Experiment]) -> None:
    form.set_experiment(Experiment(width=64))
    for name, text, enabled in (("width", "Reset to 32", True), ("steps", "Reset to 300", False)):
        form.rows[name].label.customContextMenuRequested.emit(QPoint(2, 2))
        menu = next(menu for menu in form.findChildren(QMenu) if menu.isVisible())
        action = menu.actions()[0]
        assert (action.text(), action.isEnabled()) == (text, enabled)
        action.trigger()
        menu.close()
    assert edited == [Experiment()]


def test_a_group_opens_and_closes_with_the_keyboard(form: ExperimentPanel, qtbot: QtBot) -> None:
    group = form.groups["Training"]
    for hidden in (True, False):
        qtbot.keyClick(group.heading, Qt.Key.Key_Space)
        assert group.content.isHidden() is hidden
        arrow = Qt.ArrowType.RightArrow if hidden else Qt.ArrowType.DownArrow
        assert group.heading.arrowType() is arrow


def test_the_formula_is_the_layer_that_the_options_make(form: ExperimentPanel) -> None:
    form.set_experiment(Experiment(activation="tanh", shortcut="scaled", depth=100))
    assert form.formula.text() == "h = x + 0.1 tanh(W x + b)"


def test_numbers_a_box_cannot_show_in_full_stay_as_they_are(
    form: ExperimentPanel, edited: list[Experiment], qtbot: QtBot
) -> None:
    exact = Experiment(learning_rate=0.12345678901234)
    form.set_experiment(exact)
    assert form.take_typed()
    qtbot.keyClick(form.rows["learning_rate"].editor.box, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    assert edited == []
    choose(form, "seed", 3)
    assert edited[-1].training.learning_rate == 0.12345678901234


def test_the_wheel_over_the_presets_does_not_take_another_one(form: ExperimentPanel, edited: list[Experiment]) -> None:
    form.rows["width"].editor.setFocus()
    turn_wheel(form.preset, -120)
    assert edited == []
    assert form.preset.currentData() == CUSTOM


@pytest.mark.qt_log_ignore("This plugin does not support raise", extend=True)
def test_a_title_too_long_for_its_place_is_shortened_and_stands_in_the_tooltip(form: ExperimentPanel) -> None:
    form.preset.addItem("A title " + "that goes on " * 10, "long")
    form.preset.setCurrentIndex(form.preset.count() - 1)
    assert not form.preset.is_whole()
    option = QStyleOptionComboBox()
    form.preset.initStyleOption(option)
    assert option.currentText.startswith("A title that goes on")
    assert option.currentText.endswith("…")
    place = form.preset.rect().center()
    QApplication.sendEvent(form.preset, QHelpEvent(QEvent.Type.ToolTip, place, form.preset.mapToGlobal(place)))
    assert QToolTip.text().startswith(form.preset.currentText())
    QToolTip.hideText()
