"""Errors that the user can correct.

Window and command line show their messages as they are, without a traceback; every other exception is an internal error
and is shown with one.
"""


class GradvizError(Exception):
    """An error that the user can correct; the message says what is wrong and what to do."""


class ExperimentError(GradvizError):
    """An invalid experiment: unknown field, value out of range, unreadable file, broken code."""


class DataError(GradvizError):
    """A data file that cannot be used: missing, ragged rows, text in cells, no labels."""


class DeviceError(GradvizError):
    """A device that does not exist, or has too little memory."""


class ExportError(GradvizError):
    """A picture or table that could not be written; no partial file is left behind."""


class RecordingError(GradvizError):
    """A recorded run that cannot be read, kept or moved."""


class CheckError(GradvizError):
    """A check that cannot be made: of a run without a step, or for a finding that there is not."""


class CheckpointError(GradvizError):
    """A run that cannot be resumed: its checkpoint is broken, or belongs to another experiment."""


class DisplayError(GradvizError):
    """No display to show a window on."""


class LessonError(GradvizError):
    """A lesson that cannot be used; the message names the file and the line."""


class ModelFileError(GradvizError):
    """A model file of a person's own that cannot be used; the message names the file and the line."""
