"""Hypothesis without a time limit per example: two busy cores are no defect."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
