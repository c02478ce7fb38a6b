"""Reads nginx configuration with certbot's parser: a line of JSON (a text) in, a line of JSON (its directives) out."""

import json
import sys

import pyparsing
from certbot_nginx._internal import nginxparser

pyparsing.ParserElement.enablePackrat()


def directives(block):
    """What the parser makes of a block, without its comments."""
    for entry in block:
        if entry and entry[0] == "#":
            continue
        if entry and isinstance(entry[0], list):
            yield {"words": list(entry[0]), "block": list(directives(entry[1]))}
        else:
            yield {"words": list(entry)}


for line in sys.stdin:
    try:
        answer = {"directives": list(directives(nginxparser.loads(json.loads(line))))}
    except Exception as error:  # whatever it complains of is its answer
        answer = {"refusal": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
