"""Run the service: `python -m services.network`."""

from common.runtime import secret
from common.runtime.process import run
from common.runtime.settings import Settings
from services.network.actor import serve


async def main(settings: Settings) -> None:
    """Serve with the keys of the data folder until cancelled."""
    await serve(settings, secret.load(settings.secret_path))


if __name__ == "__main__":
    run("network", main)
