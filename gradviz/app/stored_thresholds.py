"""Thresholds as text, for the settings. Bad text degrades threshold by threshold to the defaults."""

from __future__ import annotations

import json
from contextlib import suppress

from gradviz.diagnosis import ThresholdError, Thresholds, threshold_specs


def to_text(thresholds: Thresholds) -> str:
    """Write what was changed alone, so that better defaults of a later version count for everybody else."""
    default = Thresholds()
    values = {name: getattr(thresholds, name) for name in threshold_specs()}
    return json.dumps({name: value for name, value in values.items() if value != getattr(default, name)})


def from_text(text: str) -> Thresholds:
    """Read thresholds; each that cannot be read or does not go with the others has its default."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return Thresholds()
    known = found.items() if isinstance(found, dict) else ()
    values = {name: value for name, value in known if _is_allowed(name, value)}
    with suppress(ThresholdError):
        # together first: what has to rise in order may do so only if all of it is changed
        return Thresholds().changed(**values)
    result = Thresholds()
    for name, value in values.items():
        with suppress(ThresholdError):
            result = result.changed(**{name: value})
    return result


def _is_allowed(name: str, value: object) -> bool:
    spec = threshold_specs().get(name)
    if spec is None or isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    whole = isinstance(getattr(Thresholds(), name), int)
    return spec.low <= value <= spec.high and (isinstance(value, int) or not whole)
