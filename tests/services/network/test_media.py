"""What a file is, told from its beginning; nothing that a browser would run is ever named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.network.media import HARMLESS, type_of

TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a\x01", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"RIFF\0\0\0\0what", BYTES),
        (b"\0\0\0\x20ftypavif\0", "image/avif"),
        (b"\0\0\0\x20ftypM4A \0", "audio/mp4"),
        (b"\0\0\0\x20ftypisom\0", "video/mp4"),
        (b"\x1aE\xdf\xa3\x01", "video/webm"),
        (b"OggS\0", "audio/ogg"),
        (b"ID3\x04", "audio/mpeg"),
        (b"fLaC\0", "audio/flac"),
        (b"<html><script>alert(1)</script>", TEXT),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>', TEXT),
        (b"%PDF-1.7\n", TEXT),
        ("größer".encode()[:-5], TEXT),
        ("größer".encode()[:3], TEXT),
        (b"caf\xe9 au lait", BYTES),
        (b"a\0b", BYTES),
        (b"", BYTES),
    ],
)
def test_a_beginning_tells_the_type(start: bytes, kind: str) -> None:
    assert type_of(start) == kind


@given(st.binary(max_size=600) | st.text(max_size=200).map(str.encode))
def test_no_beginning_makes_a_type_with_script(start: bytes) -> None:
    kind = type_of(start)
    assert kind.removesuffix("; charset=utf-8") in HARMLESS
    assert not any(word in kind for word in ("html", "xml", "svg", "javascript", "pdf"))


def test_links_cannot_name_a_type_with_script() -> None:
    assert not any(
        word in kind for kind in HARMLESS for word in ("html", "xml", "svg", "script", "pdf")
    )
