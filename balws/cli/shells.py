# -*- test-case-name: tests.cli.test_completion -*-
"""
Scripts of completion, as each shell wants them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from balws.cli.completion import Offer, OptionOffer

__all__ = ["SCRIPTS"]

_BASH = """\
# Completion of balws for bash.
_balws() {
    local current previous command words files IFS=$'\\n'
    current=${COMP_WORDS[COMP_CWORD]}
    previous=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()
    # bash takes --name=value for three words.
    if [ "$current" = "=" ]; then
        current=
    elif [ "$previous" = "=" ]; then
        previous=${COMP_WORDS[COMP_CWORD-2]}
    fi
    if [ "$COMP_CWORD" -eq 1 ]; then
        words=$'%(commands)s'
        COMPREPLY=($(compgen -W "$words" -- "$current"))
        return
    fi
    command=${COMP_WORDS[1]}
    if [ "$COMP_CWORD" -gt 2 ]; then
        case "$command ${COMP_WORDS[2]}" in
            %(further)s) command="$command ${COMP_WORDS[2]}";;
        esac
    fi
    words=
    files=
    case "$command,$previous" in
%(values)s
        *)
            case "$command" in
%(options)s
            esac
            ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    if [ -n "$files" ] && [ "${current#-}" = "$current" ]; then
        compopt -o filenames 2>/dev/null
        COMPREPLY+=($(compgen -f -- "$current"))
    fi
}
complete -F _balws balws
"""

#: A pattern that nothing is like: a list of patterns cannot be empty.
_NOTHING = "''"


def _flat(commands: Sequence[Offer], above: str = "") -> Iterator[tuple[str, Offer]]:
    """
    @return: each command, those of commands too, with all its words.
    """
    for command in commands:
        path = f"{above}{command.name}"
        yield path, command
        yield from _flat(command.commands, f"{path} ")


def _further(commands: Sequence[Offer]) -> str:
    """
    @return: a pattern, for bash and zsh, of those that have two words.
    """
    return "|".join(f"'{path}'" for path, _ in _flat(commands) if " " in path) or _NOTHING


def _argumentsOf(command: Offer) -> Sequence[str]:
    return command.choices or tuple(each.name for each in command.commands)


def _bash(commands: Sequence[Offer]) -> str:
    values, options = [], []
    for path, command in _flat(commands):
        words: list[str] = []
        for option in command.options:
            words += [name for name in option.names if name.startswith("--")]
            if option.takesValue:
                pattern = "|".join(f"'{path},{name}'" for name in option.names)
                values.append(f"        {pattern}) {_bashWords(option.choices, option.isFile)};;")
        offered = _bashWords(words, command.takesFiles)
        arguments = _argumentsOf(command)
        if arguments:
            # An option is what begins with its sign; the argument is asked for before.
            offered = f'{offered}; [ "${{current#-}}" != "$current" ] || {_bashWords(arguments, False)}'
        options.append(f"                '{path}') {offered};;")
    names = "\\n".join([*(command.name for command in commands), "--help", "--version"])
    return _BASH % {
        "commands": names,
        "further": _further(commands),
        "values": "\n".join(values),
        "options": "\n".join(options),
    }


def _bashWords(words: Sequence[str], isFile: bool) -> str:
    listed = "\\n".join(words)
    return " ".join([*([f"words=$'{listed}'"] if words else []), *(["files=1"] if isFile else []), ""])


_ZSH = """\
#compdef balws
# Completion of balws for zsh.
_balws() {
    local -a commands
    commands=(
%(commands)s
    )
    if (( CURRENT == 2 )); then
        _describe -t commands command commands
        return
    fi
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    if (( CURRENT > 2 )); then
        case "$command $words[2]" in
            (%(further)s)
                command="$command $words[2]"
                shift words
                (( CURRENT-- ))
                ;;
        esac
    fi
    case $command in
%(options)s
    esac
}
if [ "$funcstack[1]" = "_balws" ]; then
    _balws "$@"
else
    compdef _balws balws
fi
"""


def _zsh(commands: Sequence[Offer]) -> str:
    listed = [f"        {_quoted(f'{command.name}:{_zshText(command.words)}')}" for command in commands]
    options = []
    for path, command in _flat(commands):
        specs = [_zshOption(each) for each in command.options]
        if command.commands:
            named = " ".join(_quoted(f"{each.name}:{_zshText(each.words)}") for each in command.commands)
            specs.append(_quoted(f"1: :(({named}))"))
        elif command.choices:
            specs.append(_quoted(f"1: :({' '.join(command.choices)})"))
        elif command.takesFiles:
            specs.append("'*: :_files'")
        lines = " \\\n                ".join(specs)
        body = f"            _arguments -s \\\n                {lines}\n            ;;"
        options.append(f"        ('{path}')\n{body}")
    return _ZSH % {"commands": "\n".join(listed), "further": _further(commands), "options": "\n".join(options)}


def _zshOption(option: OptionOffer) -> str:
    words = f"[{_zshText(option.words)}]"
    if not option.takesValue:
        names, value = option.names, ""
    else:
        names = tuple(f"{name}=" if name.startswith("--") else f"{name}+" for name in option.names)
        offered = f"({' '.join(option.choices)})" if option.choices else "_files" if option.isFile else " "
        value = f":{option.names[0].removeprefix('--')}:{offered}"
    if len(names) == 1:
        return _quoted(f"{names[0]}{words}{value}")
    return f"{_quoted('(' + ' '.join(option.names) + ')')}{{{','.join(names)}}}{_quoted(words + value)}"


def _zshText(text: str) -> str:
    for each in ("\\", "[", "]", ":"):
        text = text.replace(each, f"\\{each}")
    return text


def _fish(commands: Sequence[Offer]) -> str:
    return "\n".join(["# Completion of balws for fish.", "complete -c balws -f", *_fishLines(commands), ""])


def _fishLines(commands: Sequence[Offer]) -> Iterator[str]:
    for command in commands:
        yield f"complete -c balws -n __fish_use_subcommand -a {command.name} -d {_fishText(command.words)}"
        yield from _fishCommand(command, f"__fish_seen_subcommand_from {command.name}")


def _fishCommand(command: Offer, seen: str) -> Iterator[str]:
    """
    @param seen: whether it stands on the line.
    """
    names = " ".join(each.name for each in command.commands)
    begin = f"complete -c balws -n '{seen}{f'; and not __fish_seen_subcommand_from {names}' if names else ''}'"
    for each in command.commands:
        yield f"{begin} -a {each.name} -d {_fishText(each.words)}"
    if command.choices:
        yield f"{begin} -a '{' '.join(command.choices)}'"
    elif command.takesFiles:
        yield f"{begin} -F"
    yield from (f"{begin} {_fishOption(each)}" for each in command.options)
    for each in command.commands:
        yield from _fishCommand(each, f"{seen}; and __fish_seen_subcommand_from {each.name}")


def _fishOption(option: OptionOffer) -> str:
    names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
    value = ""
    if option.takesValue:
        offered = f" -a '{' '.join(option.choices)}'" if option.choices else ""
        value = " -r -F" if option.isFile else f" -x{offered}"
    return f"{names}{value} -d {_fishText(option.words)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fishText(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


#: What makes the script of each shell.
SCRIPTS: Mapping[str, Callable[[Sequence[Offer]], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
