#!/usr/bin/env python3
"""The cadence of a loop that serves, alone and beside many connections: serve.py [DSL] [CONNECTIONS].

Runs `dsl auto loop --listen` with a turn every 200 ms, and prints the gaps between turns (median, 99th percentile, longest, ms)
while nobody asks, while clients ask for the status as fast as they can, and beside as many connections as wanted, each with half
a request. The hard limit of open files (ulimit -Hn) bounds these.
"""
import json, pathlib, re, statistics, subprocess, sys, tempfile, threading, time, urllib.request

dsl = sys.argv[1] if len(sys.argv) > 1 else "dsl"
count = sys.argv[2] if len(sys.argv) > 2 else "10000"
flood = pathlib.Path(__file__).resolve().parents[2] / "Tests/CLITests/Serve/Clients/flood.py"
turns = []


def gaps(name, body):
    first = len(turns)
    body()
    found = [(b - a) * 1000 for a, b in zip(turns[first:], turns[first + 1:])]
    quantile = sorted(found)[int(len(found) * 0.99)] if found else float("nan")
    print(f"{name:34} {len(found):5} turns  median {statistics.median(found):6.1f}  p99 {quantile:6.1f}  longest {max(found):6.1f} ms")


def ask(url, until, answers):
    while time.time() < until:
        with urllib.request.urlopen(url) as answer:
            answer.read()
            answers.append(answer.status)


def load(url):
    answers, until = [], time.time() + 10
    threads = [threading.Thread(target=ask, args=(url, until, answers)) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print(f"  {len(answers) / 10:.0f} answers a second")


with tempfile.TemporaryDirectory() as folder:
    subprocess.run([dsl, "init", f"{folder}/c"], check=True, stdout=subprocess.DEVNULL)
    items = "\n".join(json.dumps({"id": f"i{n}"}) for n in range(100))
    subprocess.run([dsl, "work", "add", "-", "-c", f"{folder}/c"], input=items.encode(), check=True, stdout=subprocess.DEVNULL)
    loop = subprocess.Popen(
        [dsl, "auto", "loop", "-c", f"{folder}/c", "--listen", "127.0.0.1:0", "--interval", "200ms", "--format", "jsonl"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def watch():
        for _ in loop.stdout: turns.append(time.monotonic())

    threading.Thread(target=watch, daemon=True).start()
    port = None
    for line in loop.stderr:
        if found := re.search(r"127\.0\.0\.1:(\d+)/", line):
            port = found.group(1)
            break
    threading.Thread(target=loop.stderr.read, daemon=True).start()
    time.sleep(2)
    gaps("nobody asks", lambda: time.sleep(10))
    gaps("8 clients ask for the status", lambda: load(f"http://127.0.0.1:{port}/api/v1/status"))
    gaps(f"{count} connections", lambda: print("  " + subprocess.run(
        [sys.executable, flood, port, count, "8"], capture_output=True, text=True).stdout.replace("\n", "; ")))
    memory = next(line for line in open(f"/proc/{loop.pid}/status") if line.startswith("VmHWM"))
    print("peak memory", memory.split(":")[1].strip())
    loop.terminate()
    loop.wait()
