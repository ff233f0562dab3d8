"""What a test needs beyond Python packages is found, installed where that is allowed, or named as missing."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path


class MissingError(Exception):
    """The machine lacks what a test needs; the message is one line that says what, and how to get it."""


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() == "true"


def first_program(names: Iterable[str], folders: Iterable[str] = ()) -> Path | None:
    """The first of `names` on PATH, or in one of `folders` that PATH often lacks."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *folders])
    found = (shutil.which(name, path=path) for name in names)
    return next((Path(program) for program in found if program), None)


def may_install() -> bool:
    """System packages are installed by root in CI, or where FORECOURT_TEST_INSTALL=1 asks for it."""
    asked = in_ci() or os.environ.get("FORECOURT_TEST_INSTALL") == "1"
    return asked and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(package: str) -> None:
    """Installs one Debian package, or raises `MissingError` with what to do instead."""
    if not may_install():
        hint = "install it, or run as root with FORECOURT_TEST_INSTALL=1 to have apt-get do it"
        raise MissingError(f"{package} is not on this machine: {hint}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", package]):
        command = ["apt-get", "-o", "DPkg::Lock::Timeout=300", *step]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            raise MissingError(f"apt-get {step[0]} for {package} failed: {done.stderr.strip()[-200:]}")
