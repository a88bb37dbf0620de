"""What the activations cost on a device: the measurement, how far it is, and its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gradviz.app.failure import Failure
from gradviz.app.form.field_editors import ElidingBox
from gradviz.app.threads.cost_thread import CostThread
from gradviz.experiment import Experiment
from gradviz.plots.activation_costs import ActivationCostsPlot
from gradviz.plots.parts.style import Style
from gradviz.recording.activations import elements_in_words

if TYPE_CHECKING:
    from gradviz.training.activation_cost import CostProgress

# a turn takes a fraction of a second; the first of a GPU has much to prepare
LONGEST_TURN_MS = 30_000
WIDEST_PX = 210
MEASURE, STOP = "&Measure", "&Stop"
STOP_TIP = "End the measurement after the activation under way; what whole rounds said stays"
WHILE_TRAINING = "Not while a network trains: each would slow the other down, and the times would be wrong"
_DEVICES = {"auto": "the device chosen automatically", "cpu": "the CPU", "mps": "the Apple GPU"}


class ActivationCostsPanel(QWidget):
    """Times every activation on the device of the experiment when asked to, and draws what comes out.

    `failed` carries the Failure of a defect; a mistake that can be put right is said here.
    """

    failed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = ActivationCostsPlot()
        # it has no keys of its own
        self.plot.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.plot.setToolTip("Point at a bar to read its median and quartiles")
        self.measure = QPushButton(MEASURE)
        self.measure.setAccessibleName("measure the cost of every activation")
        self.elements = ElidingBox()
        self.elements.setMinimumContentsLength(10)
        self.elements.setMaximumWidth(WIDEST_PX)
        self.elements.setAccessibleName("size of the arrays whose costs are shown")
        self.elements.setToolTip("How many elements at once: whether they fit the cache changes what costs most")
        self.logarithmic = QCheckBox("&Logarithmic")
        self.logarithmic.setToolTip("Draw the costs over powers of ten, where equal ratios are equally long")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(8)
        self.progress.setAccessibleName("progress of the measurement")
        self.progress.setToolTip("Share of the measurement done")
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setAccessibleName("state of the measurement")
        self.message.setToolTip("How the measurement goes, or what it ended with")
        self._thread: CostThread | None = None
        self._latest: CostProgress | None = None
        self._failure: Failure | None = None
        self._device, self._leaky_slope = "auto", 0.01
        self._measured_device: str | None = None
        self._training = self._gave_way = False
        self._lay_out()
        self.measure.clicked.connect(self._measure_or_stop)
        self.elements.currentIndexChanged.connect(self._choose_size)
        self.logarithmic.toggled.connect(self.plot.show_logarithmic)
        self._show_state()

    @property
    def measuring(self) -> bool:
        """Whether a measurement is under way."""
        return self._thread is not None

    def show_experiment(self, experiment: Experiment) -> None:
        """Measure on the device of `experiment` from now on."""
        self._device = experiment.training.device
        if experiment.network.phi is not None:
            self._leaky_slope = experiment.network.phi.leaky_slope
        self._show_state()

    def show_training(self, training: bool) -> None:
        """Take no measurement while a network trains; one under way ends with what its whole rounds said."""
        self._training = training
        if training and self._thread is not None:
            self._thread.end()
            self._gave_way = True
        self._show_state()

    def apply_style(self, style: Style) -> None:
        """Recolour the plot."""
        self.plot.apply_style(style)

    def stop(self) -> bool:
        """End a measurement and wait for its thread; return whether it has ended."""
        thread = self._thread
        if thread is None:
            return True
        thread.end()
        if not thread.wait(LONGEST_TURN_MS):
            return False
        self._settle()
        return True

    def _lay_out(self) -> None:
        show = QLabel("Sho&w")
        show.setBuddy(self.elements)
        show.setToolTip(self.elements.toolTip())
        row = QHBoxLayout()
        row.setContentsMargins(8, 4, 8, 0)
        row.setSpacing(8)
        row.addWidget(self.measure)
        row.addWidget(show)
        row.addWidget(self.elements, 2)
        row.addWidget(self.logarithmic)
        row.addStretch(1)
        # the message beside the progress would have no room; each takes some only while it says something
        state = QVBoxLayout()
        state.setContentsMargins(10, 0, 10, 4)
        state.setSpacing(4)
        state.addWidget(self.progress)
        state.addWidget(self.message)
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.plot, 1)
        column.addLayout(state)

    def _measure_or_stop(self) -> None:
        if self._thread is not None:
            self._thread.end()
            self.measure.setEnabled(False)
            return
        self._latest = self._failure = None
        self._gave_way = False
        self._thread = CostThread(self._device, self._leaky_slope, parent=self)
        self._thread.progressed.connect(self._on_progressed)
        self._thread.failed.connect(self._on_failed)
        self._thread.finished.connect(self._on_finished)
        self._thread.start()
        self._show_state()

    def _on_progressed(self, progress: CostProgress) -> None:
        if self._thread is None or self.sender() is not self._thread:
            return
        self._latest = progress
        if progress.costs is not None and progress.costs is not self.plot.costs:
            self._measured_device = self._thread.device
            self.plot.show_costs(progress.costs)
            self._offer(progress.costs.sizes)
        self._show_state()

    def _on_failed(self, failure: Failure) -> None:
        if self._thread is None or self.sender() is not self._thread:
            return
        self._failure = failure
        if failure.details:
            self.failed.emit(failure)

    def _on_finished(self) -> None:
        if self._thread is not None and self.sender() is self._thread:
            self._settle()

    def _settle(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.deleteLater()
        self._show_state()

    def _show_state(self) -> None:
        """Let button, progress and words say what is going on."""
        measuring = self._thread is not None
        self.measure.setText(STOP if measuring else MEASURE)
        self.measure.setEnabled(measuring or not self._training)
        place = _DEVICES.get(self._device, self._device)
        tip = WHILE_TRAINING if self._training else f"Time every activation on {place}, which takes some ten seconds"
        self.measure.setToolTip(STOP_TIP if measuring else tip)
        for control in (self.elements, self.logarithmic):
            control.setEnabled(self.plot.costs is not None)
        self.progress.setVisible(measuring)
        latest = self._latest
        # torch may have to be loaded and arrays to be made before the first turn
        self.progress.setRange(0, latest.total if latest is not None else 0)
        self.progress.setValue(latest.done if latest is not None else 0)
        words = "" if measuring else self._words()
        self.message.setText(words)
        self.message.setVisible(bool(words))
        if measuring and self.plot.costs is None:
            self.plot.say("The first round of all activations is under way.")

    def _words(self) -> str:
        """Say how the last measurement ended, if not well, or that it was of another device."""
        if self._failure is not None:
            return self._failure.message
        latest = self._latest
        if latest is not None and latest.done < latest.total:
            cause = " because training began" if self._gave_way else ""
            rounds = latest.costs.rounds if latest.costs is not None else 0
            kept = f"after {rounds} whole round{'s'[: rounds != 1]}" if rounds else "before the first round was whole"
            return f"Stopped{cause} {kept}."
        costs = self.plot.costs
        if costs is not None and self._measured_device != self._device:
            return f"Measured on {costs.device}; the experiment is set to {_DEVICES.get(self._device, self._device)}."
        return ""

    def _offer(self, sizes: tuple[int, ...]) -> None:
        if [self.elements.itemData(index) for index in range(self.elements.count())] == list(sizes):
            return
        with QSignalBlocker(self.elements):
            self.elements.clear()
            for size in sizes:
                self.elements.addItem(elements_in_words(size), size)
            self.elements.setCurrentIndex(self.elements.findData(self.plot.size_shown))

    def _choose_size(self, index: int) -> None:
        if index >= 0:
            self.plot.show_size(self.elements.itemData(index))
