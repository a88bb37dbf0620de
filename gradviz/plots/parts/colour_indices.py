"""What the 256 indices of a heatmap stand for: states that are no place on the scale, then the colours of the scale.

A column of several steps is SOME_ZERO where some of them, but not all, were exactly zero. BELOW and ABOVE lie beyond
the ends of the scale.
"""

NOT_YET, NOT_MEASURED, EXACTLY_ZERO, NOT_FINITE, SOME_ZERO, BELOW, ABOVE = range(7)
FIRST_COLOUR = 7
COLOURS = 256 - FIRST_COLOUR
