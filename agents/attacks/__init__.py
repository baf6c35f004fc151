"""Attacks: policies that send ordinary transactions from accounts that an attacker controls."""
