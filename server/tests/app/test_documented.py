"""What the guide of the server says is so: its code runs, its names exist."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from ropewalk_server.auth.roles import read_table
from ropewalk_server.cli import parser
from ropewalk_server.config import OTHER_NAMES, leaves, load
from ropewalk_server.ops import metrics

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "docs/guides/server.md", ROOT / "server/README.md"]
TEXT = "\n".join(page.read_text() for page in PAGES)


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", TEXT, re.M | re.S)
    return [
        "\n".join(line.removeprefix(indent) for line in code.splitlines()) for indent, code in found
    ]


def test_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From top to bottom as one program."""
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "example"}
    for code in blocks("py"):
        exec(compile(code, "example", "exec"), names)


def commands() -> list[str]:
    lines = [line for block in blocks("console") for line in block.splitlines()]
    return [line[2:].split("  #")[0] for line in lines if line.startswith("$ ropewalk ")]


@pytest.mark.parametrize("command", commands())
def test_commands_are_understood(command: str) -> None:
    options = parser().parse_args(shlex.split(command)[1:])
    assert callable(options.run)


def test_there_are_examples() -> None:
    assert len(blocks("py")) >= 2
    assert len(commands()) >= 12


def test_settings_exist() -> None:
    sections = {path.split(".")[0] for path in leaves()}
    named = set(re.findall(rf"`((?:{'|'.join(sections)})\.[a-z_]+)", TEXT))
    assert len(named) >= 12
    assert named - {"server.md"} <= set(leaves())
    variables = {leaf.variable for leaf in leaves().values()} | OTHER_NAMES
    assert set(re.findall(r"ROPEWALK_[A-Z_]+", TEXT)) <= variables
    flags = {leaf.flag for leaf in leaves().values()}
    assert set(re.findall(r"--limits-[a-z-]+", TEXT)) <= flags


def test_files_are_settings(tmp_path: Path) -> None:
    for block in blocks("toml"):
        file = tmp_path / "example.toml"
        file.write_text(block)
        if "rule" in tomllib.loads(block):
            assert len(read_table(file).rules) == 2
        else:
            load(file=file)


def test_metrics_exist() -> None:
    named = {name.removesuffix("_total") for name in re.findall(r"`ropewalk_([a-z_]+)", TEXT)}
    assert len(named - {"server"}) >= 7
    assert named - {"server"} <= set(metrics.HELP)


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), (page.name, target)
