"""Mappings of business systems' forms: which field of a resident goes into which of a form's inputs.

A mapping is a JSON file in a folder of the box, named after its id. A technician makes it by clicking in the form, with
the browser extension; it holds addresses and CSS selectors, and nothing of residents.
"""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from config.values import Name
from ticketing.files import replace_whole
from ticketing.model import Resident, StateError, UnknownError

MAPPED = (*(one.name for one in fields(Resident) if one.name != "kind"), "agent_name", "agent_id_number", "number")
"""What an input can be filled with: the fields of a resident, two of whoever came for them, and the ticket's number."""
MOST = 200
"""Mappings of a box, and pages or inputs of one."""
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def _some() -> Any:
    # In JSON they are lists.
    return Field(min_length=1, max_length=MOST, strict=False)


class MappedInput(BaseModel):
    """One input of a form.

    Attributes:
        field: one of :data:`MAPPED`.
        selector: the CSS selector that finds it; of radio buttons, the one that finds all of the group.
        date: how a date is written there, of ``YYYY``, ``MM`` and ``DD``; ISO 8601 where it is empty.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str
    selector: str = Field(min_length=1, max_length=400)
    date: str = Field("", max_length=40, pattern=r"^(?:[^A-Za-z%]|YYYY|MM|DD)*$")

    @field_validator("field")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in MAPPED:
            raise ValueError(f"is none of {', '.join(MAPPED)}")
        return value


class FormMapping(BaseModel):
    """The mapping of one form.

    Attributes:
        name: what the clerk is told.
        pages: addresses of its pages, without query; ``*`` stands for any characters of the path.
        inputs: what goes where, in the order in which it is filled in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    pages: tuple[Annotated[str, StringConstraints(max_length=400)], ...] = _some()
    inputs: tuple[MappedInput, ...] = _some()

    @field_validator("pages")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for page in value:
            parts = urlsplit(page)
            named = parts.scheme in ("http", "https") and parts.hostname and "*" not in parts.netloc and parts.path
            if not named or parts.query or parts.fragment or "@" in parts.netloc or " " in page:
                raise ValueError("write https://host/path, with * in the path alone, and no query")
        return value


class MappingError(StateError):
    """A mapping is damaged (``bad_mapping``), or cannot be kept (``mapping_unwritable``, ``mappings_full``)."""


class FormMappings:
    """The mappings in a folder, which is made with the first one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> dict[str, FormMapping]:
        """Each by its id; raises ``bad_mapping``, naming the file."""
        found = sorted(self._folder.glob("*.json")) if self._folder.is_dir() else []
        return {file.stem: _read(file) for file in found if ID.fullmatch(file.stem)}

    def find(self, mapping: str) -> FormMapping:
        """The one of this id; raises ``unknown_mapping``, ``bad_mapping``."""
        file = self._file(mapping)
        if not file.is_file():
            raise UnknownError("unknown_mapping")
        return _read(file)

    def put(self, mapping: str, said: FormMapping) -> None:
        """Keep it whole; raises ``unknown_mapping`` (not a fit id), ``mapping_unwritable``, ``mappings_full``."""
        file = self._file(mapping)
        if not file.exists() and len(list(self._folder.glob("*.json"))) >= MOST:
            raise MappingError("mappings_full")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            replace_whole(
                file, json.dumps(said.model_dump(), ensure_ascii=False, indent=2).encode() + b"\n", mode=0o644
            )
        except OSError as error:
            raise MappingError("mapping_unwritable", reason=error.strerror or "") from error

    def remove(self, mapping: str) -> None:
        """Take it away; raises ``unknown_mapping``, ``mapping_unwritable``."""
        try:
            self._file(mapping).unlink()
        except FileNotFoundError:
            raise UnknownError("unknown_mapping") from None
        except OSError as error:
            raise MappingError("mapping_unwritable", reason=error.strerror or "") from error

    def _file(self, mapping: str) -> Path:
        # The id is a file's name, and nothing else can be one.
        if not ID.fullmatch(mapping):
            raise UnknownError("unknown_mapping")
        return self._folder / f"{mapping}.json"


def _read(file: Path) -> FormMapping:
    try:
        return FormMapping.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise MappingError("bad_mapping", file=file.name) from error
