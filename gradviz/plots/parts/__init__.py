"""What plots are made of: axes, colours, keys, words, picking."""
