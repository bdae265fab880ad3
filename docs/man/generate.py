#!/usr/bin/env python3
"""Makes dsl(1) in mdoc from what `dsl --experimental-dump-help` prints."""
import json
import re
import sys


def escaped(text):
    """Text as roff takes it."""
    text = text.replace("\\", "\\e")
    return "\n".join(("\\&" + line) if line[:1] in ".'" else line for line in text.split("\n"))


def sentences(text):
    """Each on a line of its own, as roff wants them."""
    return [escaped(part) for part in re.split(r"(?<=[.:;])\s+(?=[A-Z$])", text)]


def quoted(text):
    return '"' + escaped(text).replace('"', '\\(dq') + '"'


def names(argument):
    shown = []
    for name in argument.get("names", []):
        dash = {"long": "-", "short": "", "longWithSingleDash": ""}[name["kind"]]
        shown.append("Fl " + dash + name["name"])
    value = argument.get("valueName", "value")
    if argument["kind"] == "positional":
        return "Ar " + value
    return " , ".join(shown) + (" Ar " + value if argument["kind"] == "option" else "")


def text(out, value):
    """Prose, with indented lines as an example."""
    in_example = False
    for line in (value or "").split("\n"):
        if line.startswith("  ") and not in_example:
            out.append(".Bd -literal -offset indent")
            in_example = True
        elif not line.startswith("  ") and in_example:
            out.append(".Ed")
            in_example = False
        if line.strip():
            out += [escaped(line.strip())] if in_example else sentences(line.strip())
        elif not in_example and out and out[-1] not in (".Pp",):
            out.append(".Pp")
    if in_example:
        out.append(".Ed")


def options(out, command, skip):
    shown = [
        a for a in command.get("arguments", [])
        if a.get("shouldDisplay", True) and tuple(n["name"] for n in a.get("names", [])) not in skip
    ]
    if not shown:
        return
    out.append(".Bl -tag -width Ds")
    for argument in shown:
        out.append(".It " + names(argument))
        text(out, " ".join(filter(None, [argument.get("abstract"), argument.get("discussion")])))
        if argument.get("defaultValue") and argument["kind"] != "flag":
            out.append(escaped("Default: %s." % argument["defaultValue"]))
    out.append(".El")


def walk(out, command, path, skip):
    if command["commandName"] == "help":
        return
    path = path + [command["commandName"]]
    children = command.get("subcommands", [])
    if len(path) > 1:
        out.append(".Ss " + quoted(" ".join(path)))
        text(out, command.get("abstract"))
        if command.get("discussion"):
            out.append(".Pp")
            text(out, command["discussion"])
        if not children:
            options(out, command, skip)
    for child in children:
        walk(out, child, path, skip)


def main():
    root = json.load(sys.stdin)["command"]
    out = [".Dd November 21, 2026", ".Dt DSL 1", ".Os", ".Sh NAME", ".Nm dsl"]
    out.append(".Nd " + escaped(root["abstract"].rstrip(".")))
    out += [".Sh SYNOPSIS", ".Nm", ".Op Ar global options", ".Ar noun", ".Ar verb", ".Op Ar options"]
    out += [".Sh DESCRIPTION"]
    text(out, root.get("discussion"))
    out += [".Sh GLOBAL OPTIONS", "These stand before or behind the command."]
    options(out, root, set())
    out += [".Sh COMMANDS"]
    common = {tuple(n["name"] for n in a.get("names", [])) for a in root.get("arguments", [])}
    walk(out, root, [], common)
    out += [".Sh ENVIRONMENT", ".Bl -tag -width Ds"]
    for name, meaning in ENVIRONMENT:
        out += [".It Ev " + name] + sentences(meaning)
    out += [".El", ".Sh FILES", ".Bl -tag -width Ds"]
    for path, meaning in FILES:
        out += [".It Pa " + path, meaning]
    out += [".El"]
    out += [".Sh EXIT STATUS"]
    out += [".Bl -tag -width Ds"]
    for number, meaning in STATUSES:
        out += [".It %s" % number] + sentences(meaning)
    out += [".El"]
    print("\n".join(line for line in out if line.strip()))


STATUSES = [
    (0, "Done. The fleet may be in any state."), (1, "A gate that was asked for did not hold, or an effect failed."),
    (2, "--exit-code on a critical fleet."), (3, "The state of the fleet is unknown."),
    (4, "What was named does not exist."), (5, "The world is no longer what the caller saw."),
    (6, "The operation makes no sense in the present state."), (64, "The command line was not understood."),
    (65, "A file, record or setting says something that it may not say."), (69, "Not supported."),
    (70, "A defect of this program."), (72, "A file of the engine itself cannot be read back."),
    (74, "The operating system refused."), (75, "Somebody else holds the lock."), (124, "It took too long."),
    (130, "Stopped on request."),
]
ENVIRONMENT = [
    ("COORDINATION_DIR", "The coordination directory."),
    ("DSLMODEL_AUTO_MIN_CONFIDENCE", "Sets gates.min_confidence."), ("DSLMODEL_AUTO_MAX_AGENTS", "Sets limits.max_agents."),
    ("DSLMODEL_AUTO_SCALE_FACTOR", "Sets limits.scale_factor."), ("DSLMODEL_AUTO_DRY_RUN", "Sets gates.dry_run."),
    ("DSLMODEL_AUTO_LEADER_ELECTION", "Sets loop.leader_election."), ("DSL_LOG", "Sets log.level."),
    ("LOGURU_LEVEL", "Sets log.level, unless DSL_LOG does."), ("NO_COLOR", "Turns colours off."),
    ("TRACEPARENT", "The trace that the engine's spans continue."),
]
FILES = [
    ("coordination/dsl.yaml", "Configuration of a directory."), ("~/.config/dsl/config.yaml", "Configuration of a user."),
    ("coordination/.dsl/", "The engine's own state: journal, queue, index, spans."),
]

if __name__ == "__main__":
    main()
