"""A quantity over the layers at one step: of one run, or of several."""
