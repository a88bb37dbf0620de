"""Plots that draw a window of a recording; they know no thread and no torch."""
