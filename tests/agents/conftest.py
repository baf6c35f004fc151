"""Hypothesis is set up so that every run tries the same examples and leaves no files."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "ledgerlab", database=None, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ledgerlab")
