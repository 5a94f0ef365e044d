#!/usr/bin/env python3
"""Writes what a package has beside the program, from what the program says of itself: man pages
(by help2man), completions for bash and zsh, and a configuration file with every setting.

usage: package_files.py KONOMI DIRECTORY
"""

import json
import pathlib
import re
import subprocess
import sys
import textwrap

OPTION = re.compile(r"^  (-[\w-]+(?:,--[\w-]+)*)")
COMMAND = re.compile(r"^  ([a-z][\w-]*)  +(\S.*)$")
# What the package sets, and does not only show.
SET = {"data_dir": "/var/lib/konomi"}
HEAD = """\
# The settings of konomi. A line without "#" before it is in force, every other one shows a
# default. The environment (KONOMI_…) and flags win over this file: konomi(1).
# `KONOMI_CONFIG=/etc/konomi/konomi.toml konomi config print` shows what is in force.
"""


class Command:
    """One command of the program with its flags, and the commands under it."""

    def __init__(self, program, words=(), summary=""):
        self.words = words
        self.help = said(program, *words, "--help")
        self.summary = summary or self.help.splitlines()[0]
        self.flags = []
        self.under = []
        section = ""
        for line in self.help.splitlines():
            if line and not line.startswith(" "):
                section = line
            elif section == "Subcommands:" and (found := COMMAND.match(line)):
                self.under.append(Command(program, (*words, found[1]), found[2]))
            elif found := OPTION.match(line):
                self.flags.append(found[1].split(",")[-1])

    def next_words(self):
        return " ".join([*(command.words[-1] for command in self.under), *self.flags])

    def all(self):
        yield self
        for command in self.under:
            yield from command.all()


def said(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def man_pages(program, top, directory):
    version = said(program, "version").split()[1]
    directory.mkdir(exist_ok=True)
    for command in top.all():
        name = "-".join(("konomi", *command.words))
        page = said("help2man", "--no-info", "--no-discard-stderr", "--section=1",
                    "--locale=C.UTF-8", f"--version-string=konomi {version}",
                    f"--name={command.summary.rstrip('.').split(': ')[0]}", "--manual=konomi",
                    " ".join((str(program), *command.words)))
        page = page.replace(f'.TH {" ".join(("KONOMI", *command.words)).upper()} "1"',
                            f'.TH {name.upper()} "1"')
        (directory / f"{name}.1").write_text(page, encoding="utf-8")


def bash_completion(top):
    cases = "\n".join(f'    "{" ".join(command.words)}") words="{command.next_words()}" ;;'
                      for command in top.all())
    return f"""# bash completion for konomi
_konomi() {{
  local command="" words="" word
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    [[ $word == -* ]] || command="${{command:+$command }}$word"
  done
  case $command in
{cases}
  esac
  if [[ ${{COMP_WORDS[COMP_CWORD]}} == -* || $words != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}")
  fi
}}
complete -o default -F _konomi konomi
"""


def zsh_completion(top):
    cases = "\n".join(f'  "{" ".join(command.words)}") choices=({command.next_words()}) ;;'
                      for command in top.all())
    return f"""#compdef konomi
local command="" word
local -a choices
for word in ${{words[2,CURRENT-1]}}; do
  [[ $word == -* ]] || command="${{command:+$command }}$word"
done
case $command in
{cases}
esac
(( $#choices )) && compadd -- $choices
_files
"""


def configuration(program):
    settings = json.loads(said(program, "config", "print", "--output", "json"))["settings"]
    lines = [HEAD]
    for setting in settings:
        about = f"{setting['help']} ({setting['expects']})."
        lines += ["# " + line for line in textwrap.wrap(about, 96)]
        value = json.dumps(SET.get(setting["name"], setting["value"]), ensure_ascii=False)
        mark = "" if setting["name"] in SET else "#"
        lines += [f"{mark}{setting['name']} = {value}", ""]
    return "\n".join(lines)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    program, directory = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    top = Command(program)
    man_pages(program, top, directory / "man")
    completions = directory / "completions"
    completions.mkdir()
    (completions / "konomi").write_text(bash_completion(top), encoding="utf-8")
    (completions / "_konomi").write_text(zsh_completion(top), encoding="utf-8")
    (directory / "konomi.toml").write_text(configuration(program), encoding="utf-8")


if __name__ == "__main__":
    main()
