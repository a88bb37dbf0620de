"""A person's own data: tables and arrays as people have them, read with care, or refused with what to change."""

from gradviz.training.data_files.progress import ReadingCancelledError
from gradviz.training.data_files.read import DataFile, LabelledData, read_data_file
from gradviz.training.data_files.understood import Understood
from gradviz.training.data_files.words import facts

__all__ = ["DataFile", "LabelledData", "ReadingCancelledError", "Understood", "facts", "read_data_file"]
