"""Insight into recorded ledgers: every file is audited while it is read, so what is shown of it is proved."""
