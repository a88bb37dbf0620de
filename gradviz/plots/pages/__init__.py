"""Plots on their way into files: pictures, animations, the clipboard."""
