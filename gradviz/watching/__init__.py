"""Watching a network of a person's own, in a loop of their own: any module, any optimiser."""
