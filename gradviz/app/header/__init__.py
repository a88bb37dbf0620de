"""The header across the window: the verdict in a sentence, the score, what to try, and what came of it."""
