"""`ropewalk serve` and `ropewalk config`."""

from __future__ import annotations

import argparse
from typing import Any

from ..config import show
from .settings import add_settings, settings_of


def add_to(commands: Any) -> None:
    made = commands.add_parser("serve", help="serve documents until a signal comes")
    add_settings(made)
    made.set_defaults(run=serve)
    made = commands.add_parser("config", help="show the settings and where each comes from")
    made.add_argument("--show", action="store_true", help="(it always does)")
    add_settings(made)
    made.set_defaults(run=config)


def serve(options: argparse.Namespace) -> int:
    from ..http.run import run  # the web framework takes a moment to import

    return run(settings_of(options))


def config(options: argparse.Namespace) -> int:
    configured = settings_of(options)
    print(show(configured))
    for warning in configured.warnings:
        print(f"warning: {warning}")
    return 0
