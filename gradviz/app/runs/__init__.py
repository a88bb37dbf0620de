"""The panel of all runs ever started, and what can be done with them."""
