"""The diagnosis of a watched network: what can be said without knowing its structure, its data and its loss."""
