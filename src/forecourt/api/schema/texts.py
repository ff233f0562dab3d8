"""Texts and numbers as the API takes them: bounded, without control characters."""

from typing import Annotated

from msgspec import Meta

# Valid both in Python and, as JSON Schema asks, in ECMA-262.
NO_CONTROL = r"^(?![\s\S]*[\u0000-\u001f\u007f])"

Id = Annotated[str, Meta(min_length=1, max_length=48, pattern=NO_CONTROL)]
Word = Annotated[str, Meta(max_length=64, pattern=NO_CONTROL)]
Name = Annotated[str, Meta(max_length=200, pattern=NO_CONTROL)]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217.")]
Watt = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Ampere = Annotated[int, Meta(ge=0, le=100_000)]
EvseId = Annotated[int, Meta(ge=0, le=1_000_000)]
