"""Frames, the history they append to, and the tables written from it."""
