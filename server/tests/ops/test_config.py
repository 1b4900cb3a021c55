"""Settings: flags before environment before file before defaults, and what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from ropewalk_server import config
from ropewalk_server.config import ConfigError, leaves, load, show
from ropewalk_server.settings import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ropewalk.toml"


def test_each_source_goes_before_the_next(file: Path) -> None:
    file.write_text('[server]\nport = 1\nhost = "a"\nbacklog = 7\n[limits]\nmessage_bytes = 9\n')
    found = load({"server.port": "3"}, {"ROPEWALK_PORT": "2", "ROPEWALK_HOST": "b"}, file)
    server = found.settings.server
    assert (server.port, server.host, server.backlog) == (3, "b", 7)
    assert found.settings.limits.message_bytes == 9
    assert found.settings.store == Settings().store
    assert found.sources == {
        "server.port": "flag --port",
        "server.host": "environment ROPEWALK_HOST",
        "server.backlog": str(file),
        "limits.message_bytes": str(file),
    }


def test_without_sources_all_is_default() -> None:
    assert load().settings == Settings()


def test_every_setting_can_be_set_in_every_way(file: Path) -> None:
    for leaf in leaves().values():
        text = {
            str: leaf.choices[-1] if leaf.choices else "x",
            int: "5",
            float: "5.5",
            bool: "true",
        }
        value = text.get(leaf.kind, "a,b")
        toml = {str: f'"{value}"', tuple: '["a", "b"]'}.get(leaf.kind, value)
        section, name = leaf.path.split(".")
        file.write_text(f"[{section}]\n{name} = {toml}\n")
        found = [load(environ={leaf.variable: value}), load(file=file)]
        if leaf.flag:
            found.append(load({leaf.path: value}))
        values = {config.value_of(one.settings, leaf.path) for one in found}
        assert len(values) == 1, leaf.path
        assert values != {leaf.default} or leaf.default in (5, 5.5, True), leaf.path
        assert leaf.help or leaf.path.startswith("limits."), leaf.path


def test_no_two_settings_share_a_name() -> None:
    flags = [leaf.flag for leaf in leaves().values() if leaf.flag]
    variables = [leaf.variable for leaf in leaves().values()]
    assert len(set(flags)) == len(flags)
    assert len(set(variables)) == len(variables)


def test_secrets_are_no_flags() -> None:
    secrets = {leaf.path for leaf in leaves().values() if leaf.secret}
    assert secrets == {"auth.secret", "admin.key", "metrics.key", "webhooks.secret"}
    assert all(leaves()[path].flag is None for path in secrets)


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[server]\nport = 'x'", "server.port is a whole number from 0 to 65535, not 'x'"),
        ("[server]\nport = 65536", "from 0 to 65535, not 65536"),
        ("[server]\nport = true", "server.port is a whole number"),
        ("[server]\nport = 1.5", "server.port is a whole number"),
        ("[server]\norigins = 'a'", "server.origins is a list of texts"),
        ("[server]\norigins = [1]", "server.origins is a list of texts"),
        ("[server]\nforce = 'yes'", "server.force is true or false"),
        ("[server]\nping_seconds = nan", "server.ping_seconds is a number"),
        ("[log]\nlevel = 'loud'", "log.level is one of debug, info, warning, error, not 'loud'"),
        ("[sevrer]\nport = 1", "sevrer is no setting; 'server' is"),
        ("[server]\nprot = 1", "server.prot is no setting; 'port' is"),
        ("[server]\nxyzzy = 1", "those that are: backlog, "),
        ("server = 1", "server is a table: write [server]"),
        ("[server.port]\nx = 1", "server.port is a whole number"),
        ("[limits]\nmessage_bytes = -1", "limits.message_bytes is a whole number from 0, not -1"),
        ("port", "not TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(file: Path, toml: str, says: str) -> None:
    file.write_text(toml)
    with pytest.raises(ConfigError) as wrong:
        load(file=file)
    assert says in str(wrong.value)
    assert str(wrong.value).startswith(f"{file}: ")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ROPEWALK_PORT", "x", "server.port is a whole number from 0 to 65535, not 'x'"),
        ("ROPEWALK_PORT", "", "server.port is a whole number"),
        ("ROPEWALK_FORCE", "maybe", "server.force is true or false, not 'maybe'"),
        ("ROPEWALK_ROLE", "boss", "one of none, reader, commenter, editor, owner, not 'boss'"),
        ("ROPEWALK_SERVER_PING_SECONDS", "inf", "a number from 0 to 3600, not"),
        ("ROPEWALK_LIMITS_IDLE_SECONDS", "soon", "limits.idle_seconds is a number"),
    ],
)
def test_what_is_wrong_in_the_environment_is_named(name: str, value: str, says: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        load(environ={name: value})
    assert says in str(wrong.value)
    assert str(wrong.value).startswith(f"environment {name}: ")


def test_what_is_wrong_in_a_flag_is_named() -> None:
    with pytest.raises(ConfigError, match="flag --port: server.port is a whole number"):
        load({"server.port": "x"})


def test_a_file_that_is_missing_is_named(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"ropewalk.toml: No such file"):
        load(file=file)


def test_a_name_that_is_almost_a_setting_is_warned_of() -> None:
    found = load(environ={"ROPEWALK_AUDIENC": "a", "ROPEWALK_SOAK": "1", "HOME": "/"})
    assert found.warnings == (
        "environment: ROPEWALK_AUDIENC is no setting; ROPEWALK_AUDIENCE is one",
    )


def test_a_wrong_secret_is_not_shown(file: Path) -> None:
    file.write_text("[admin]\nkey = 12345678901\n")
    with pytest.raises(ConfigError) as wrong:
        load(file=file)
    assert "12345678901" not in str(wrong.value)


def test_show_prints_where_each_came_from_and_no_secrets(file: Path) -> None:
    file.write_text(
        '[admin]\nkey = "hunter2hunter2"\n[webhooks]\nurls = ["https://a:hunter2@b/?token=hunter2"]'
    )
    found = load(
        {"server.port": "3"},
        {"ROPEWALK_AUTH_SECRET": "hunter2", "ROPEWALK_STORE": "postgres://me:hunter2@db/x"},
        file,
    )
    shown = show(found)
    assert "hunter2" not in shown
    lines = {line.split()[0]: line for line in shown.splitlines()}
    assert set(lines) == set(leaves())
    assert lines["server.port"].split()[1:] == ["3", "flag", "--port"]
    assert "environment ROPEWALK_STORE" in lines["store.url"]
    assert lines["admin.key"].split()[1:] == ["(hidden)", str(file)]
    assert lines["metrics.key"].split()[1:] == ["-", "default"]
