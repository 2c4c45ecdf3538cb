import subprocess

from services.sbot.completion import SCRIPTS, words

MANIFEST = {"whoami": "sync", "blobs": {"get": "source", "x": {"y": "async"}}, "odd": 5}


def test_words_are_commands_aliases_and_methods() -> None:
    found = words(MANIFEST)
    assert found == sorted(found)
    assert {"start", "hist", "whoami", "blobs.get", "blobs.x.y", "invites"} <= set(found)
    assert "odd" not in found


def test_bash_takes_its_script_and_completes() -> None:
    script = (
        f"sbot() {{ echo 'blobs.get blobs.ls whoami'; }}\n{SCRIPTS['bash']}\n"
        'COMP_WORDS=(sbot blob) COMP_CWORD=1; _sbot; echo "${COMPREPLY[*]}"'
    )
    found = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout == "blobs.get blobs.ls\n"
