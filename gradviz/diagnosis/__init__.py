"""What is wrong with a run, the evidence, and what to try: as data, and in words. Imports numpy, no torch."""

from gradviz.diagnosis.diagnose import diagnose, ranked
from gradviz.diagnosis.finding import Evidence, Finding, Remedy, Severity
from gradviz.diagnosis.severity_scores import severity_scores, worst_rows
from gradviz.diagnosis.thresholds import ThresholdError, Thresholds, ThresholdSpec, threshold_specs

__all__ = [
    "Evidence", "Finding", "Remedy", "Severity", "ThresholdError", "ThresholdSpec", "Thresholds", "diagnose", "ranked",
    "severity_scores", "threshold_specs", "worst_rows",
]  # fmt: skip
