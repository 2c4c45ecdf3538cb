"""What kind of file bytes are, told from how they begin: what a browser may show, and nothing that it would run.

Pure. Must never name a type that carries script (HTML, XML with SVG, PDF): those are text or bytes to us. Asked by
`http` for blobs.
"""

__all__ = ["HARMLESS", "SNIFFED_BYTES", "type_of"]

SNIFFED_BYTES = 512
"""How much of a file is looked at; the MIME Sniffing Standard asks for 1,445, of which images and sound need 36."""

BYTES = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"

_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"OggS", "audio/ogg"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"M4A ": "audio/mp4"}
"""Major brands of ISO media files that are no video."""

HARMLESS = frozenset(
    {
        *(kind for _, kind in _BEGINNINGS),
        *_RIFF.values(),
        *_BRANDS.values(),
        "video/mp4",
        "video/ogg",
        "image/bmp",
        "image/x-icon",
        "text/plain",
        BYTES,
    }
)
"""Types that a link may name for a blob."""

_CONTROLS = frozenset(range(0x20)) - frozenset(b"\t\n\f\r\x1b")


def type_of(start: bytes) -> str:
    """The media type of a file that begins so (`SNIFFED_BYTES` of it, or all)."""
    for beginning, kind in _BEGINNINGS:
        if start.startswith(beginning):
            return kind
    if start[:4] == b"RIFF":
        return _RIFF.get(start[8:12], BYTES)
    if start[4:8] == b"ftyp":
        return _BRANDS.get(start[8:12], "video/mp4")
    return TEXT if start and _is_text(start) else BYTES


def _is_text(start: bytes) -> bool:
    """Whether it is UTF-8 without control characters; the last character may be cut off."""
    if not _CONTROLS.isdisjoint(start):
        return False
    try:
        start.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True
