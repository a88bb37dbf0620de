"""The files of runs: where they are, what they contain, copying and resuming them."""
