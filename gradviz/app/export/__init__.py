"""Plots and numbers on their way out of the window."""
