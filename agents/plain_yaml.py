"""YAML from anybody, read with care: plain values, lists and mappings, and nothing that a reader would not expect.

Numbers such as 1e-3 are numbers (plain YAML reads text), `no` and 1:30 are text (plain YAML reads False and 90). Aliases, tags,
duplicate keys, deep nesting, large files and those of very many values are refused; nothing is ever run.
"""

import re
from typing import Any

import yaml

from chain.errors import InputError

MOST_BYTES = 2**16
MOST_VALUES = 2**13
"""Lists, mappings and keys count too; this many are read in about half a second."""
DEEPEST = 8


class Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads one document."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 (what YAML guesses by default is forgotten)

    def compose_node(self, parent: Any, index: Any) -> Any:
        """One value, or what it holds."""
        event: Any = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not allowed", problem_mark=event.start_mark)
        if getattr(event, "tag", None):
            raise yaml.MarkedYAMLError(problem="tags are not allowed", problem_mark=event.start_mark)
        self.depth = getattr(self, "depth", 0) + 1
        if self.depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {DEEPEST} levels", problem_mark=event.start_mark)
        self.values = getattr(self, "values", 0) + 1
        if self.values > MOST_VALUES:
            raise yaml.MarkedYAMLError(problem=f"more than {MOST_VALUES:_} values", problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """A mapping whose keys are different texts."""
        seen = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                what = repr(key.value[:40]) if isinstance(key.value, str) else "that is a list or a mapping"
                raise yaml.MarkedYAMLError(problem=f"key {what} is no name", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"key {key.value[:40]!r} given twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return dict(super().construct_mapping(node, deep))


for _tag, _pattern, _first in (
    ("null", r"null|~", "n~"),
    ("bool", r"true|false", "tf"),
    ("int", r"[-+]?(0|[1-9][0-9_]*)", "-+0123456789"),
    ("float", r"[-+]?((0|[1-9][0-9_]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?", "-+.0123456789"),
):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list(_first))


def read_yaml(text: str, name: str) -> Any:
    """What a YAML text says.

    Args:
        text: one document.
        name: what it is, for messages.

    Raises:
        InputError: it is not YAML, or more of it than is allowed.

    >>> read_yaml("{learning_rate: 1e-3, net_arch: [64, 64], policy: no}", "example")
    {'learning_rate': 0.001, 'net_arch': [64, 64], 'policy': 'no'}
    """
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise InputError(f"{name}: longer than the {MOST_BYTES:_} bytes allowed")
    try:
        return Loader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        place = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"{name}{place}: {error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{name}: no YAML ({str(error).splitlines()[0]:.120})") from None
