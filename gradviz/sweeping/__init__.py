"""Sweeps: many small runs over a grid of experiments, on all cores, that can be stopped and resumed."""
