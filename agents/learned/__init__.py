"""Learners and what they learned. Only what is asked for is imported: the tabular rules need no torch."""
