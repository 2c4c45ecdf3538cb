"""Run the service: `python -m services.peers`."""

from common.runtime import secret
from common.runtime.process import run
from common.runtime.settings import Settings
from services.peers.actor import serve


async def main(settings: Settings) -> None:
    """Serve with the data folder's keys until cancelled."""
    await serve(settings, secret.load(settings.secret_path))


if __name__ == "__main__":
    run("peers", main)
