"""Drives the page of `dsl sim serve` in headless Chromium as people do: looks, listens, types.

Usage: sim_page.py URL CURVE JOURNAL [PICTURES]. URL has the token in its fragment. CURVE is a curve that the server shows and JOURNAL a study:
both are written on here. Prints what it found, a line each; exits with 1 at the first thing that is not as it should be. Pictures of every width
and scheme are left in the folder PICTURES, to be looked at.
"""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from browser import Browser, telling  # noqa: E402
from looks import is_whole, looks_well  # noqa: E402

url, curve, journal = sys.argv[1:4]
pictures = sys.argv[4] if len(sys.argv) > 4 else None
browser = Browser()
check, becomes = telling(browser)


def text(place):
    """What an element says; nothing while the page has none such."""
    return f"(document.querySelector('{place}')?.textContent ?? '')"


def step():
    return f"Number({text('#where')}.split(' ')[1])"


def paused_at(count, what):
    becomes(f"{text('#run')} === 'Start' && {step()} === {count} && document.querySelector('#heat')?.dataset.step === '{count}'", what)


try:
    browser.size(1280)
    browser.open(url)
    becomes(f"{text('#link')} === 'live' && document.querySelectorAll('#tiles dt').length === 7", "the page is live")
    becomes("location.hash === ''", "the token has left the address")
    paused_at(0, "the episode waits at its start")

    # By keyboard: steps, and space.
    for _ in range(3):
        before = browser.run(step())
        browser.press("ArrowRight", 39)
        browser.wait(f"{step()} === {before + 1}")
    paused_at(3, "the right arrow goes a step on")
    browser.press("ArrowLeft", 37)
    paused_at(2, "the left arrow goes back")
    becomes("document.querySelectorAll('#action-bars .bar-row').length === 8 && [...document.querySelectorAll('#action-bars .num')].reduce((sum, e) => sum + parseInt(e.textContent), 0) === 2", "actions are counted up to the step that is shown")
    becomes(f"document.querySelector('#heat').getAttribute('aria-label').includes('at step 2')", "the map says in words what it shows")
    browser.run("document.querySelector('#speed').value = '100'; document.querySelector('#speed').dispatchEvent(new Event('change'))")
    browser.press(" ", 32, " ")
    becomes(f"{text('#run')} === 'Pause'", "space starts it")
    becomes(f"{step()} > 40", "steps arrive")
    browser.press(" ", 32, " ")
    becomes(f"{text('#run')} === 'Start'", "space pauses it")
    becomes("document.querySelectorAll('#curve .line').length === 3 && document.querySelectorAll('#curve .reward-axis text, #curve .load-axis text').length > 6", "reward, load and budget are drawn, on axes of their own")

    # The cells are what the server says, in the colours of the scale: one pixel of the middle of each.
    same = """(async () => {
      const shown = (await (await fetch('/api/v1/sim/frame')).json()).data.frame;
      const { colour } = await import('/heat.js');
      const canvas = document.querySelector('#heat');
      if (canvas.dataset.step !== String(shown.step)) return false;
      const pen = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height })
        .getContext('2d', { willReadFrequently: true });
      pen.drawImage(canvas, 0, 0);
      const size = canvas.width / shown.width;
      return shown.memory_permille.every((value, cell) => {
        const [row, column] = [Math.floor(cell / shown.width), cell % shown.width];
        if (shown.agent[0] === row && shown.agent[1] === column) return true;
        if (shown.ooms.some(({ node }) => node[0] === row && node[1] === column)) return true;
        const pixel = pen.getImageData((column + 0.5) * size, (row + 0.5) * size, 1, 1).data;
        return colour(value / 1000).every((tone, index) => Math.abs(tone - pixel[index]) <= 1);
      });
    })()"""
    becomes(same, "every cell has the colour of its memory")
    ordered = """(async () => {
      const { colour } = await import('/heat.js');
      const light = ([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
      const all = (dark) => Array.from({ length: 101 }, (_, index) => light(colour(index / 100, dark)));
      const [day, night] = [all(false), all(true)];
      return day.every((value, index) => !index || value < day[index - 1]) && night.every((value, index) => !index || value > night[index - 1]);
    })()"""
    becomes(ordered, "the scale gets darker by day and lighter by night, step by step")
    browser.run("document.querySelector('#cells summary').click()")
    becomes("document.querySelectorAll('#cells tbody tr').length === 36", "the map is there as a table too")

    # The scrubber, and a click on the curve.
    browser.run("document.querySelector('#at').value = '10'; document.querySelector('#at').dispatchEvent(new Event('input')); document.querySelector('#at').dispatchEvent(new Event('change'))")
    paused_at(10, "the scrubber winds back")
    becomes(f"{text('#curve-read')}.startsWith('step 10:')", "the curve's mark goes along")
    browser.run("""(() => { const box = document.querySelector('#curve svg').getBoundingClientRect();
      document.querySelector('#curve svg').dispatchEvent(new MouseEvent('click', { clientX: box.left + 46, clientY: box.top + 50 })); })()""")
    paused_at(0, "a click on the curve winds to its step")

    browser.run("document.querySelector('#policy').value = 'random'; document.querySelector('#policy').dispatchEvent(new Event('change'))")
    becomes(f"{text('#mode')}.includes('random')", "another policy plays")
    browser.run("document.querySelector('#next').click()")
    becomes(f"{text('#place')}.endsWith('1')", "and the next episode")

    # A recorded one.
    becomes("document.querySelectorAll('#recording-list button').length > 0", "recorded episodes are listed")
    browser.run("document.querySelector('#recording-list button').click()")
    becomes(f"{text('#mode')}.includes('recorded') && Number(document.querySelector('#at').max) > 20", "one opens, with all of its steps")
    browser.run("document.querySelector('#at').value = document.querySelector('#at').max; document.querySelector('#at').dispatchEvent(new Event('input')); document.querySelector('#at').dispatchEvent(new Event('change'))")
    becomes(f"{step()} === Number(document.querySelector('#at').max) && document.querySelectorAll('#curve .oom').length > 0", "its end is shown, and where cells ran out of memory")
    if pictures:
        browser.picture(os.path.join(pictures, "sim-recorded.png"))

    # Files that grow.
    becomes(f"{text('#training-key')}.includes('3 trainings') && document.querySelectorAll('#training-plot .area').length === 1", "trainings are a mean with its interval")
    with open(curve, "a") as file:
        file.write("1000000,1,2,3,0.5\n")
    becomes("document.querySelector('#training-plot svg').getAttribute('aria-label').includes('1000000 episodes')", "what a training adds to its file arrives")
    becomes(f"{text('#study-counts')}.includes('2 complete') && {text('#study-counts')}.includes('1 pruned')", "the study's trials are counted")
    with open(journal, "a") as file:
        for line in ({"op_code": 4, "study_id": 0, "worker_id": "w", "datetime_start": None},
                     {"op_code": 6, "trial_id": 3, "worker_id": "w", "state": 1, "values": [77.0], "datetime_complete": None}):
            file.write(json.dumps(line) + "\n")
    becomes(f"{text('#study-counts')}.includes('3 complete') && {text('#study-best')}.includes('77')", "a trial that ends arrives, and is the best")

    looks_well(browser, check, pictures, "sim")

    # A token that is wrong.
    browser.run("sessionStorage.setItem('dsl-token', 'wrong-token-wrong-token'); document.querySelector('#run').click()")
    becomes("document.querySelector('#ask').open", "a wrong token is asked for again")
    is_whole(browser, check, but="401")  # of a token that was wrong
finally:
    browser.close()
