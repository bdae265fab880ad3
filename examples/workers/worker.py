#!/usr/bin/env python3
"""A worker in Python: claims items ten at a time and finishes each batch with one call.

Usage: COORDINATION_DIR=coordination examples/workers/worker.py
"""
import json
import os
import subprocess


def dsl(*arguments, lines=()):
    """Runs a command and returns what it printed, one JSON object a line."""
    run = subprocess.run(
        ["dsl", *arguments], input="".join(json.dumps(line) + "\n" for line in lines), text=True, capture_output=True)
    if run.returncode not in (0, 5):
        raise SystemExit(run.stderr)
    return run.stdout


def main():
    agent = "python-%d" % os.getpid()
    dsl("agent", "register", agent, "--pid", str(os.getpid()), "--concurrency", "10")
    while claims := [json.loads(line) for line in dsl("work", "claim", "-n", "10", "--agent", agent).splitlines()]:
        for claim in claims:
            claim["result"] = {"characters": len(json.dumps(claim["work"]))}
        print(dsl("work", "complete", "--claim", "-", lines=claims), end="")
        if dsl("agent", "heartbeat", agent).strip() == "drain":
            break
    dsl("agent", "heartbeat", agent, "--stopped")


if __name__ == "__main__":
    main()
