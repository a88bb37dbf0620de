"""The files of runs: where they lie, what they are, copying and going on with them."""
