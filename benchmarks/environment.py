"""Which machine, interpreter and build the figures belong to."""

import os
import platform
import re
import shlex
import sys
import sysconfig
from pathlib import Path

SPEED = re.compile(
    r"--(disable-gil|enable-optimizations|enable-shared|enable-experimental-jit"
    r"|with-(lto|pydebug|assertions|tail-call-interp|computed-gotos|(no-)?pymalloc))\b"
)


def config(name: str) -> str:
    return str(sysconfig.get_config_var(name) or "")


def free_threaded() -> bool:
    return config("Py_GIL_DISABLED") == "1"


def optimised() -> bool:
    """Whether the interpreter was built with profile-guided optimisation.

    Debian runs the profile targets by itself, without the option, and takes the flags out of the
    recorded configuration; an empty flag is what remains of that.
    """
    stripped = config("PGO_PROF_GEN_FLAG") != "" and config("PGO_PROF_USE_FLAG") == ""
    return stripped or "--enable-optimizations" in config("CONFIG_ARGS")


def optimised_314() -> bool:
    """Whether the budgets of optimised builds of 3.14 and newer hold."""
    return optimised() and sys.version_info >= (3, 14)


def interpreter() -> str:
    """The name of a section of the results: one per minor version and threading build."""
    major, minor = sys.version_info[:2]
    threads = "t" if free_threaded() else ""
    return f"{platform.python_implementation()} {major}.{minor}{threads}"


def cpu() -> str:
    """The processor's name as the kernel gives it."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()

    found = re.search(r"^(?:model name|Model|cpu model)\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def build() -> str:
    """The build options that matter to speed."""
    arguments = shlex.split(config("CONFIG_ARGS"))
    chosen = [argument for argument in arguments if SPEED.match(argument)]
    level = re.findall(r"-O\w+", config("PY_CFLAGS") + " " + config("PY_CORE_CFLAGS"))
    profiled = ["profile-guided"] if optimised() else []
    debug = ["debug"] if config("Py_DEBUG") == "1" else []
    return " ".join([*level[-1:], *profiled, *debug, *chosen]) or "unknown"


def switches() -> str:
    """The state of the GIL and the JIT, as far as this interpreter has a choice."""
    states = []
    if free_threaded():
        states.append(f"GIL {'on' if sys._is_gil_enabled() else 'off'}")  # type: ignore[attr-defined]

    jit = getattr(sys, "_jit", None)
    if jit is not None and jit.is_available():
        states.append(f"JIT {'on' if jit.is_enabled() else 'off'}")

    return ", ".join(states)


def description() -> list[tuple[str, str]]:
    """What a reader needs to judge the figures, as pairs of a name and a value."""
    system = f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}".rstrip(
        ", "
    )
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return [
        ("interpreter", ", ".join(filter(None, (python, switches())))),
        ("build", f"{build()}; {platform.python_compiler()}"),
        ("machine", f"{cpu()}, {os.cpu_count()} cores; {system}"),
    ]
