"""The Transformer: tokens, blocks of attention and MLP, and a head, as ordinary modules."""
