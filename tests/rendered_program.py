"""A program that lands on load balancers, loaded as a module: its functions can be tried without a host."""

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import twinkeel.render


def program_path(name: str) -> Path:
    """Where the template of that name lies; it holds Python and no placeholder."""
    return Path(twinkeel.render.__file__).parent / "templates" / name


def load_program(name: str) -> ModuleType:
    """The program as a module; no bytecode is left beside the template."""
    loader = SourceFileLoader(name.replace("-", "_"), str(program_path(name)))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module
