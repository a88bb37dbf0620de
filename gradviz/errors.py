"""Errors whose message is written for the person at the screen.

The window and the command line show these messages as they are, without a traceback; every other exception is a
defect of the program and is shown with one.
"""


class GradvizError(Exception):
    """Something the person can put right; the message says what is wrong and what to do."""


class ExperimentError(GradvizError):
    """A recipe that does not hold: unknown field, value out of range, unreadable file, broken code."""


class DataError(GradvizError):
    """A data file that cannot be used: missing, ragged rows, text cells, no labels."""


class DeviceError(GradvizError):
    """A device that is not there, or whose memory does not suffice."""


class ExportError(GradvizError):
    """A picture or table that could not be written; nothing half-written is left behind."""


class RecordingError(GradvizError):
    """A recorded run that cannot be read, kept or moved."""


class CheckpointError(GradvizError):
    """A run that cannot be gone on with: a stored state that is broken, or that of another experiment."""


class DisplayError(GradvizError):
    """No screen to show a window on."""
