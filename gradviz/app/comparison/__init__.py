"""Two to four runs side by side, recorded or under way, and races between variants of one experiment."""
