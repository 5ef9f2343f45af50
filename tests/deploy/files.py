"""The files of `deploy/`, read: what Compose starts, and what Kubernetes is given."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import yaml

from tests.road.proxy import REPOSITORY

__all__ = ["DEPLOY", "PARTS", "Part", "compose", "containers", "manifests", "parts"]

DEPLOY = REPOSITORY / "deploy"
Part = tuple[str, list[str], dict[str, str]]
"""What runs Penstock: its name, its command, and its environment."""


def compose() -> dict[str, Any]:
    """`compose.yaml` with its anchors resolved."""
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


def manifests() -> list[dict[str, Any]]:
    """What `kubectl apply -k` would send, where kubectl is installed; else the files without names and labels that
    kustomize adds."""
    folder = DEPLOY / "kubernetes"
    if shutil.which("kubectl"):
        done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, check=True, timeout=120)
        return list(yaml.safe_load_all(done.stdout))
    files = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    return [one for file in files for one in yaml.safe_load_all((folder / file).read_text())]


def containers() -> dict[str, dict[str, Any]]:
    """The containers of all Deployments, by name."""
    found = [one["spec"]["template"]["spec"] for one in manifests() if one["kind"] == "Deployment"]
    return {container["name"]: container for spec in found for container in spec["containers"]}


def parts() -> list[Part]:
    """All that Compose and Kubernetes start of Penstock."""
    out: list[Part] = [
        (f"compose {name}", one["command"], one["environment"])
        for name, one in compose()["services"].items()
        if one["image"] == "penstock"
    ]
    for name, one in containers().items():
        environment = {each["name"]: str(each.get("value", "")) for each in one["env"]}
        out.append((f"kubernetes {name}", one["args"], environment))
    return out


PARTS = parts()
