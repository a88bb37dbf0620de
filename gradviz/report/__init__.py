"""A report of runs as one HTML file that needs neither network nor script. Imports no Qt and no torch."""

from gradviz.report.page import report_page, save_report
from gradviz.report.reported_run import ReportedRun, facts_of, reported

__all__ = ["ReportedRun", "facts_of", "report_page", "reported", "save_report"]
