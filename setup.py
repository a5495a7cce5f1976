"""The C extension; everything else is said in pyproject.toml.

AITERTOOLS_CFLAGS and AITERTOOLS_LDFLAGS add flags, for -Werror and for the sanitizers.
"""

import os
from pathlib import Path

from setuptools import Extension, setup

CORE = Path("src/aitertools/_core")
CFLAGS = [
    "-std=c11",
    "-O3",
    "-fvisibility=hidden",
    "-Wall",
    "-Wextra",
    "-Werror=implicit",  # a function that this Python lacks
    "-Werror=incompatible-pointer-types",
    "-Werror=int-conversion",
    "-Wno-missing-field-initializers",  # {0} ends CPython's tables
]

setup(
    ext_modules=[
        Extension(
            "aitertools._core",
            sources=sorted(map(str, CORE.glob("*.c"))),
            depends=sorted(map(str, CORE.glob("*.h"))),
            extra_compile_args=CFLAGS + os.environ.get("AITERTOOLS_CFLAGS", "").split(),
            extra_link_args=os.environ.get("AITERTOOLS_LDFLAGS", "").split(),
        )
    ]
)
