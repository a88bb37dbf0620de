"""Layers over steps in colour: one run, or several side by side over one scale."""
