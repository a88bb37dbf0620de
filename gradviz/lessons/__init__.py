"""Lessons as data: what they say, what they ask for, and what they measure. No Qt and no torch."""
