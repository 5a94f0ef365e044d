"""docs/getting-started.md and README.md as a reader follows them: their blocks, and a shell in
which they are run."""

import base64
import dataclasses
import os
import re
import subprocess
import sys

from konomi_e2e import ROOT

FAILED = "what the reader typed failed: "
GUIDE = ROOT / "docs" / "getting-started.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BASH = ("bash", "--noprofile", "--norc")


@dataclasses.dataclass
class Step:
    """A block that is run, and what the guide shows below it."""
    language: str  # Of "console" the output is nobody's promise.
    text: str
    shown: str | None = None


def parts(page):
    """The steps of each part of a page, by its heading."""
    found = {}
    for part in page.read_text("utf-8").split("\n## ")[1:]:
        title = part.splitlines()[0]
        steps = found[title] = []
        for language, text in BLOCK.findall(part):
            if language == "text":
                assert steps and steps[-1].shown is None, f"{title}: output without a command"
                steps[-1].shown = text
            else:
                assert language in ("sh", "python", "console"), f"{title}: a block of {language!r}"
                steps.append(Step(language, text))
    return found


PARTS = parts(GUIDE)
COUPONS, CONNECT, INSTALL = PARTS
README_STEPS = parts(ROOT / "README.md")["Ten lines to a figure"]


class Shell:
    """What a reader types, in one bash. `places` are what the guide calls files and addresses, and
    what they are here; `command` starts the bash, with `options` of subprocess.Popen."""

    def __init__(self, directory, places=None, prelude="", command=BASH, **options):
        self.directory = directory
        self.places = places or {}
        self.steps = 0
        self.errors = directory / "errors"
        with open(self.errors, "w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=errors, **options)
        # A command that fails is written down, also in the midst of a block.
        self.source("set -Eo pipefail\nexec 9>&2\n"
                    f"trap 'echo \"{FAILED}$BASH_COMMAND\" >&9' ERR\n{prelude}\n")

    def source(self, text):
        """What the commands print."""
        self.steps += 1
        end = f"the end of step {self.steps}"
        encoded = base64.b64encode(text.encode()).decode()
        self.process.stdin.write(f"eval \"$(echo {encoded} | base64 --decode)\" </dev/null\n"
                                 f"printf '\\n{end}\\n'\n")
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline()) != f"{end}\n":
            assert line, f"bash ended:\n{self.errors.read_text()}"
            lines.append(line)
        return "".join(lines).strip("\n")

    def here(self, text):
        for place, real in self.places.items():
            text = text.replace(place, str(real))
        return text

    def run(self, step):
        text = self.here(step.text)
        if step.language == "python":
            file = self.directory / "block.py"
            file.write_text(text, encoding="utf-8")
            text = f"{sys.executable} {file}\n"
        if step.language == "console":
            text = re.sub(r"^\$ ", "", text, flags=re.MULTILINE)
        printed = self.source(text)
        assert FAILED not in self.errors.read_text(), self.errors.read_text()
        if step.language == "console":
            return
        expected = self.here(step.shown or "").strip("\n")
        # What differs each time is shown as "…".
        pattern = ".*".join(re.escape(piece) for piece in expected.split("…"))
        assert re.fullmatch(pattern, printed), \
            f"{step.text}prints\n{printed}\n{self.errors.read_text()}"

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
