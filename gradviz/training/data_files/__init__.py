"""A person's own data: tables and arrays as people have them, read with care, or refused with what to change."""

from gradviz.training.data_files.read import LabelledData, read_data_file
from gradviz.training.data_files.understood import Understood

__all__ = ["LabelledData", "Understood", "read_data_file"]
