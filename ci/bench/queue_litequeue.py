#!/usr/bin/env python3
"""Claims and completes a second beside litequeue (PyPI), at equal durability, in one run.

Usage: queue_litequeue.py DSL_BENCH [COUNT]      (pip install litequeue; DSL_BENCH: a release build of dsl-bench)

Single: one claim and one completion a time, two commits with synchronous=FULL on both sides. Batch: a hundred at a time,
which litequeue does not have. The rounds alternate and the best of three counts. "with files" adds the time until every
completed record stands in a durable file of its own, which litequeue never does.
"""
import re
import subprocess
import sys
import tempfile
import time

from litequeue import LiteQueue


def ours(bench, count, batch):
    with tempfile.TemporaryDirectory(dir=".") as directory:
        text = subprocess.run(
            [bench, "queue", directory, str(count), str(batch)], check=True, capture_output=True, text=True).stdout
    found = {key: float(value) for key, value in re.findall(r"(\w+)=([0-9.e+-]+)", text)}
    assert found["items"] == count, text
    return count / found["claim_complete_s"], count / (found["claim_complete_s"] + found["flush_s"])


def theirs(count):
    with tempfile.TemporaryDirectory(dir=".") as directory:
        queue = LiteQueue(directory + "/queue.sqlite")
        queue.conn.execute("PRAGMA synchronous=OFF")
        for number in range(count):
            queue.put('{"id":"b%d","prompt":"hash file %d","number":%d}' % (number, number, number))
        queue.conn.execute("PRAGMA synchronous=FULL")
        start = time.monotonic()
        for _ in range(count):
            queue.done(queue.pop().message_id)
        return count / (time.monotonic() - start)


def main():
    bench, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1500
    rounds = [(theirs(count), ours(bench, count, 1), ours(bench, count, 100)) for _ in range(3)]
    lite = max(r[0] for r in rounds)
    single, single_files = max(r[1] for r in rounds)
    batch, batch_files = max(r[2] for r in rounds)
    print("| claim + complete a second | items/s | ratio |")
    print("|---|---|---|")
    print("| litequeue, synchronous=FULL | %.0f | 1 |" % lite)
    print("| dsl, one at a time | %.0f | %.2f of litequeue |" % (single, single / lite))
    print("| dsl, 100 at a time | %.0f | %.1f of one at a time |" % (batch, batch / single))
    print("| dsl, one at a time, with files | %.0f | |" % single_files)
    print("| dsl, 100 at a time, with files | %.0f | |" % batch_files)


if __name__ == "__main__":
    main()
