"""The factory that uvicorn starts: `uvicorn --factory web.main:create`."""

from __future__ import annotations

from fastapi import FastAPI

from rag.core import open_core
from rag.settings import load_settings
from web.app import create_app


def create() -> FastAPI:
    """Open the core named by the settings and build the application that closes it at its end."""
    core = open_core(load_settings())
    return create_app(core, on_shutdown=core.close)
