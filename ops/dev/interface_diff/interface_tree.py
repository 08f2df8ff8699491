"""Lays out the interface as a tree whose places have one rule each: see `compare.mjs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]

#: Text for people, and suggestions: no client depends on them.
_WORDS = {"description", "examples", "summary", "title", "default", "links", "info", "tags", "servers", "x-enum"}

#: Keywords that limit a value, apart from its type and an enumeration.
_LIMITS = (
    *("maximum", "minimum", "maxLength", "minLength", "pattern", "format", "maxItems", "minItems"),
    *("uniqueItems", "multipleOf", "additionalProperties", "oneOf", "allOf", "not", "dependentRequired"),
)

#: The path of a message itself, beside those of its fields.
WHOLE = "(whole)"

_METHODS = ("get", "post", "put", "patch", "delete")


def without_words(value: Any, names: bool = False) -> Any:
    """Returns a document without text for people. `names`: the keys are names (of fields, say), not keywords."""
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if names or key not in _WORDS}
        return {key: without_words(one, key in ("properties", "schemas", "messages")) for key, one in kept.items()}
    return [without_words(one) for one in value] if isinstance(value, list) else value


def interface_tree(asyncapi: Json, openapi: Json) -> Json:
    """Returns the tree: subjects, requests, and the messages that clients send (`received`) and receive (`sent`)."""
    received, sent = _Messages(), _Messages()
    for operation in asyncapi["operations"].values():
        _add_messages(asyncapi, operation, received if operation["action"] == "receive" else sent)
        if "reply" in operation:
            _add_messages(asyncapi, operation["reply"], sent)
    requests = dict(_requests(openapi, received, sent))
    for name, path in openapi.get("webhooks", {}).items():
        for operation in path.values():
            sent.add_contents(openapi, f"webhook {name}", operation["requestBody"])
    return {
        "asyncapi": "3.0.0",
        "subjects": {name: channel["address"] or "a reply" for name, channel in asyncapi["channels"].items()},
        "requests": requests,
        "received": received.fields,
        "sent": sent.fields,
    }


def _add_messages(document: Json, operation: Json, side: _Messages) -> None:
    """Adds the messages of an operation, by the name of its channel: how the model is called is of no consequence."""
    channel = operation["channel"]["$ref"].rpartition("/")[2]
    for message in operation["messages"]:
        name = message["$ref"].rpartition("/")[2]
        while "$ref" in message:
            message = _resolve(document, message["$ref"])
        side.add(document, channel if len(operation["messages"]) == 1 else f"{channel} {name}", message["payload"])


def _requests(openapi: Json, received: _Messages, sent: _Messages) -> Iterator[tuple[str, Json]]:
    for path, operations in openapi["paths"].items():
        for method in _METHODS:
            if (operation := operations.get(method)) is None:
                continue
            name = f"{method.upper()} {path}"
            parameters = {f"{one['in']} {one['name']}": one for one in operation.get("parameters", [])}
            received.add(openapi, f"{name} parameters", {"properties": parameters, "required": [
                key for key, one in parameters.items() if one.get("required")
            ]})  # fmt: skip
            received.add_contents(openapi, f"{name} body", operation.get("requestBody", {}))
            results = [code for code in operation["responses"] if code.startswith("2")]
            for code, response in operation["responses"].items():
                sent.add_contents(openapi, f"{name} {code}", response)
            yield name, {"results": dict.fromkeys(results, True)}


class _Messages:
    """The fields of messages by the message's name, each with what is known of it."""

    def __init__(self) -> None:
        self.fields: dict[str, dict[str, Json]] = {}

    def add_contents(self, document: Json, name: str, of: Mapping[str, Any]) -> None:
        """Adds the body of a request or of a response."""
        for kind, content in of.get("content", {}).items():
            if "schema" in content:
                self.add(document, name if kind == "application/json" else f"{name} {kind}", content["schema"])

    def add(self, document: Json, name: str, schema: Json) -> None:
        """Adds a schema, and every one that it refers to by their own names."""
        if name in self.fields:
            return
        self.fields[name] = {}
        if (reference := schema.get("$ref")) is not None:
            schema = _resolve(document, reference)
        schema = _with_scalars(document, schema)
        for path, field, is_required in _fields(schema):
            facts: Json = {
                "types": dict.fromkeys(_types(field), True),
                "values": dict.fromkeys(_values(field), True),
            }
            facts["limits"] = _limits(field)
            self.fields[name][path] = facts | ({"required": True} if is_required else {})
        for reference in _references(schema):
            self.add(document, reference.rpartition("/")[2], {"$ref": reference})


def _with_scalars(document: Json, value: Any) -> Any:
    """Returns a schema with its references to scalars and enumerations replaced by these."""
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            found = _resolve(document, reference)
            return value if {"properties", "anyOf", "oneOf"} & set(found) else found
        return {key: _with_scalars(document, one) for key, one in value.items()}
    return [_with_scalars(document, one) for one in value] if isinstance(value, list) else value


def _fields(schema: Json, path: str = WHOLE, is_required: bool = False) -> Iterator[tuple[str, Json, bool]]:
    """Yields every field of a schema by its path."""
    if "schema" in schema:  # a parameter
        schema = {**schema["schema"], "required": []}
    yield path, schema, is_required
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        yield from _fields(field, name if path == WHOLE else f"{path}.{name}", name in required)
    if isinstance(items := schema.get("items"), dict):
        yield from _fields(items, f"{path}[]")
    for option in schema.get("anyOf", []):
        if "properties" in option or "items" in option:
            yield from (one for one in _fields(option, path) if one[0] != path)


def _types(schema: Json) -> list[str]:
    if "anyOf" in schema:
        return [one for option in schema["anyOf"] for one in _types(option)]
    if "$ref" in schema:
        return [schema["$ref"].rpartition("/")[2]]
    types = schema.get("type", "any")
    return types if isinstance(types, list) else [types]


def _values(schema: Json) -> list[str]:
    if "anyOf" in schema:
        return [one for option in schema["anyOf"] for one in _values(option)]
    if "const" in schema:
        return [str(schema["const"])]
    return [str(value) for value in schema.get("enum", ["any"])]


def _limits(schema: Json) -> dict[str, str]:
    found = {word: str(schema[word]) for word in _LIMITS if word in schema}
    for option in schema.get("anyOf", []):
        found |= _limits(option)
    return found


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _references(one)


def _resolve(document: Any, reference: str) -> Json:
    for word in reference.removeprefix("#/").split("/"):
        document = document[word.replace("~1", "/").replace("~0", "~")]
    return dict(document)
