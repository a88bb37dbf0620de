"""What went wrong in a worker, as plain text that may cross threads."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from gradviz.errors import GradvizError


@dataclass(frozen=True, slots=True)
class Failure:
    """`message` is for the person; `details` is the traceback, empty where the message says it all."""

    message: str
    details: str = ""

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Describe `error`: a mistake that can be put right by its message, a defect with its traceback."""
        if isinstance(error, GradvizError):
            return cls(str(error))
        summary = "".join(traceback.format_exception_only(error)).strip()
        return cls(f"Something went wrong inside gradviz: {summary}", "".join(traceback.format_exception(error)))
