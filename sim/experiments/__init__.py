"""Experiments: from specs to cells, rows on disk, and what may be concluded from them."""
