# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds what the tool prints as JSON against doc/report.schema.json."""

import functools
import json
import os
import sys

try:
    import jsonschema
except ImportError:
    jsonschema = None
    print("# no python3-jsonschema: JSON is not held against its schema", file=sys.stderr)

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "doc", "report.schema.json")

# The key that only this kind of object has; an error may stand beside each of the others.
KINDS = (("summary", "report"), ("structure", "structure"), ("keys", "keys"), ("key", "made_key"),
         ("imported", "imports"), ("parties", "plan"), ("findings", "findings"), ("error", "error"))


@functools.lru_cache(None)
def definitions():
    with open(PATH, encoding="utf-8") as source:
        return json.load(source)


@functools.lru_cache(None)
def validator(kind):
    schema = definitions()
    jsonschema.Draft202012Validator.check_schema(schema)
    whole = {key: value for key, value in schema.items() if key != "anyOf"}
    return jsonschema.Draft202012Validator({**whole, "$ref": "#/$defs/" + kind} if kind else schema)


def faults(value):
    """What is wrong with this object, as lines; none: it fits."""
    if jsonschema is None:
        return []
    kind = next((kind for key, kind in KINDS if key in value), None)
    if kind is None:
        return ["$: an object of no known kind: %s" % sorted(value)]
    return ["%s: %s" % (error.json_path, error.message[:300]) for error in validator(kind).iter_errors(value)]


def parse(data):
    """The object in these bytes when it is one of the tool's, else None."""
    if not data.lstrip().startswith(b"{"):
        return None
    try:
        value = json.loads(data.decode("utf-8"))
    except ValueError:
        return None
    return value if isinstance(value, dict) and "format_version" in value else None
