"""Runs the Python reader over every vector of spec/vectors and over the modules named on the command line."""

import json
import sys
from pathlib import Path

import pixie_reader

VECTORS = Path(__file__).resolve().parent.parent / "vectors"


def judge(data):
    """The listing, or the rule that is broken."""
    try:
        module = pixie_reader.Module(data)
        module.verify()
    except pixie_reader.Broken as error:
        return None, error
    return module.listing(), None


def main(extra):
    failures = []
    valid = sorted((VECTORS / "valid").glob("*.pixie"))
    invalid = sorted((VECTORS / "invalid").glob("*.pixie"))
    for path in valid:
        expected = json.loads(path.with_suffix(".json").read_text())
        listing, error = judge(path.read_bytes())
        if error:
            failures.append(f"{path.name}: refused: {error}")
        elif listing != expected:
            keys = [key for key in expected if listing.get(key) != expected[key]]
            failures.append(f"{path.name}: the listing differs in {keys}")
    for path in invalid:
        rule = json.loads(path.with_suffix(".json").read_text())["rule"]
        _, error = judge(path.read_bytes())
        if error is None:
            failures.append(f"{path.name}: accepted")
        elif error.rule != rule:
            failures.append(f"{path.name}: refused by {error}, expected {rule}")
    for path in map(Path, extra):
        _, error = judge(path.read_bytes())
        if error:
            failures.append(f"{path}: refused: {error}")
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{len(valid)} valid and {len(invalid)} invalid vectors, {len(extra)} modules, {len(failures)} failures")
    return 1 if failures or not valid or not invalid else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
