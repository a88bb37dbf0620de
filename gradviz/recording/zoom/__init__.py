"""A quantity of a run at any zoom, in memory or fetched when looked at."""
