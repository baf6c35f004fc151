"""The contracts: one file each, with its rundown, its storage columns and its entry points."""
