"""The timeline: to and fro through the steps of a run, and back to the latest."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

from gradviz.app.panels.playback import SPEEDS, STEPS_PER_SECOND, Playback
from gradviz.app.theme import icon
from gradviz.plots.parts.picking import step_by_key
from gradviz.plots.parts.style import Style

BUTTON_ICON_PX = 18
TIMELINE_PX, GROOVE_PX, HANDLE_PX = 24, 6, 14
BASE = QPalette.ColorRole.Base
PLAY_TIP = "Play the run back from the picked step (Space in the heatmap and the curves)"
PAUSE_TIP = "Hold the playback (Space in the heatmap and the curves)"


class StepSlider(QSlider):
    """The timeline of a run: as long as it is planned, filled as far as it is recorded, its handle at the shown step.

    `picked` carries the step to which the person moved the handle: never one that is not recorded yet.
    """

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.latest = 0
        self.setAccessibleName("step shown")
        self.setToolTip(
            "The steps of the run, filled as far as they are recorded. Drag to pick a step; ← → by one (with Shift "
            "ten), Page Up and Page Down a tenth of the run"
        )
        self.setMinimumWidth(60)
        self.setFixedHeight(TIMELINE_PX)
        self.valueChanged.connect(self._moved)

    def show_step(self, step: int, latest: int, planned: int) -> None:
        """Stand at `step` of those from 0 to `latest`, of a run of `planned` steps (0: no end); picks nothing."""
        self.latest = max(latest, 0)
        with QSignalBlocker(self):
            self.setRange(0, max(latest, planned, 0))
            self.setPageStep(max(self.latest // 10, 1))
            self.setValue(step)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Put the handle where the mouse is, and drag it from there; called by Qt."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._go_to(event.position().x())
            event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the handle; called by Qt."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go_to(event.position().x())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the planned steps, the recorded ones over them, and the handle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, middle = self.palette(), self.height() / 2
        accent = palette.color(QPalette.ColorRole.Highlight)
        muted = palette.color(QPalette.ColorRole.PlaceholderText)
        ground = QColor(muted)
        ground.setAlpha(70)
        left, right = HANDLE_PX / 2, self.width() - HANDLE_PX / 2
        painter.setPen(Qt.PenStyle.NoPen)
        for colour, end in ((ground, right), (accent if self.isEnabled() else muted, self._x_of(self.latest))):
            painter.setBrush(colour)
            painter.drawRoundedRect(QRectF(left, middle - GROOVE_PX / 2, end - left, GROOVE_PX), 2, 2)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.WindowText if self.hasFocus() else BASE), 2))
        painter.setBrush(accent if self.isEnabled() else muted)
        painter.drawEllipse(QPointF(self._x_of(self.value()), middle), HANDLE_PX / 2 - 1, HANDLE_PX / 2 - 1)

    def _moved(self, step: int) -> None:
        if step > self.latest:
            self.setValue(self.latest)
        else:
            self.picked.emit(step)

    def _go_to(self, x: float) -> None:
        room = max(self.width() - HANDLE_PX, 1)
        share = min(max((x - HANDLE_PX / 2) / room, 0.0), 1.0)
        self.setValue(min(round(share * self.maximum()), self.latest))

    def _x_of(self, step: int) -> float:
        return HANDLE_PX / 2 + (self.width() - HANDLE_PX) * step / max(self.maximum(), 1)


class PlaybackBar(QFrame):
    """Buttons, slider and speed of a playback. `step_picked` carries a step, None to follow the latest.

    `refresh` pulls how far the run is. The keys of the plots work here, too.
    """

    step_picked = Signal(object)

    def __init__(self, playback: Playback, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._playback = playback
        self._style: Style | None = None
        self.first = self._button("first", "first step", "Go to the first step: the network as initialised (Home)")
        self.back = self._button("step_back", "one step back", "Go one step back (←)")
        self.play = self._button("start", "play", PLAY_TIP)
        self.on = self._button("step_on", "one step on", "Go one step on (→)")
        self.last = self._button("last", "last step", "Go to the last step recorded so far (End)")
        self.loop = self._button("loop", "begin again at the end", "Begin again when the last step is reached")
        self.loop.setCheckable(True)
        self.slider = StepSlider()
        self.words = QLabel()
        self.speed = QComboBox()
        self.live = QToolButton()
        self._describe()
        self._lay_out()
        self._connect()
        self.refresh()

    def refresh(self) -> None:
        """Pull what is shown and how far the run is."""
        playback = self._playback
        shown, latest = playback.shown, playback.latest
        history = playback.history
        self.slider.show_step(max(shown, 0), latest, history.started.planned_steps if history is not None else 0)
        self.words.setText(f"{shown:,} / {latest:,}" if latest >= 0 else "–")
        self.live.setChecked(playback.step is None and latest >= 0)
        # not at the ends, where a button that is greyed would hand the keyboard to its neighbour
        for control in (self.first, self.back, self.play, self.on, self.last, self.slider, self.live):
            control.setEnabled(latest > 0)
        widest = self.words.fontMetrics().horizontalAdvance(f"{latest:,} / {latest:,}")
        self.words.setMinimumWidth(max(widest, self.words.minimumWidth()))

    def play_on_space(self, plot: QWidget) -> None:
        """Let Space begin and hold the playback while `plot` has the focus."""
        plot.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the keys of the plots, where a control has no use of its own for them; called by Qt."""
        if not isinstance(event, QKeyEvent) or event.type() is not QEvent.Type.KeyPress:
            return False
        if event.key() == Qt.Key.Key_Space and not isinstance(watched, QToolButton):
            self._playback.toggle()
            return True
        step = step_by_key(event, self._playback.step, self._playback.latest + 1)
        if step is None or watched not in self.in_tab_order():
            # a plot moves its step by itself
            return False
        self.step_picked.emit(step)
        return True

    def in_tab_order(self) -> list[QWidget]:
        """Return what takes the keyboard, in the order in which Tab is to reach it."""
        return [self.first, self.back, self.play, self.on, self.last, self.loop, self.slider, self.speed, self.live]

    def apply_style(self, style: Style) -> None:
        """Recolour the icons."""
        self._style = style
        for button in (self.first, self.back, self.play, self.on, self.last, self.loop):
            button.setIcon(icon(button.objectName(), style))
        self.live.setStyleSheet(_lamp(style))

    @staticmethod
    def _button(icon_name: str, name: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(icon_name)
        button.setAutoRaise(True)
        button.setIconSize(QSize(BUTTON_ICON_PX, BUTTON_ICON_PX))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(name)
        button.setToolTip(tip)
        return button

    def _describe(self) -> None:
        self.words.setToolTip("The step that is shown, and the last one recorded so far")
        self.words.setAccessibleName("step shown and last step")
        self.words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for factor in SPEEDS:
            self.speed.addItem(f"{factor}×", factor)
            words = f"{factor * STEPS_PER_SECOND:,} steps per second"
            self.speed.setItemData(self.speed.count() - 1, words, Qt.ItemDataRole.ToolTipRole)
        self.speed.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.speed.setAccessibleName("speed of the playback")
        self._say_speed()
        self.live.setText("Live")
        self.live.setCheckable(True)
        self.live.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.live.setAccessibleName("follow the latest step")
        self.live.setToolTip("Lit while the latest step is shown; press to follow it again (Esc)")

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for button in (self.first, self.back, self.play, self.on, self.last, self.loop):
            row.addWidget(button)
        row.addSpacing(4)
        row.addWidget(self.slider, 1)
        for part in (self.words, self.speed, self.live):
            row.addSpacing(4)
            row.addWidget(part)

    def _connect(self) -> None:
        playback = self._playback
        self.play.clicked.connect(playback.toggle)
        self.loop.toggled.connect(self._set_loop)
        self.speed.currentIndexChanged.connect(self._set_speed)
        playback.changed.connect(self._show_playing)
        self.slider.picked.connect(lambda step: self.step_picked.emit(step))
        for control in (self.first, self.back, self.play, self.on, self.last, self.loop, self.slider, self.live):
            control.installEventFilter(self)
        self.first.clicked.connect(lambda: self.step_picked.emit(0))
        self.back.clicked.connect(lambda: self.step_picked.emit(max(playback.shown - 1, 0)))
        self.on.clicked.connect(lambda: self.step_picked.emit(min(playback.shown + 1, playback.latest)))
        self.last.clicked.connect(lambda: self.step_picked.emit(playback.latest))
        self.live.clicked.connect(lambda: self.step_picked.emit(None))

    def _set_loop(self, wanted: bool) -> None:
        self._playback.loops = wanted

    def _set_speed(self) -> None:
        self._playback.set_speed(self.speed.currentData())
        self._say_speed()

    def _say_speed(self) -> None:
        factor = self.speed.currentData()
        self.speed.setToolTip(
            f"{factor}× is {factor * STEPS_PER_SECOND:,} training steps per second, however fast they were trained"
        )

    def _show_playing(self) -> None:
        playing = self._playback.playing
        self.play.setObjectName("pause" if playing else "start")
        self.play.setAccessibleName("hold" if playing else "play")
        self.play.setToolTip(PAUSE_TIP if playing else PLAY_TIP)
        if self._style is not None:
            self.play.setIcon(icon(self.play.objectName(), self._style))


def _lamp(style: Style) -> str:
    """Return the style sheet of a button that is lit while it is checked.

    It names every colour: a widget with a style sheet does not hear of a new palette.
    """
    return (
        f"QToolButton {{ color: {style.foreground}; background: transparent; border: 1px solid {style.muted};"
        " border-radius: 3px; padding: 2px 7px; }"
        f"QToolButton:disabled {{ color: {style.muted}; border-color: {style.grid}; }}"
        f"QToolButton:hover, QToolButton:focus {{ border-color: {style.accent}; }}"
        f"QToolButton:checked {{ color: {style.background}; background: {style.accent}; }}"
        f"QToolButton:checked:focus {{ border-color: {style.foreground}; }}"
    )
