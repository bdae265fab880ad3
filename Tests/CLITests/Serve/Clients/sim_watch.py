"""Drives the page /sim of `dsl serve` in headless Chromium, while `dsl auto loop` steps the simulated cluster of the directory.

Usage: sim_watch.py PORT TOKEN CURVE JOURNAL [PICTURES]. CURVE is a curve that the server shows and JOURNAL a study: both are written on. Prints what it found, a line each; exits with 1 at the first thing that is not as it should be. Pictures are
left in the folder PICTURES.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from browser import Browser, telling  # noqa: E402
from looks import is_whole, looks_well  # noqa: E402

port, token, curve, journal = sys.argv[1:5]
pictures = sys.argv[5] if len(sys.argv) > 5 else None
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
    check(browser.run(owned), "what only dsl sim serve has is not here")

    # Files of trainings and studies, and how they grow.
    becomes(f"{text('#training-key')}.includes('1 training') && document.querySelector('#training').checkVisibility()", "trainings are shown")
    with open(curve, "a") as file:
        file.write("1000000,1,2,3,0.5\n")
    becomes("document.querySelector('#training-plot svg').getAttribute('aria-label').includes('1000000 episodes')", "what a training adds to its file arrives")
    becomes(f"{text('#study-counts')}.includes('1 complete') && {text('#study-counts')}.includes('1 running')", "the study's trials are counted")
    with open(journal, "a") as file:
        file.write(json.dumps({"op_code": 6, "trial_id": 1, "worker_id": "w", "state": 1, "values": [77.0], "datetime_complete": None}) + "\n")
    becomes(f"{text('#study-counts')}.includes('2 complete') && {text('#study-best')}.includes('77')", "a trial that ends arrives, and is the best")

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

    # Its time: while no loop runs nothing moves, and the page says so.
    pace, run = text("#pace-said"), "document.querySelector('#pace-run')"
    done = "fetch('/api/v1/sim/state').then((r) => r.json()).then((e) => e.data.steps_done)"
    becomes(f"{run}.checkVisibility() && {run}.textContent === 'Pause' && {pace}.includes('No loop runs')", "it can be paused, and no loop runs")
    browser.run(f"{run}.click()")
    becomes("document.querySelector('#ask').open && document.querySelector('#by').checkVisibility() && document.querySelector('#token').checkVisibility()", "a change wants a name and the token")
    browser.run("document.querySelector('#by').value = 'ann'; document.querySelector('#token').value = 'wrong-token-wrong-token'; document.querySelector('#ask-yes').click()")
    becomes("document.querySelector('#ask').open && !document.querySelector('#by').checkVisibility()", "a wrong token is asked for again, the name is not")
    browser.run(f"document.querySelector('#token').value = '{token}'; document.querySelector('#ask-yes').click()")
    becomes(f"{run}.textContent === 'Start' && {pace}.includes('the cluster stands still, as ann asked') && {pace}.includes('No loop runs')", "it is to stand still")
    before = browser.run(done)
    loop = subprocess.Popen(["dsl", "auto", "loop", "--interval", "10ms"], stdout=subprocess.DEVNULL)
    try:
        becomes(f"{text('#mode')}.includes('a loop leads') && {text('#mode')}.includes('stands still') && !{pace}.includes('No loop runs')", "a loop runs, and stands still")
        check(browser.run(done) == before, "no step is made")
        browser.run("document.querySelector('#pace-count').value = '0'; document.querySelector('#pace-step').click(); document.querySelector('#pace-count').value = '3'; document.querySelector('#pace-step').click()")
        becomes(f"{done}.then((count) => count === {before} + 3) && {text('#mode')}.includes('stands still') && {shown} === '{before + 3}'", "exactly three steps are made, and shown")
        check(browser.run(done) == before + 3, "and no more")
        # Somebody else, by command.
        subprocess.run(["dsl", "sim", "step", "--count", "2", "--by", "bob"], check=True, stdout=subprocess.DEVNULL)
        becomes(f"{shown} === '{before + 5}' && {pace}.includes('as bob asked')", "what others ask is shown")
        if pictures:
            browser.picture(os.path.join(pictures, "watch-still.png"))
        browser.run(f"{run}.click()")
        becomes(f"{run}.textContent === 'Pause' && {done}.then((count) => count !== {before} + 5) && {pace}.includes('the cluster goes on')", "it goes on")
        browser.run(f"{run}.click()")
        becomes(f"{run}.textContent === 'Start' && {text('#mode')}.includes('stands still')", "and is paused again")
    finally:
        loop.kill()
        loop.wait()

    looks_well(browser, check, pictures, "watch")
    is_whole(browser, check, but="401")  # of a token that was wrong
    browser.open(f"http://127.0.0.1:{port}/")
    becomes(f"{text('#mode')}.includes('the cluster stands still')", "the engine's page says so as well")
finally:
    browser.close()
