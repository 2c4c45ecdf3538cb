"""ssb-ref, ssb-uri2 and multiserver-address: every function that a vector file names."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from common.refs import ids, invites, legacy, links, multiserver, uris
from common.refs.ids import BlobId, FeedId, MessageId
from tests.vectors.cases import read_cases

Function = Callable[[str], Any]


def _json_number(value: float) -> float | None:
    return None if math.isnan(value) or math.isinf(value) else value


def _legacy(address: legacy.LegacyAddress | None) -> Any:
    if address is None:
        return False
    fields = asdict(address)
    fields["port"] = _json_number(address.port)
    if address.seed is None:
        del fields["seed"]
    return fields


def _parse_link(text: str) -> Any:
    link = links.parse_link(text)
    if link is None:
        return None
    return {"link": link.link} if link.query is None else link._asdict()


def _parse_invite(text: str) -> Any:
    invite = invites.parse_invite(text)
    return None if invite is None else asdict(invite)


SSB_REF: dict[str, Function] = {
    "isFeed": ids.is_feed,
    "isMsg": ids.is_message,
    "isBlob": ids.is_blob,
    "isFeedType": lambda text: ids.sigil_of_any_format(text) == "@",
    "isMsgType": lambda text: ids.sigil_of_any_format(text) == "%",
    "isBlobType": lambda text: ids.sigil_of_any_format(text) == "&",
    "isCloakedMsg": ids.is_cloaked_message,
    "isLink": links.is_link,
    "isBlobLink": links.is_blob_link,
    "isMsgLink": links.is_message_link,
    "isAddress": legacy.is_address,
    "isInvite": invites.is_invite,
    "isLegacyInvite": invites.is_legacy_invite,
    "type": lambda text: links.kind_of(text) or False,
    "extract": links.find_link,
    "parseLink": _parse_link,
    "parseAddress": lambda text: _legacy(legacy.parse_address(text)),
    "parseInvite": _parse_invite,
    "getKeyFromAddress": legacy.key_of,
    "toLegacyAddress": lambda text: _legacy(legacy.from_multiserver(text)),
    "normalizeChannel": links.normalize_channel,
}


def _of_kind(*kinds: tuple[str, str]) -> Function:
    return lambda uri: uris.kind_of(uri) in kinds


def _of_type(*types: str) -> Function:
    def check(uri: str) -> bool:
        kind = uris.kind_of(uri)
        return kind is not None and (not types or kind[0] in types)

    return check


def _from_sigil(sigil: str, convert: Function) -> Function:
    return lambda text: convert(text) if text.startswith(sigil) else None


def _decompose(uri: str) -> Any:
    parts = uris.decompose(uri)
    if parts is None:
        return None
    fields = {"type": parts.type, "format": parts.format, "data": parts.data}
    return fields if parts.extra_data is None else {**fields, "extraData": parts.extra_data}


URI: dict[str, Function] = {
    "fromFeedSigil": _from_sigil("@", lambda text: uris.from_feed(FeedId(text))),
    "fromMessageSigil": _from_sigil("%", lambda text: uris.from_message(MessageId(text))),
    "fromBlobSigil": _from_sigil("&", lambda text: uris.from_blob(BlobId(text))),
    "fromMultiserverAddress": uris.from_address,
    "toFeedSigil": uris.to_feed,
    "toMessageSigil": uris.to_message,
    "toBlobSigil": uris.to_blob,
    "toMultiserverAddress": uris.to_address,
    "isClassicFeedSSBURI": _of_kind(("feed", "classic")),
    "isBendyButtV1FeedSSBURI": _of_kind(("feed", "bendybutt-v1")),
    "isGabbyGroveV1FeedSSBURI": _of_kind(("feed", "gabbygrove-v1")),
    "isButtwooV1FeedSSBURI": _of_kind(("feed", "buttwoo-v1")),
    "isIndexedV1FeedSSBURI": _of_kind(("feed", "indexed-v1")),
    "isFeedSSBURI": _of_type("feed"),
    "isClassicMessageSSBURI": _of_kind(("message", "classic")),
    "isBendyButtV1MessageSSBURI": _of_kind(("message", "bendybutt-v1")),
    "isGabbyGroveV1MessageSSBURI": _of_kind(("message", "gabbygrove-v1")),
    "isButtwooV1MessageSSBURI": _of_kind(("message", "buttwoo-v1")),
    "isIndexedV1MessageSSBURI": _of_kind(("message", "indexed-v1")),
    "isCloakedV1MessageSSBURI": _of_kind(("message", "cloaked")),
    "isMessageSSBURI": _of_type("message"),
    "isClassicBlobSSBURI": _of_kind(("blob", "classic")),
    "isAddressSSBURI": _of_type("address"),
    "isEncryptionKeyBox2DMDiffieHellmanSSBURI": _of_type("encryption-key"),
    "isIdentityPOBoxSSBURI": _of_kind(("identity", "po-box")),
    "isIdentityGroupSSBURI": _of_kind(("identity", "group")),
    "isIdentityFusionSSBURI": _of_kind(("identity", "fusion")),
    "isIdentitySSBURI": _of_type("identity"),
    "isExperimentalSSBURI": _of_type("experimental"),
    "isSSBURI": _of_type(),
    "decompose": _decompose,
}


def _as_json(addresses: multiserver.Addresses) -> Any:
    return [[{"name": p.name, "data": list(p.data)} for p in layers] for layers in addresses]


def _compare(got: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert got == wanted, {
        name: (got.get(name), wanted.get(name))
        for name in {**got, **wanted}
        if got.get(name) != wanted.get(name)
    }


def _check_ssb_ref(case: dict[str, Any], names: list[str]) -> None:
    text = case["input"]
    results = {name: SSB_REF[name](text) for name in case.get("only", names)}
    _compare({n: r for n, r in results.items() if r not in (False, None)}, case["ssb_ref"])
    for name in case["ssb_ref_not"]:
        assert results[name] in (False, None), name


def _check_uri(text: str, wanted: dict[str, Any], names: list[str]) -> None:
    got = {name: URI[name](text) for name in names}
    _compare({n: r for n, r in got.items() if r not in (False, None)}, wanted)


def _check_multiserver(text: str, wanted: dict[str, Any]) -> None:
    addresses = multiserver.decode(text)
    assert multiserver.is_multiserver(text) is (addresses is not None)
    if addresses is None:
        assert wanted == {}
        return
    plain = multiserver.encode(addresses, escape=False)
    assert wanted == {"check": True, "decode": _as_json(addresses), "encode": plain}
    assert multiserver.encode(addresses) == text


def _check_object(case: dict[str, Any]) -> None:
    fields = case["input_object"]
    address = legacy.LegacyAddress(fields["host"], fields["port"], fields["key"])
    got: dict[str, Any] = {}
    if legacy.is_address_object(fields):
        got["isAddress"] = True
    if address.is_valid:
        got |= {"isLegacyAddress": True, "toMultiServerAddress": address.multiserver()}
    _compare(got, case["ssb_ref"])


def _check(case: dict[str, Any], ref_names: list[str], uri_names: list[str]) -> None:
    if "input_object" in case:
        _check_object(case)
        return
    _check_ssb_ref(case, ref_names)
    if "only" not in case:
        _check_uri(case["input"], case["uri"], uri_names)
        _check_multiserver(case["input"], case["multiserver_address"])


def _refs(file: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    lists = json.loads(file.read_text("utf-8"))
    names = lists["ssb_ref_functions"], lists["uri_functions"]
    for n, case in enumerate(read_cases(file)):
        yield str(n), partial(_check, case, *names)


def _check_line(line: str) -> None:
    assert multiserver.is_multiserver(line)
    addresses = multiserver.decode(line)
    assert addresses is not None
    assert multiserver.encode(addresses) == line


def _random_lines(file: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    for n, line in enumerate(file.read_text("utf-8").split("\n")):
        if line:
            yield str(n), partial(_check_line, line)


RUNNERS = {
    "refs/generated-refs.json": _refs,
    "refs/multiserver-random.txt": _random_lines,
}
