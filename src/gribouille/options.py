"""Command line options made from a frozen dataclass: one a field, with its type and default, typed once.

In come a command that takes `config`, and the dataclass; out goes the same command with an option a field instead. A
field that is a dataclass itself stands for its own fields.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from inspect import cleandoc
from typing import Any, get_type_hints

import typer


def with_options(command: Callable[..., None], config_class: type) -> Callable[..., None]:
    """`command` (whose last parameter is `config`) as a function of its other parameters and the fields of the class;
    its help is what both say of themselves."""
    options = list(_options(config_class))
    names = [option.name for option in options]
    assert len(set(names)) == len(names), f"two fields of {config_class.__name__} have the same name"

    def call(**arguments: Any) -> None:
        values = {name: arguments.pop(name) for name in names}
        command(**arguments, config=_built(config_class, values))

    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(command).parameters.values()
        if parameter.name != "config"
    ]
    call.__doc__ = "\n\n".join(cleandoc(each.__doc__ or "") for each in (command, config_class))
    call.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *options]}
    return call


def run_with_options(command: Callable[..., None], config_class: type, arguments: list[str], name: str) -> None:
    """Parses arguments as `gribouille name` with an option for each field of the class, and calls the command."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(with_options(command, config_class))
    app(arguments, prog_name=f"gribouille {name}")


def _options(config_class: type) -> Iterator[inspect.Parameter]:
    kinds = get_type_hints(config_class)
    for field in fields(config_class):
        kind = kinds[field.name]
        if isinstance(kind, type) and is_dataclass(kind):
            yield from _options(kind)
        else:
            option = typer.Option(field.default, f"--{field.name.replace('_', '-')}")
            yield inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=kind)


def _built(config_class: type, values: dict[str, Any]) -> Any:
    def value(name: str, kind: Any) -> Any:
        return _built(kind, values) if isinstance(kind, type) and is_dataclass(kind) else values[name]

    return config_class(**{name: value(name, kind) for name, kind in get_type_hints(config_class).items()})
