"""The API's documentation as a page of our own, drawn from openapi.json: no script, no CDN."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from web.rendering import Renderer

Schema = Mapping[str, Any]


def reference_router(renderer: Renderer) -> APIRouter:
    """The route `/docs`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    def reference(request: Request) -> Response:
        schema = request.app.openapi()
        return renderer.page(request, "reference.html", groups=operations(schema), info=schema["info"])

    return router


def operations(schema: Schema) -> dict[str, list[dict[str, Any]]]:
    """The operations of an OpenAPI document under their tags, each with what a reader needs."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            tag = operation.get("tags", [""])[0]
            groups.setdefault(tag, []).append(_operation(schema, path, method, operation))
    return groups


def _operation(schema: Schema, path: str, method: str, operation: Schema) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = _resolve(schema, content.get("schema", {}))
    answer = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
    return {
        "method": method.upper(),
        "path": path,
        "description": operation.get("description", ""),
        "parameters": [
            _field(schema, p["name"], p["schema"], p.get("required", False)) | _said(p)
            for p in operation.get("parameters", [])
        ],
        "fields": _fields(schema, body),
        "example": _example_request(path, method, body),
        "answers": _fields(schema, _resolve(schema, answer.get("schema", {}))),
        "problems": sorted(code for code in operation["responses"] if code >= "400"),
    }


def _said(parameter: Schema) -> dict[str, Any]:
    return {"description": parameter["description"]} if parameter.get("description") else {}


def _fields(schema: Schema, model: Schema) -> list[dict[str, Any]]:
    required = model.get("required", [])
    return [
        _field(schema, name, field, name in required) for name, field in model.get("properties", {}).items()
    ]


def _field(schema: Schema, name: str, field: Schema, required: bool) -> dict[str, Any]:
    return {
        "name": name,
        "type": _type(schema, field),
        "required": required,
        "description": field.get("description", ""),
        "default": json.dumps(field["default"]) if field.get("default") is not None else "",
    }


def _type(schema: Schema, field: Schema) -> str:
    """A type in words that fit a table's cell: `integer, 1 to 50`, `list of Passage`."""
    choices = [choice for choice in field.get("anyOf", []) if choice.get("type") != "null"]
    if choices:
        return " or ".join(_type(schema, choice) for choice in choices)
    if "$ref" in field:
        return str(field["$ref"].rsplit("/", 1)[-1].removesuffix("Json"))
    if "enum" in field:
        return ", ".join(map(str, field["enum"]))
    if field.get("type") == "array":
        return f"list of {_type(schema, field.get('items', {}))}"
    bounds = [f"{sign} {field[key]}" for key, sign in _BOUNDS.items() if key in field]
    return ", ".join([field.get("type", "anything"), *bounds])


_BOUNDS = {
    "minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<",
    "minLength": "length ≥", "maxLength": "length ≤",
}  # fmt: skip


def _resolve(schema: Schema, model: Schema) -> Schema:
    if "$ref" not in model:
        return model
    name = model["$ref"].rsplit("/", 1)[-1]
    resolved: Schema = schema["components"]["schemas"][name]
    return resolved


def _example_request(path: str, method: str, body: Schema) -> str:
    """The operation as a `curl` command."""
    command = "curl" if method == "get" else f"curl -X {method.upper()}"
    if path == "/api/search":
        return "curl 'http://127.0.0.1:8000/api/search?q=attention&limit=5'"
    lines = [f"{command} http://127.0.0.1:8000{path}"]
    for example in body.get("examples", [])[:1]:
        lines += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(example, ensure_ascii=False)}'"]
    return " \\\n  ".join(lines)
