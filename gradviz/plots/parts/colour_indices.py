"""What the 256 indices of a heatmap stand for: four states that are no values, then the colours of the scale."""

NOT_YET, NOT_MEASURED, EXACTLY_ZERO, NOT_FINITE = range(4)
FIRST_COLOUR = 4
COLOURS = 256 - FIRST_COLOUR
