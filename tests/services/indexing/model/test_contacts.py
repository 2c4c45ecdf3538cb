from common.graph import BLOCK, Edge
from common.refs import feed_id
from services.indexing.model.contacts import Contacts
from tests.support.messages import AUTHOR, message


def test_contacts_draw_an_edge_that_reads_back() -> None:
    other = feed_id(b"b" * 32)
    rows = list(Contacts().rows(message({"type": "contact", "contact": other, "blocking": True})))
    assert [said.edge for said in Contacts.all_said(rows)] == [Edge(feed_id(AUTHOR), other, BLOCK)]
    for nobody in ("nobody", other.replace("ed25519", "sha256")):
        assert not list(Contacts().rows(message({"type": "contact", "contact": nobody})))
