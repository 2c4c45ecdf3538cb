from common.feed.links import links_in

FEED = "@" + 42 * "A" + "A=.ed25519"
MESSAGE = "%" + 42 * "A" + "A=.sha256"


def test_links_stand_alone_in_lists_and_in_objects() -> None:
    content = {
        "type": "post",
        "root": MESSAGE,
        "mentions": [{"link": FEED, "name": "x"}, {"link": "nothing"}, None, 7, MESSAGE],
        "deep": {"er": MESSAGE},
        "listed": {"0": FEED, "1": {"link": MESSAGE + "?a=b"}},
    }
    assert [(link.rel, link.dest) for link in links_in(content)] == [
        ("root", MESSAGE),
        ("mentions", FEED),
        ("mentions", MESSAGE),
        ("listed", FEED),
        ("listed", MESSAGE + "?a=b"),
    ]


def test_a_message_without_readable_content_links_by_its_own_members() -> None:
    value = {"previous": MESSAGE, "author": FEED, "content": "abc.box"}
    assert [link.rel for link in links_in(value)] == ["previous", "author"]
    value["content"] = {"type": "post", "about": FEED}  # type: ignore[assignment]
    assert [link.rel for link in links_in(value)] == ["about"]
    assert not list(links_in("text"))
