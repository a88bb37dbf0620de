"""What is observed of a watched script beside numbers per row: each theme in a file, `facts.py` asks them all."""
