"""Deployments: which contracts a ledger runs, the book that holds their state, and the block that executes them."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from chain.errors import InputError

NAMES = ("token", "service_market", "service_escrow", "posted_price", "exchange", "payee_escrow", "double_auction", "auction")


def find(name: str) -> ModuleType:
    """The deployment of this name.

    Raises:
        InputError: there is none.
    """
    if name not in NAMES:
        raise InputError(f"deployment: {name!r} given, allowed are {', '.join(NAMES)}")
    return import_module(f"chain.deployments.{name}")


def running(book: Any) -> ModuleType:
    """The deployment that executes a book: the one that defines it, or where it has the tables of the other escrow, that."""
    return find("service_escrow") if hasattr(book, "escrow") and book.escrow.size else sys.modules[type(book).__module__]
