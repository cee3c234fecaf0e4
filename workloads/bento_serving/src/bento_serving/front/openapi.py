"""The OpenAPI document of a service, as it is now: with the model that it serves, and a question that it answers.

BentoML's own document is not valid (3.0.2 with the types of JSON Schema 2020-12), knows no GET, and of the answers that
refuse a request only a 400 of another shape. Its version of the document, 3.1.0, is the first one whose schemas are
JSON Schema, which is what pydantic writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bento_serving.front.refusals import Refusal

OPENAPI: Final = "3.1.0"
_REFERENCE: Final = "#/components/schemas/{model}"
_QUESTIONS: Final = "Questions"
_OPERATION: Final = "Operation"

REFUSALS: Final[Mapping[int, str]] = {
    400: "The body is no question that can be answered; every faulty field is named, with its position.",
    408: "The body did not come as a whole in time.",
    413: "The body is longer, or holds more, than a question with the most rows does. Ask in several requests.",
    415: "The body is of another media type.",
    503: "There is no model or no data to answer from now. Try again in a moment.",
}


@dataclass(frozen=True)
class Description:
    """What the document of one service says.

    Attributes:
        title: of the service.
        text: what it does and what it serves now, in Markdown.
        version: of the model in service.
        asked: summary and text of the question.
        request: type of a question.
        answer: type of its answer.
        info: type of what ``/model`` answers.
        example: a question that is answered with 200.
        request_content: further media types of a question, with their schemas.
        answer_content: and of an answer.
        parameters: headers of a question.
        refusals: status → meaning, beside those that all services have.
        changes: schema → property → what is to be added to its description.
    """

    title: str
    text: str
    version: str
    asked: tuple[str, str]
    request: type[BaseModel]
    answer: type[BaseModel]
    info: type[BaseModel]
    example: Mapping[str, Any] | None
    request_content: Mapping[str, Any] = field(default_factory=dict)
    answer_content: Mapping[str, Any] = field(default_factory=dict)
    parameters: Sequence[Mapping[str, Any]] = ()
    refusals: Mapping[int, str] = field(default_factory=dict)
    changes: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)


def document(told: Description) -> dict[str, Any]:
    """The document."""
    question: dict[str, Any] = {"schema": _reference(told.request)}
    if told.example is not None:
        question["example"] = told.example
    summary, text = told.asked
    predict = {
        "operationId": "predict",
        "tags": [_QUESTIONS],
        "summary": summary,
        "description": text,
        "parameters": list(told.parameters),
        "requestBody": {
            "required": True,
            "content": {"application/json": question, **told.request_content},
        },
        "responses": {
            "200": {
                "description": "An answer per question, in their order.",
                "content": {"application/json": {"schema": _reference(told.answer)}, **told.answer_content},
            },
            **_refused({**REFUSALS, **told.refusals}),
        },
    }
    return {
        "openapi": OPENAPI,
        "info": {"title": told.title, "description": told.text, "version": told.version},
        "tags": [
            {"name": _QUESTIONS, "description": "What people and programs ask."},
            {"name": _OPERATION, "description": "For the platform's own probes and monitoring."},
        ],
        "paths": {
            "/predict": {"post": predict},
            "/model": {
                "get": _model("model", told.info),
                "post": {**_model("model_by_post", told.info), "description": "For BentoML's own client."},
            },
            "/livez": {"get": _plain("livez", "Whether the process answers", {200: "It does."})},
            "/readyz": {
                "get": _plain(
                    "readyz",
                    "Whether there is something to answer from",
                    {200: "There is.", 503: "There is nothing yet, or no longer."},
                )
            },
            "/metrics": {"get": _plain("metrics", "Metrics for Prometheus", {200: "Prometheus' text format."})},
        },
        "components": {"schemas": _schemas(told)},
    }


def _model(name: str, info: type[BaseModel]) -> dict[str, Any]:
    return {
        "operationId": name,
        "tags": [_QUESTIONS],
        "summary": "The model that answers",
        "responses": {
            "200": {
                "description": "Its version, its data and its features.",
                "content": {"application/json": {"schema": _reference(info)}},
            },
            **_refused({503: REFUSALS[503]}),
        },
    }


def _refused(statuses: Mapping[int, str]) -> dict[str, Any]:
    content = {"application/json": {"schema": _reference(Refusal)}}
    return {str(status): {"description": text, "content": content} for status, text in sorted(statuses.items())}


def _plain(name: str, summary: str, statuses: Mapping[int, str]) -> dict[str, Any]:
    content = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "operationId": name,
        "tags": [_OPERATION],
        "summary": summary,
        "responses": {str(status): {"description": text, "content": content} for status, text in statuses.items()},
    }


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(model=model.__name__)}


def _schemas(told: Description) -> dict[str, Any]:
    """The schemas of all types, with what only the model in service knows."""
    _, written = models_json_schema(
        [
            (told.request, "validation"),
            *((model, "serialization") for model in (told.answer, told.info, Refusal)),
        ],
        ref_template=_REFERENCE,
    )
    schemas: dict[str, Any] = written["$defs"]
    for name, properties in told.changes.items():
        for key, change in properties.items():
            schemas[name]["properties"][key] |= change
    return schemas
