"""Deployments: which contracts a ledger runs, the book that holds their state, and the block that executes them."""
