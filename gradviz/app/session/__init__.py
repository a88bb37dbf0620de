"""The session: what runs, what is shown and what is set up, without any widget."""
