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
    local current previous words files IFS=$'\\n'
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
    words=
    files=
    case "${COMP_WORDS[1]},$previous" in
%(values)s
        *)
            case "${COMP_WORDS[1]}" in
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


def _bash(commands: Sequence[Offer]) -> str:
    values, options = [], []
    for command in commands:
        words: list[str] = []
        for option in command.options:
            words += [name for name in option.names if name.startswith("--")]
            if option.takesValue:
                pattern = "|".join(f"{command.name},{name}" for name in option.names)
                values.append(f"        {pattern}) {_bashWords(option.choices, option.isFile)};;")
        offered = _bashWords(words, command.takesFiles)
        if command.choices:
            # An option is what begins with its sign; the argument is asked for before.
            offered = f'{offered}; [ "${{current#-}}" != "$current" ] || {_bashWords(command.choices, False)}'
        options.append(f"                {command.name}) {offered};;")
    names = "\\n".join([*(command.name for command in commands), "--help", "--version"])
    return _BASH % {"commands": names, "values": "\n".join(values), "options": "\n".join(options)}


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
    for command in commands:
        specs = [_zshOption(each) for each in command.options]
        if command.choices:
            specs.append(_quoted(f"1: :({' '.join(command.choices)})"))
        elif command.takesFiles:
            specs.append("'*: :_files'")
        lines = " \\\n                ".join(specs)
        body = f"            _arguments -s \\\n                {lines}\n            ;;"
        options.append(f"        {command.name})\n{body}")
    return _ZSH % {"commands": "\n".join(listed), "options": "\n".join(options)}


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
        begin = f"complete -c balws -n '__fish_seen_subcommand_from {command.name}'"
        if command.choices:
            yield f"{begin} -a '{' '.join(command.choices)}'"
        elif command.takesFiles:
            yield f"{begin} -F"
        for option in command.options:
            names = " ".join(
                f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
            )
            value = ""
            if option.takesValue:
                offered = f" -a '{' '.join(option.choices)}'" if option.choices else ""
                value = " -r -F" if option.isFile else f" -x{offered}"
            yield f"{begin} {names}{value} -d {_fishText(option.words)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fishText(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


#: What makes the script of each shell.
SCRIPTS: Mapping[str, Callable[[Sequence[Offer]], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
