"""How much of what is gone over together fits into a cache."""

# copies of this many numbers stay in a core's cache: half the time of going over everything at once
CACHED_NUMBERS = 1 << 17
