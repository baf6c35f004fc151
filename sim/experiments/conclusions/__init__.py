"""The report of a sweep: what its rows allow to conclude, and what they do not."""
