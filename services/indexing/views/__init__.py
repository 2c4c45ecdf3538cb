"""The views of the log: one file each, with what it folds and what it answers.

A module here has `VIEWS`, the views it folds (see `model/view.py`), and `methods(reader)`, the table of what it answers.
Being here is enough: modules are found by their place. docs/views.md shows how to write one.
"""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast

from common.bus import Method
from services.indexing.adapters.reader import Reader
from services.indexing.model.contacts import Contacts
from services.indexing.model.opened import OpenedBoxes
from services.indexing.model.view import View

__all__ = ["MODULES", "VIEWS", "Module"]


class Module(Protocol):
    """What a module of this package has."""

    VIEWS: tuple[View, ...]

    def methods(self, reader: Reader) -> Mapping[str, Method]:
        """What it offers on the bus; muxrpc methods are for the master only, unless they allow others."""
        ...


MODULES: tuple[Module, ...] = tuple(
    cast(Module, import_module(f"{__name__}.{found.name}"))
    for found in sorted(iter_modules(__path__), key=lambda found: found.name)
)
VIEWS: tuple[View, ...] = (
    OpenedBoxes(),
    Contacts(),
    *(view for module in MODULES for view in module.VIEWS),
)
