"""What holds for the whole tree: small modules, and no machine's paths or registries."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
MAX_LINES = 400


def test_modules_stay_small() -> None:
    sources = [*ROOT.glob("common/**/*.py"), *ROOT.glob("services/**/*.py")]
    assert sources
    large = {
        str(p.relative_to(ROOT)): n
        for p in sources
        if (n := len(p.read_text().splitlines())) > MAX_LINES
    }
    assert not large
