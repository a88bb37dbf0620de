"""A verdict in words: what is the matter with a run, by which evidence, and what to try. Imports numpy, no torch."""

from gradviz.diagnosis.diagnose import diagnose
from gradviz.diagnosis.finding import TITLES, Finding, Kind, Severity, Suggestion, ranked, verdict
from gradviz.diagnosis.layer_ranking import badness, worst_layers
from gradviz.diagnosis.thresholds import About, ThresholdError, Thresholds, descriptions

__all__ = [
    "TITLES", "About", "Finding", "Kind", "Severity", "Suggestion", "ThresholdError", "Thresholds", "badness",
    "descriptions", "diagnose", "ranked", "verdict", "worst_layers",
]  # fmt: skip
