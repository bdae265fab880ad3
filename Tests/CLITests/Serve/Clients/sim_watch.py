"""Drives the page /sim of `dsl serve` in headless Chromium, while `dsl auto loop` steps the simulated cluster of the directory.

Usage: sim_watch.py PORT [PICTURES]. Prints what it found, a line each; exits with 1 at the first thing that is not as it should be. Pictures are
left in the folder PICTURES.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from browser import Browser, telling  # noqa: E402
from looks import is_whole, looks_well  # noqa: E402

port = sys.argv[1]
pictures = sys.argv[2] if len(sys.argv) > 2 else None
browser = Browser()
check, becomes = telling(browser)


def text(place):
    """What an element says; nothing while the page has none such."""
    return f"(document.querySelector('{place}')?.textContent ?? '')"


def wind(step):
    browser.run(f"document.querySelector('#at').value = '{step}'; document.querySelector('#at').dispatchEvent(new Event('input')); document.querySelector('#at').dispatchEvent(new Event('change'))")


def more():
    """Lets the loop make five steps."""
    subprocess.run(["dsl", "auto", "loop", "--interval", "10ms", "--max-cycles", "5"], check=True, stdout=subprocess.DEVNULL)


shown = "document.querySelector('#heat')?.dataset.step"
last = "Number(document.querySelector('#at').max)"

try:
    browser.size(1280)
    browser.open(f"http://127.0.0.1:{port}/")
    becomes("document.querySelector('#sim')?.hidden === false", "the engine's page leads to the cluster")
    browser.run("document.querySelector('#sim').click()")
    becomes(f"location.pathname === '/sim' && {text('#link')} === 'live'", "the room is there, and live")
    becomes(f"{last} >= 5 && {shown} === String({last})", "it shows the last step of the loop")
    before = browser.run(last)
    more()
    becomes(f"{last} > {before} && {shown} === String({last})", "steps of the loop arrive")
    becomes(f"document.querySelectorAll('#action-bars .bar-row').length === 8 && [...document.querySelectorAll('#action-bars .num')].reduce((sum, e) => sum + parseInt(e.textContent), 0) === {last}", "every step's action is counted")
    becomes("document.querySelectorAll('#curve .line').length === 3 && document.querySelectorAll('#tiles dt').length === 7", "reward, load and budget are drawn")
    becomes(f"{text('#mode')}.includes('engine:cluster.yaml')", "it says who decides")
    owned = "[...document.querySelectorAll('.owner')].every((e) => getComputedStyle(e).display === 'none') && getComputedStyle(document.querySelector('label.watcher')).display !== 'none'"
    check(browser.run(owned), "nothing can be told to the loop from here")

    # Looking back does not hold the loop, and the loop does not wind the page.
    wind(2)
    becomes(f"{shown} === '2' && !document.querySelector('#following').checked", "the scrubber looks back")
    before = browser.run("fetch('/api/v1/sim/state').then((r) => r.json()).then((e) => e.data.steps_done)")
    more()
    becomes(f"fetch('/api/v1/sim/state').then((r) => r.json()).then((e) => e.data.steps_done > {before})", "the loop goes on meanwhile")
    check(browser.run(shown) == "2", "and the page stays where it is")
    browser.press("ArrowRight", 39)
    becomes(f"{shown} === '3'", "the right arrow goes a step on")
    browser.press("ArrowLeft", 37)
    becomes(f"{shown} === '2'", "the left arrow goes back")
    browser.press(" ", 32, " ")
    becomes(f"document.querySelector('#following').checked && {shown} === String({last}) && {last} > {before}", "space follows the loop again")

    # An episode that failed.
    becomes("document.querySelectorAll('#recording-list button').length > 0", "episodes that failed are listed")
    browser.run("document.querySelector('#recording-list button').click()")
    becomes(f"{text('#mode')}.includes('recorded') && {text('#mode')}.includes('critical oom') && {shown} === String({last})", "one opens, at its end")
    wind(1)
    becomes(f"{shown} === '1' && {text('#mode')}.includes('recorded')", "and can be wound")
    browser.run("document.querySelector('#following').click()")
    becomes(f"!{text('#mode')}.includes('recorded') && {shown} === String({last})", "following leads back to the loop")

    looks_well(browser, check, pictures, "watch")
    is_whole(browser, check)
finally:
    browser.close()
