"""Trainings of a person's own networks: broken ones with the cause of it, and healthy ones."""
