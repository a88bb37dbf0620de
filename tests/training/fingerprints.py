"""Everything a run tells, down to the last bit."""

from collections.abc import Iterable

from gradviz.recording.frame import Distributions, Diverged, Evaluation, Event, Frame


def fingerprint(events: Iterable[Event]) -> list[str]:
    """One line for each event that was measured."""
    lines = []
    for event in events:
        match event:
            case Frame():
                rows = {name: row.tobytes().hex() for name, row in event.rows.items()}
                lines.append(f"{event.step} {event.loss.hex()} {event.batch_accuracy.hex()} {rows}")
            case Evaluation():
                arrays = [event.predicted, event.confidence, event.boundary]
                bits = [array.tobytes().hex() for array in arrays if array is not None]
                lines.append(f"{event.step} {event.loss.hex()} {event.accuracy.hex()} {bits}")
            case Distributions():
                arrays = [array for each in event.by_kind.values() for array in (each.edges, each.counts, each.zeros)]
                lines.append(f"{event.step} {[array.tobytes().hex() for array in arrays]}")
            case Diverged():
                lines.append(f"{event.step} diverged {event.loss}")
    return lines
