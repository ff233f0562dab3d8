"""The command line. Commands are clients of the running server's API; with none running they call it in-process."""

from forecourt.cli.main import main

__all__ = ["main"]
