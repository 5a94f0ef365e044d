"""docs/openapi.json as the judge of answers: every answer that a test gets through Server.http must
be one that the specification promises."""

import functools
import json
import pathlib
import re
import urllib.parse

import jsonschema
import referencing
import referencing.jsonschema

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DOCUMENT = "urn:konomi:openapi"
# What is no operation: the page, and paths that a test makes up.
METHODS = ("get", "put", "post", "delete")


@functools.cache
def specification():
    return json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))


@functools.cache
def registry():
    resource = referencing.Resource(contents=specification(),
                                    specification=referencing.jsonschema.DRAFT202012)
    return referencing.Registry().with_resource(DOCUMENT, resource)


@functools.cache
def patterns():
    return [(re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), path)
            for path in sorted(specification()["paths"], key=lambda path: path.count("{"))]


@functools.cache
def validator(pointer):
    return jsonschema.Draft202012Validator(
        {"$ref": f"{DOCUMENT}#{pointer}"}, registry=registry(),
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def escaped(word):
    return urllib.parse.quote(word.replace("~", "~0").replace("/", "~1"), safe="~")


def problem_of(method, path, status, content_type, body):
    """What about an answer the specification does not promise, or None."""
    found = next((name for pattern, name in patterns() if pattern.fullmatch(path)), None)
    method = "get" if method == "HEAD" else method.lower()
    if found is None or method not in specification()["paths"][found]:
        return None  # Refused by the router; what it answers, tests of HTTP say.
    responses = specification()["paths"][found][method]["responses"]
    name = str(status) if str(status) in responses else "default"
    if name not in responses:
        return f"the status {status} is not among {sorted(responses)}"
    pointer = f"/paths/{escaped(found)}/{method}/responses/{name}"
    response = responses[name]
    if "$ref" in response:
        pointer = response["$ref"].removeprefix("#")
        response = functools.reduce(lambda node, word: node[word], pointer.split("/")[1:],
                                    specification())
    if "content" not in response:
        return f"{status} has a body, and none is promised" if body else None
    media_type = content_type.partition(";")[0].strip()
    content = response["content"]
    if media_type not in content:
        return f"{status} has the type {media_type!r}; expected one of {sorted(content)}"
    is_json = media_type == "application/json" or media_type.endswith("+json")
    if not body or not is_json or "schema" not in content[media_type]:
        return None
    errors = list(validator(f"{pointer}/content/{escaped(media_type)}/schema").iter_errors(
        json.loads(body)))
    return "; ".join(f"{error.json_path}: {error.message[:300]}" for error in errors[:3]) or None


def check(answer):
    """An httpx event hook."""
    answer.read()
    request = answer.request
    body = b"" if request.method == "HEAD" else answer.content
    problem = problem_of(request.method, request.url.raw_path.decode().partition("?")[0],
                         answer.status_code, answer.headers.get("content-type", ""), body)
    assert problem is None, (f"{request.method} {request.url}: {problem}; docs/openapi.json "
                             f"promises otherwise\n{answer.text[:500]}")
