"""The process `replication`."""

from common.runtime import secret
from common.runtime.process import run
from common.runtime.settings import Settings
from services.replication.actor import serve


async def main(settings: Settings) -> None:
    """Serve until cancelled."""
    await serve(settings, secret.own_id(settings.secret_path, settings.path))


if __name__ == "__main__":
    run("replication", main)
