"""Attacks on a scenario: who attacks, what defends, and the study that measures how well a market withstands them."""
