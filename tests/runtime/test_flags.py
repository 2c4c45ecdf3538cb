from math import inf
from typing import Any

import pytest

from common.runtime import flags


@pytest.mark.parametrize(
    ("line", "words", "options"),
    [
        ("whoami", ["whoami"], {}),
        ("publish --type post --text hello", ["publish"], {"type": "post", "text": "hello"}),
        ("--a.b=1 --a.c 2", [], {"a": {"b": 1, "c": 2}}),
        ("--no-local --deep", [], {"local": False, "deep": True}),
        ("--x 1 --x 2 --x 3", [], {"x": [1, 2, 3]}),
        ("--x --x 2", [], {"x": 2}),
        ("--a 1 --a.b 2", [], {"a": 1}),
        ("get 5 0x10 1e3 1.5 .5 -- --raw", ["get", 5, 16, 1000, 1.5, 0.5, "--raw"], {}),
        ("--limit -1", [], {"limit": True, "1": True}),
        ("--gt 12345678901234567890", [], {"gt": 1.2345678901234567e19}),
        ("--h 0x40000000000000", [], {"h": float(2**54)}),
        ("--h 0x" + 256 * "f", [], {"h": inf}),
        (
            "-n5 -abc x -k=v -p/x -q",
            [],
            {"n": 5, "a": True, "b": True, "c": "x"} | {"k": "v", "p": "/x", "q": True},
        ),
        ("-a- - --", ["-"], {"a": "-"}),
        ("--id @abc=.ed25519", [], {"id": "@abc=.ed25519"}),
        ("--local false", [], {"local": "false"}),
        ("--empty= --e", [], {"empty": "", "e": True}),
    ],
)
def test_flags_read_as_minimist_does(line: str, words: list[Any], options: dict[str, Any]) -> None:
    assert flags.parse(line.split()) == flags.Flags(words=words, options=options)
