"""What `deploy/` has is valid, and names only options, settings, ports, files and metrics that there are."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import compose_spec
import httpx
import kubernetes_validate
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from penstock.base.browser_origin import Allowed
from penstock.cli import build
from penstock.profiles import profile as profiles
from penstock.profiles.service import PREFIX, ServiceSettings
from penstock_addons.control.readiness import PATH
from penstock_addons.wire.options import ProxyOptions
from tests.deploy.files import DEPLOY, PARTS, compose, containers, manifests
from tests.service.conftest import running
from tests.service.test_two_machines import started

KUBERNETES = "1.30"
"""The oldest version whose schemas the manifests must fit, strictly."""
OTHERS = {"PENSTOCK_PROFILE", "PENSTOCK_MASTER_KEY_FILE", "PENSTOCK_RELAY", "PGPASSFILE", "PGPASSWORD"}
"""Variables that Penstock and libpq read besides the service's settings."""
_GROUPING = re.compile(r"\bby \([^)]*\)")
_METRIC = re.compile(r"\b[a-z_]+(?=[{\[)])")
"""A name where PromQL has a metric: before a selector, a range, or the end of a call."""


def _ids(parts: list[Any]) -> list[str]:
    return [part[0] for part in parts]


def test_compose_takes_the_file() -> None:
    """As the specification of Compose has it; what each depends on and mounts is there, but the secrets."""
    found = compose_spec.PyCompose.from_yaml(yaml.safe_dump(compose()))  # it resolves no merge keys
    expected = "proxy-1 proxy-2 service postgres redis nats chroma haproxy prometheus grafana"
    assert set(expected.split()) <= set(found.service_names())
    spec = compose()
    for name, one in spec["services"].items():
        assert set(one.get("depends_on", ())) <= set(spec["services"]), name
        assert set(one.get("secrets", ())) <= set(spec["secrets"]), name
        for mount in one.get("volumes", ()):
            source = mount.partition(":")[0]
            assert (DEPLOY / source).is_file() if source.startswith(".") else source in spec["volumes"], mount
        assert all(port.startswith("127.0.0.1:") for port in one.get("ports", ())), "only this machine reaches them"


def test_the_secrets_of_compose_are_described() -> None:
    said = (DEPLOY.parent / "docs" / "how-to" / "several-machines.md").read_text()
    for name, one in compose()["secrets"].items():
        assert one["file"] == f"./secrets/{name}"
        assert f"`{name}`" in said
    assert not (DEPLOY / "secrets").exists() or "secrets" in (DEPLOY.parent / ".gitignore").read_text()


@pytest.mark.parametrize("manifest", manifests(), ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_kubernetes_takes_the_manifest(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_kubernetes_has_what_a_proxy_needs() -> None:
    kinds = {(one["kind"], one["metadata"]["name"].rsplit("-", 1)[-1]) for one in manifests()}
    for kind in ("Deployment", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler"):
        assert (kind, "proxy") in kinds
    assert "NetworkPolicy" in {kind for kind, _ in kinds}
    assert "Secret" not in {kind for kind, _ in kinds}, "secrets are named and never part of the files"
    for name, one in containers().items():
        ports = {port["name"] for port in one["ports"]}
        for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
            (how,) = (one[probe].get(kind) for kind in ("httpGet", "tcpSocket") if kind in one[probe])
            assert how["port"] in ports, (name, probe)
    grace = int(dict(_set(containers()["proxy"]["args"]))["penstock_grace"])
    (spec,) = (
        one["spec"] for one in manifests() if one["metadata"]["name"] == "penstock-proxy" and "replicas" in one["spec"]
    )
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] > grace + 5


def test_selectors_fit_what_is_there() -> None:
    """Services, budgets and the scaler name a Deployment, by the labels of its pods or its name."""
    every = manifests()
    pods = [one["spec"]["template"]["metadata"]["labels"] for one in every if one["kind"] == "Deployment"]
    for one in every:
        if one["kind"] in ("Service", "PodDisruptionBudget"):
            wanted = one["spec"]["selector"].get("matchLabels", one["spec"]["selector"])
            assert any(wanted.items() <= labels.items() for labels in pods), one["metadata"]["name"]
    (scaled,) = (one["spec"]["scaleTargetRef"]["name"] for one in every if one["kind"].startswith("Horizontal"))
    assert scaled in [one["metadata"]["name"] for one in every if one["kind"] == "Deployment"]


@pytest.mark.parametrize("part", PARTS, ids=_ids(PARTS))
def test_options_and_settings_are_there(part: tuple[str, list[str], dict[str, str]]) -> None:
    """Of proxies, the service and relays: each command is understood, each value read."""
    _, command, environment = part
    known = {f"{PREFIX}{name.upper()}" for name in ServiceSettings.model_fields} | OTHERS
    assert set(environment) <= known
    if command[0] == "penstock":
        done = CliRunner().invoke(build(), [*command[1:], "--help"])
        assert done.exit_code == 0, done.output
        return
    options: list[str] = ["confdir"]
    loader: Any = SimpleNamespace(add_option=lambda name, *_: options.append(name))
    ProxyOptions().load(loader)
    assert {name for name, _ in _set(command)} <= set(options)
    Allowed.of([value for name, value in _set(command) if name == "penstock_names"], [])  # raises for another
    assert 0 < int(dict(_set(command))["penstock_grace"]) <= 600


def test_ports_fit_together() -> None:
    """A proxy listens where Compose's HAProxy and Kubernetes' Service look for it, and so does the service."""
    exposed = re.findall(r"(?m)^EXPOSE (.*)$", (DEPLOY / "Dockerfile").read_text())[0].split()
    for name, command, environment in PARTS:
        mode = next((word for word in command if word.startswith("reverse:")), "")
        if mode:
            assert mode.rpartition("@")[2] == exposed[0], name
        assert environment.get("PENSTOCK_SERVE_PORT", exposed[1]) == exposed[1], name
    balancer = compose()["services"]["haproxy"]["environment"]
    assert {balancer[f"PENSTOCK_PROXY_{n}"] for n in (1, 2)} == {f"proxy-{n}:{exposed[0]}" for n in (1, 2)}
    assert f"uri {PATH} " in (DEPLOY / "haproxy.cfg").read_text()
    assert [one["ports"][0]["containerPort"] for one in containers().values()] == [int(port) for port in exposed]
    assert containers()["proxy"]["readinessProbe"]["httpGet"]["path"] == PATH


def test_the_profile_can_be_used() -> None:
    assert profiles.load(str(DEPLOY / "kubernetes" / "team.toml")).memory.chroma == "http://chroma:8000"


def test_prometheus_and_grafana_show_metrics_that_there_are(tmp_path: Path) -> None:
    """All that the dashboard asks for is in `/metrics`, with the labels it groups by."""
    dashboard = json.loads((DEPLOY / "grafana" / "penstock.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        http.put("/v1/contexts/one", json={"data": 1})
        text = http.get("/metrics").text
    known = {"up"}
    for family in text_string_to_metric_families(text):
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        known |= {f"{family.name}{suffix}" for suffix in suffixes}
    for expr in asked:
        names = set(_METRIC.findall(_GROUPING.sub("", expr)))
        assert names, expr
        assert names <= known, expr
    (job,) = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"]
    secret = job["authorization"]["credentials_file"].rpartition("/")[2]
    assert secret in compose()["services"]["prometheus"]["secrets"]
    (target,) = job["static_configs"][0]["targets"]
    host, _, port = target.partition(":")
    environment = compose()["services"][host]["environment"]
    assert environment["PENSTOCK_SERVE_PORT"] == port
    assert host in environment["PENSTOCK_SERVE_ALLOWED_HOSTS"].split(",")


@pytest.fixture
def service(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The service with the settings of its container, on a free port and a database of the test; its address."""
    for one in containers()["service"]["env"]:
        if one["name"].startswith(PREFIX):
            monkeypatch.setenv(one["name"], one["value"])
    monkeypatch.setenv(f"{PREFIX}PORT", "0")
    monkeypatch.setenv(f"{PREFIX}HOST", "127.0.0.1")
    monkeypatch.setenv("NO_COLOR", "1")
    words = [sys.executable, "-m", *containers()["service"]["args"]]
    words[words.index("--store") + 1] = postgres_url
    with started(tmp_path / "home", *words) as up:
        assert up.stdout is not None
        yield up.stdout.readline().split()[2].partition("/v1")[0]


@pytest.mark.slow
def test_the_service_answers_its_probes(service: str) -> None:
    """It is asked by the name that the manifest gives, since it refuses others."""
    for probe in ("readinessProbe", "livenessProbe"):
        how = containers()["service"][probe]["httpGet"]
        headers = {one["name"]: one["value"] for one in how["httpHeaders"]}
        answer = httpx.get(f"{service}{how['path']}", headers=headers, timeout=60, trust_env=False)
        assert answer.status_code == 200, answer.text
    assert os.environ[f"{PREFIX}ALLOWED_HOSTS"] == headers["Host"]


def _set(command: list[str]) -> Iterator[tuple[str, str]]:
    """The options that `--set` gives."""
    for flag, value in pairwise(command):
        if flag == "--set":
            name, _, said = value.partition("=")
            yield name, said
