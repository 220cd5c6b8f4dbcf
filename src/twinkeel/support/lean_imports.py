"""Spares a short command what its libraries import and never use.

Pydantic imports `importlib.metadata` (and with it `email`) to look for plugins, and `secrets` (OpenSSL) to compare secrets of
a type that no model here has: together a tenth of `twinkeel check`.
"""

import importlib
import os
import sys
from types import ModuleType
from typing import Any


def lean_imports() -> None:
    """To be called before pydantic is imported; later it does nothing."""
    if "pydantic" not in sys.modules:
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
        if os.environ["PYDANTIC_DISABLE_PLUGINS"] == "__all__":
            sys.modules.setdefault("pydantic.plugin._loader", _NoPlugins("pydantic.plugin._loader"))
        sys.modules.setdefault("secrets", _Later("secrets"))


class _NoPlugins(ModuleType):
    """Stands for pydantic's own module, whose one function says this when plugins are disabled."""

    @staticmethod
    def get_plugins() -> tuple[()]:
        """None."""
        return ()


class _Later(ModuleType):
    """Stands for a module until one of its names is asked for. (`importlib.util.LazyLoader` loads when it is imported again.)"""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)
