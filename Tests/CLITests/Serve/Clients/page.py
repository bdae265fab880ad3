"""Drives the page of `dsl serve` in headless Chromium as people do: looks, listens, types.

Usage: page.py PORT TOKEN [PICTURES]. The server runs over ./coordination, where nothing was decided yet. Prints what it found, a line each;
exits with 1 at the first thing that is not as it should be. Pictures of every width and scheme are left in the folder PICTURES, to be looked at.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from browser import Browser, telling  # noqa: E402
from looks import CONTRAST, is_whole, looks_well  # noqa: E402

url, token = f"http://127.0.0.1:{sys.argv[1]}/", sys.argv[2]
pictures = sys.argv[3] if len(sys.argv) > 3 else None
browser = Browser()
check, becomes = telling(browser)


def tell(*words):
    subprocess.run(["dsl", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


try:
    browser.size(1280)
    browser.open(url)
    browser.wait("document.querySelector('#link')?.textContent === 'live'")
    browser.wait("document.querySelectorAll('#tiles dt').length === 7")
    becomes("document.title.endsWith('· dsl')", "the page is live, and its title says the health")
    becomes("document.querySelector('#decision-rows').textContent.includes('None')", "an engine that decided nothing yet says so")

    tell("auto", "execute")
    browser.wait("document.querySelectorAll('#decision-rows .row').length > 0")
    browser.wait("document.querySelector('#chart svg') !== null")
    check(True, "a cycle that another process ran arrives without reloading: its decision, and a point of the chart")

    # By keyboard: a decision opens with Enter, and says why; the chart reads single cycles.
    browser.run("document.querySelector('#decision-rows .row').focus()")
    browser.press("Enter", 13, "\r")
    browser.wait("document.querySelector('#decision-rows .waterfall') !== null")
    words = "['why', 'rule', 'Confidence', 'What happened']"
    becomes(f"{words}.every((word) => document.querySelector('#decision-rows .more').textContent.includes(word))", "Enter opens a decision: why, confidence, what happened, its trace")
    browser.run("document.querySelector('#decision-rows .waterfall .span').click()")
    browser.wait("document.querySelector('#decision-rows .waterfall .facts') !== null")
    check(True, "a span opens, and shows its attributes")
    browser.run("document.querySelector('#chart svg').focus()")
    browser.press("ArrowLeft", 37)
    becomes("document.querySelector('#readout').textContent.includes('health')", "the arrow keys read cycles off the chart")
    browser.run("document.querySelector('#numbers summary').click()")
    browser.wait("document.querySelectorAll('#numbers tbody tr').length > 0")
    check(True, "the chart is there as a table too")
    tell("auto", "execute")
    browser.wait("document.querySelectorAll('#numbers tbody tr').length > 1")
    check(browser.run("document.querySelector('#decision-rows .more .facts') !== null"), "what is open stays open when news arrive")

    # People: pausing needs a name and the token; a wrong token is refused in words.
    browser.run("document.querySelector('#pause').click()")
    browser.wait("document.querySelector('#ask').open")

    def fill(**values):
        for name, value in values.items():
            browser.run(f"document.querySelector('#ask [name={name}]').value = {value!r}")

    fill(reason="a look at it", by="page", token="wrong-token-wrong-token-wrong-token")
    browser.run("document.querySelector('#ask-yes').click()")
    browser.wait("document.querySelector('#ask-error').textContent.includes('token')")
    check(browser.run("document.querySelector('#ask').open"), "a wrong token is refused, and the dialog keeps what was typed")
    browser.run("document.querySelector('#ask-no').click()")
    browser.run("document.querySelector('#pause').click()")
    fill(reason="a look at it", by="page", token=token)
    browser.run("document.querySelector('#ask-yes').click()")
    browser.wait("document.querySelector('#mode').textContent.includes('paused')")
    becomes("!document.querySelector('#ask').open", "with the right one the loop is paused, and the page says so")
    browser.run("document.querySelector('#pause').click()")
    browser.wait("document.querySelector('#ask').open")
    browser.run("document.querySelector('#ask-yes').click()")
    browser.wait("!document.querySelector('#mode').textContent.includes('paused')")
    check(True, "and resumed")

    looks_well(browser, check, pictures, "page")
    browser.scheme("light")
    browser.run("document.querySelector('#theme').click(); document.querySelector('#theme').click()")
    check(browser.run("document.documentElement.dataset.theme") == "dark" and not browser.run(CONTRAST), "the button changes the scheme")
    is_whole(browser, check, but="401")  # of a token that was wrong
finally:
    browser.close()
