"""What the types say: read by mypy and pyright (``make check``), never run."""
