"""Lessons in the window: the list of them, the page that is read, and what it lights up."""
