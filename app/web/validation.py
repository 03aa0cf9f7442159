"""Request bodies, read strictly at one place."""

from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from app.errors import Invalid, Malformed, UnsupportedType

MAX_BODY_BYTES = 2 * 1024 * 1024
MAX_FIELDS = 20

REQUIRED = "You must provide a value"

Form = TypeVar("Form", bound=BaseModel)


def read_json(form: type[Form]) -> Form:
    """The request's JSON object as that form.

    Raises UnsupportedType, Malformed (not JSON by RFC 8259, too deep, NaN, a lone surrogate) or Invalid.
    """
    if request.mimetype != "application/json":
        raise UnsupportedType("Send the body as application/json.")
    try:
        document = from_json(request.get_data(), allow_inf_nan=False)
    except ValueError as error:
        raise Malformed(f"The body is not valid JSON: {error}.") from None
    if not isinstance(document, dict):
        raise Malformed("The body must be a JSON object.")
    return validate(form, document)


def validate(form: type[Form], values: dict[str, Any]) -> Form:
    """The values as that form. Raises Invalid with a sentence for each field to blame."""
    if len(values) > MAX_FIELDS:
        raise Malformed(f"There may be at most {MAX_FIELDS} fields.")
    try:
        return form.model_validate(values)
    except ValidationError as error:
        raise Invalid({_field(problem): _sentence(problem) for problem in error.errors()}) from None


def _field(problem: Any) -> str:
    return str(problem["loc"][0]) if problem["loc"] else ""


def _sentence(problem: Any) -> str:
    if problem["input"] is None:
        return REQUIRED
    match problem["type"]:
        case "missing":
            return REQUIRED
        case "too_long" | "string_too_long":
            return f"Use at most {problem['ctx']['max_length']:,} characters"
        case "extra_forbidden":
            return "There is no such field"
        case "value_error":
            return str(problem["ctx"]["error"])
        case _:
            return str(problem["msg"])
