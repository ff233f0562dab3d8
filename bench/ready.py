"""How a server of the benchmark says that it listens: its URL is the first line of its output."""


def say_where(port: int) -> None:
    """Print the URL under which piles connect."""
    print(f"ws://127.0.0.1:{port}/ocpp", flush=True)
