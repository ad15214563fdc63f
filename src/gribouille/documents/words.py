"""Numbers as a language writes them: values in, text out, in English or French."""

from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "fr"]

LANGUAGES: tuple[Language, ...] = ("en", "fr")
THIN = "\N{NARROW NO-BREAK SPACE}"  # before %, and between thousands in French


def number(value: float, language: Language, digits: int = 4) -> str:
    """A number with so many significant digits."""
    return _with_comma(f"{value:.{digits}g}", language)


def decimal(value: float, language: Language, decimals: int) -> str:
    """A number with so many digits after the point."""
    return _with_comma(f"{value:.{decimals}f}", language)


def share(value: float, language: Language) -> str:
    """A share as percentage with one decimal."""
    return _with_comma(f"{100 * value:.1f}{THIN}%", language)


def count(number: int, language: Language) -> str:
    """A count with its thousands set apart as the language does."""
    return f"{number:,}" if language == "en" else f"{number:,}".replace(",", THIN)


def _with_comma(text: str, language: Language) -> str:
    return text.replace(".", ",") if language == "fr" else text
