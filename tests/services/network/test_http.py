"""What a request of plain HTTP asks for, and the heads of the answers."""

from base64 import b64encode
from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers
from websockets.http11 import Request

from common.refs.ids import blob_id, message_id
from services.network.http import (
    BlobAsked,
    MessageAsked,
    RefusedError,
    asked,
    blob_answer,
    message_answer,
    refusal,
    span_of,
    unboxed_answer,
)

BLOB = blob_id(b"\xfb\xff" * 16)
"""With a plus and a slash."""
MESSAGE = message_id(b"\xbb\xff" * 16)
KEY = bytes(range(32))
TEXT = "text/plain; charset=utf-8"
BOXS = quote(f"{b64encode(KEY).decode()}.boxs", safe="")


def request(path: str, method: str = "GET", version: str = "HTTP/1.1", **fields: str) -> Request:
    named = Headers([(name.replace("_", "-"), value) for name, value in fields.items()])
    return Request(path, named, method, version)


def blob(query: str = "", method: str = "GET", **fields: str) -> BlobAsked:
    wanted = asked(request(f"/blobs/get/{BLOB}{query}", method, **fields))
    assert isinstance(wanted, BlobAsked)
    return wanted


def fields_of(head: bytes) -> dict[str, str]:
    lines = head.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines)


def refused(path: str, method: str = "GET") -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        asked(request(path, method))
    return caught.value


@pytest.mark.parametrize("spelling", [BLOB, quote(BLOB, safe=""), BLOB.replace("&", "%26")])
def test_a_blob_is_asked_for_in_every_spelling(spelling: str) -> None:
    wanted = asked(request(f"/blobs/get/{spelling}?x=y"))
    assert wanted == BlobAsked(BLOB, False, None, False, None, None, None, False, "HTTP/1.1")


@pytest.mark.parametrize("spelling", [MESSAGE, quote(MESSAGE, safe="")])
def test_a_message_is_asked_for_in_every_spelling(spelling: str) -> None:
    assert asked(request(f"/msg/{spelling}", "HEAD")) == MessageAsked(MESSAGE, True)


def test_the_query_tells_the_form() -> None:
    wanted = blob(f"?unbox={BOXS}&contentType=image/PNG&filename=a%20%22b.png&gzip=1")
    assert wanted.key == KEY
    assert (wanted.kind, wanted.name, wanted.gzip) == ("image/png", 'a "b.png', True)
    assert blob("?contentType=text/html").kind is None
    plus = f"{b64encode(KEY).decode()}.boxs"
    assert blob(f"?unbox={plus}").key == KEY
    assert blob("?filename=" + "n" * 9_000).name == "n" * 255


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 404),
        ("/blobs/get", "GET", 404),
        ("/msg/x", "GET", 404),
        (f"/x/msg/{MESSAGE}", "GET", 404),
        ("/blobs/get/", "GET", 400),
        ("/blobs/get/../../secret", "GET", 400),
        (f"/blobs/get/{BLOB}%00", "GET", 400),
        (f"/blobs/get/{MESSAGE}", "GET", 400),
        (f"/blobs/get/{BLOB}?unbox=x", "GET", 400),
        (f"/blobs/get/{BLOB}?unbox=AAAA.boxs", "GET", 400),
        (f"/blobs/get/{BLOB}?unbox=%FF%FF.boxs", "GET", 400),
        (f"/blobs/get/{BLOB}?{'&'.join(['a=b'] * 17)}", "GET", 400),
        (f"/blobs/get/{BLOB}", "POST", 405),
    ],
)
def test_what_is_not_here_is_refused_with_words(path: str, method: str, status: int) -> None:
    error = refused(path, method)
    assert error.status == status
    answer = refusal(error)
    head, _, body = answer.head.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert body == f"{error.text}\n".encode()
    assert fields_of(head)["Content-Type"] == "text/plain; charset=utf-8"
    assert fields_of(head)["Cache-Control"] == "no-store"
    assert ("Allow" in fields_of(head)) == (status == 405)
    assert refusal(error, head_only=True).head == head + b"\r\n\r\n"


def test_who_may_come_again_is_told_when() -> None:
    assert fields_of(refusal(RefusedError(503, "busy")).head)["Retry-After"] == "5"


@pytest.mark.parametrize(
    ("text", "span"),
    [
        (None, None),
        ("bytes=0-0", range(1)),
        ("bytes=0-9", range(10)),
        ("Bytes= 5-", range(5, 10)),
        ("bytes=9-", range(9, 10)),
        ("bytes=5-99999999999", range(5, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-300", range(10)),
        ("bytes=10-", range(0)),
        ("bytes=10-20", range(0)),
        ("bytes=-0", range(0)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("bytes=x-y", None),
        ("bytes=٣-", None),
        ("lines=0-1", None),
        ("bytes=" + "9" * 400 + "-", None),
    ],
)
def test_a_range_is_read_as_the_standard_says(text: str | None, span: range | None) -> None:
    assert span_of(text, 10) == span


@given(st.integers(0, 1_000), st.integers(0, 1_200), st.none() | st.integers(0, 1_200))
def test_a_range_stays_inside(size: int, first: int, last: int | None) -> None:
    span = span_of(f"bytes={first}-{'' if last is None else last}", size)
    whole = range(size)
    if last is not None and last < first:
        assert span is None
    else:
        assert span is not None
        assert list(span) == list(whole[first : None if last is None else last + 1])


def test_a_whole_blob_and_a_part_of_it() -> None:
    whole = blob_answer(blob(), 10, TEXT)
    assert (whole.status, whole.span, whole.phrase) == (200, range(10), "OK")
    fields = fields_of(whole.head)
    assert fields["ETag"] == f'"{BLOB}"'
    assert fields["Content-Type"] == "text/plain; charset=utf-8"
    assert fields["Cache-Control"] == "public, max-age=31536000, immutable"
    assert fields["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in fields["Content-Security-Policy"]
    assert "default-src 'none'" in fields["Content-Security-Policy"]
    assert fields["Access-Control-Allow-Origin"] == "*"
    assert fields["Content-Length"] == "10"
    assert fields["Connection"] == "close"
    part = blob_answer(blob(Range="bytes=2-4"), 10, TEXT)
    assert (part.status, part.span) == (206, range(2, 5))
    assert fields_of(part.head)["Content-Range"] == "bytes 2-4/10"
    assert fields_of(part.head)["Content-Length"] == "3"
    outside = blob_answer(blob(Range="bytes=10-"), 10, TEXT)
    assert (outside.status, outside.span) == (416, range(0))
    assert fields_of(outside.head)["Content-Range"] == "bytes */10"


def test_a_range_holds_for_a_get_of_the_same_blob() -> None:
    assert blob("", "HEAD", Range="bytes=0-1").span is None
    assert blob(Range="bytes=0-1", If_Range='"other"').span is None
    assert blob(Range="bytes=0-1", If_Range=f'"{BLOB}"').span == "bytes=0-1"


@pytest.mark.parametrize("tags", [f'"{BLOB}"', BLOB, f'"x", W/"{BLOB}"'])
def test_who_has_the_blob_is_not_sent_it_again(tags: str) -> None:
    answer = blob_answer(blob(If_None_Match=tags), 10, TEXT)
    assert (answer.status, answer.span) == (304, range(0))
    assert fields_of(answer.head)["ETag"] == f'"{BLOB}"'
    assert not blob(If_None_Match='"other", *').known


def test_a_name_for_a_blob_breaks_no_head() -> None:
    answer = blob_answer(blob("?filename=%0D%0ASet-Cookie:x%22;&contentType=a%0D%0Ab:c"), 1, TEXT)
    fields = fields_of(answer.head)
    assert fields["Content-Disposition"] == "inline; filename*=UTF-8''%0D%0ASet-Cookie%3Ax%22%3B"
    assert "Set-Cookie" not in fields
    assert fields["Content-Type"] == "text/plain; charset=utf-8"


def test_what_a_key_opened_has_no_length() -> None:
    fields = fields_of(unboxed_answer(blob(f"?unbox={BOXS}&gzip=1"), "image/gif").head)
    assert fields["Transfer-Encoding"] == "chunked"
    assert fields["Content-Type"] == "image/gif"
    assert fields["Content-Encoding"] == "gzip"
    assert fields["Cache-Control"].startswith("private,")
    old = asked(request(f"/blobs/get/{BLOB}?unbox={BOXS}", version="HTTP/1.0"))
    assert isinstance(old, BlobAsked)
    assert "Transfer-Encoding" not in fields_of(unboxed_answer(old, TEXT).head)


def test_a_message_is_json() -> None:
    answer = message_answer(b"{}", head_only=False)
    assert answer.head.endswith(b"\r\n\r\n{}")
    assert fields_of(answer.head)["Content-Type"] == "application/json"
    assert message_answer(b"{}", head_only=True).head.endswith(b"\r\n\r\n")


@given(
    st.text(st.characters(max_codepoint=127), max_size=80),
    st.dictionaries(
        st.sampled_from(["Range", "If-None-Match", "If-Range"]),
        st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40),
        max_size=3,
    ),
    st.sampled_from(
        ["", f"/blobs/get/{BLOB}?", f"/blobs/get/{BLOB}?unbox=", "/msg/", "/blobs/get/"]
    ),
)
def test_no_request_breaks_the_reader(path: str, fields: dict[str, str], before: str) -> None:
    one = Request(before + path, Headers(list(fields.items())))
    with suppress(RefusedError):
        wanted = asked(one)
        if isinstance(wanted, BlobAsked):
            head = blob_answer(wanted, 100, TEXT).head
            assert head.count(b"\r\n\r\n") == 1
            assert head.endswith(b"\r\n\r\n")
