"""The settings that only this service reads: `ownFeed` (config/defaults.toml says what each means), and `--force`."""

import msgspec

from common.runtime.settings import Settings

__all__ = ["OwnFeedSettings", "is_forced"]


class OwnFeedSettings(msgspec.Struct, frozen=True, rename="camel"):
    """When a log that may be old is believed to hold all of our own feed; times in milliseconds."""

    confirmations: int
    wait: float
    patience: float


def is_forced(settings: Settings) -> bool:
    """Whether the operator said `--force` for this run (`sources` takes it from no file)."""
    return str(settings.document.get("force")).lower() in ("true", "1")
