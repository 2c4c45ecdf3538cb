"""Run the service: `python -m services.blobs`."""

from contextlib import closing

from common.runtime import secret
from common.runtime.errors import StartError
from common.runtime.process import run
from common.runtime.settings import Settings
from services.blobs.actor import serve
from services.blobs.adapters.book import open_book
from services.blobs.adapters.files import Folder
from services.blobs.settings import Blobs

FOLDER = "blobs"


async def main(settings: Settings) -> None:
    """Serve the files of this folder until cancelled."""
    path = settings.path / FOLDER
    try:
        folder = Folder(path, settings.section("blobs", Blobs).reserve)
    except OSError as error:
        raise StartError(f"{path}: {error.strerror}") from error
    with closing(open_book(settings.path)) as book:
        await serve(settings, secret.own_id(settings.secret_path, settings.path), folder, book)


if __name__ == "__main__":
    run("blobs", main)
