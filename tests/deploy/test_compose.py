"""The compose files are such as the specification allows, and what they run is there."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from compose_spec import PyOptions

from bot.cli import app
from bot.settings import PREFIX, Hosting

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
FILES = sorted(DEPLOY.glob("compose*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_file_is_valid_and_names_what_there_is(file: Path) -> None:
    options = PyOptions()
    options.apply_merge = True
    compose = options.from_yaml(file.read_text())
    compose.validate()
    services = yaml.safe_load(file.read_text())["services"]
    assert set(compose.service_names()) == services.keys()
    for service in services.values():
        assert set(service.get("depends_on", {})) <= services.keys()
        program, *arguments = str(service.get("command", "wrc serve")).split()
        if program == "wrc":
            assert CliRunner().invoke(app, [*arguments, "--help"]).exit_code == 0
        ours = {name for name in service.get("environment", {}) if name.startswith(PREFIX)}
        assert ours <= {PREFIX + name.upper() for name in Hosting.model_fields}


def test_several_share_a_database_and_only_the_web_is_reached() -> None:
    services = yaml.safe_load((DEPLOY / "compose.many.yaml").read_text())["services"]
    roles = {name: service["command"] for name, service in services.items() if "wrc" in str(service.get("command"))}
    assert roles["web"] == "wrc serve --role web"
    assert roles["worker"] == "wrc serve --role worker"
    assert services["worker"]["deploy"]["replicas"] == 2
    assert services["web"]["environment"] == services["worker"]["environment"]
    assert {name for name, service in services.items() if "ports" in service} == {"proxy"}
