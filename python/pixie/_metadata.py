"""What modules keep for the first PIXIE's interface, as JSON in the metadata of exports and of the module."""



def export_metadata(entries):
    """The metadata of one export: for each name that it has, the name, the signature as it was given, and the user's metadata.

    Raises `TypeError` for metadata that neither JSON nor a Python literal can say.
    """
    import json

    return json.dumps({"upstream": [_entry(*entry) for entry in entries]}, sort_keys=True)


def read(text, kind):
    """What stands under `upstream` in a metadata text, if it is of this `kind`; metadata of other tools is none."""
    if not text:
        # Most modules: what is not imported costs nothing.
        return kind()
    import json

    try:
        found = json.loads(text)
    except ValueError:
        return kind()
    found = found.get("upstream") if isinstance(found, dict) else None
    return found if isinstance(found, kind) else kind()


def value(entry):
    """The user's metadata in an entry."""
    import ast

    return ast.literal_eval(entry["literal"]) if "literal" in entry else entry.get("metadata")


def _entry(name, signature, metadata):
    import ast
    import json

    entry = {"name": name, "signature": signature}
    try:
        exact = _same(json.loads(json.dumps(metadata)), metadata)
    except (TypeError, ValueError):
        exact = False
    if exact:
        return {**entry, "metadata": metadata}
    try:
        exact = _same(ast.literal_eval(repr(metadata)), metadata)
    except (ValueError, SyntaxError):
        exact = False
    if not exact:
        raise TypeError(
            f"metadata of `{name}` cannot be kept in a file: {metadata!r}\nhint: use numbers, text, lists, dicts, tuples"
        )
    return {**entry, "literal": repr(metadata)}


def _same(a, b):
    # A tuple equals no list, but 1 equals True and 1.0.
    return a == b and repr(a) == repr(b)
