"""Looks at the page in headless Chromium, by the DevTools protocol. Arguments: port, token, folder for screenshots.
Prints one JSON object of what was seen."""
import asyncio, base64, json, pathlib, subprocess, sys, tempfile, urllib.request

import websockets

port, token, folder = int(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
seen = {"complaints": [], "widths": {}, "contrast": []}

# The contrast of text against what is behind it (WCAG 2.2, 1.4.3), of every element that has text of its own.
CONTRAST = """(() => {
  const parts = (text) => { const found = text.match(/[\\d.]+/g).map(Number); return { rgb: found.slice(0, 3), alpha: found.length > 3 ? found[3] : 1 }; };
  const light = (rgb) => { const [r, g, b] = rgb.map((c) => { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const behind = (element) => { for (let at = element; at; at = at.parentElement) { const color = parts(getComputedStyle(at).backgroundColor); if (color.alpha > .99) return color.rgb; } return [255, 255, 255]; };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) || !element.offsetParent) continue;
    if (element.closest(".fresh, .hidden, .skip, noscript, dialog")) continue;
    const [a, b] = [light(parts(getComputedStyle(element).color).rgb), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) low.push(`${element.tagName} ${element.className} ${element.textContent.slice(0, 20)} ${ratio.toFixed(2)}`);
  }
  return low;
})()"""
UNNAMED = """[...document.querySelectorAll("button, input, select, [tabindex='0'], section, svg[role]")].filter((e) =>
  !(e.textContent.trim() || e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.labels?.length)).map((e) => e.outerHTML.slice(0, 80))"""


class Tab:
    def __init__(self, socket):
        self.socket, self.number = socket, 0

    async def call(self, method, **parameters):
        self.number += 1
        await self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = json.loads(await asyncio.wait_for(self.socket.recv(), 30))
            if message.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                seen["complaints"].append(json.dumps(message["params"])[:300])
            if message.get("id") == self.number:
                return message["result"]

    async def run(self, script):
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        return answer["result"].get("value")

    async def until(self, script, seconds=20):
        for _ in range(int(seconds * 10)):
            if await self.run(script):
                return True
            await asyncio.sleep(0.1)
        return False

    async def shot(self, name):
        picture = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        (folder / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))


async def look(tab):
    for domain in ("Runtime", "Log", "Page"):
        await tab.call(domain + ".enable")
    await tab.call("Page.navigate", url=f"http://localhost:{port}/")
    seen["live"] = await tab.until("document.querySelector('#link')?.dataset.state === 'live'")
    seen["decisions"] = await tab.run("document.querySelectorAll('#decisions tr').length")
    for theme in ("light", "dark"):
        await tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        seen["contrast"] += [f"{theme}: {entry}" for entry in await tab.run(CONTRAST)]
        for width in (360, 768, 1280):
            await tab.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
            await asyncio.sleep(0.1)
            seen["widths"][f"{theme}{width}"] = await tab.run("document.documentElement.scrollWidth <= innerWidth")
            await tab.shot(f"{theme}{width}")
    seen["unnamed"] = await tab.run(UNNAMED)
    await tab.run("document.querySelector('#decisions button').click()")
    seen["why"] = await tab.until("document.querySelector('#detail').open && document.querySelector('#detail .time li') !== null")
    await tab.run("document.querySelector('#detail').close()")
    # A change by the form: the token is asked for first, then it happens, and the banner comes by the stream of events.
    await tab.run("document.querySelector('#by').value = 'alice'; document.querySelector('#reason').value = 'a <b>move</b>'; document.querySelector('#pause').click()")
    seen["asks"] = await tab.until("document.querySelector('#token-dialog').open")
    await tab.run(f"document.querySelector('#token').value = '{token}'; document.querySelector('#token-form').requestSubmit()")
    await tab.run("document.querySelector('#pause').click()")
    seen["paused"] = await tab.until("document.querySelector('#banners').textContent.includes('Paused by alice') && document.querySelector('#banners b') === null")
    await tab.shot("paused")
    print(json.dumps({"ready": True}), flush=True)
    # The test ends the pause by the command line now: the page has to notice by itself.
    seen["resumed"] = await tab.until("document.querySelector('#banners').textContent === ''")
    seen["focus"] = await tab.run("(() => { document.querySelector('#decisions button').focus({ focusVisible: true }); return getComputedStyle(document.activeElement).outlineStyle; })()")


async def main():
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0",
             f"--user-data-dir={profile}", "about:blank"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        try:
            for line in browser.stderr:
                if "DevTools listening on" in line:
                    debug = line.rsplit(":", 1)[1].split("/")[0]
                    break
            pages = json.load(urllib.request.urlopen(f"http://127.0.0.1:{debug}/json"))
            page = next(p for p in pages if p["type"] == "page")
            async with websockets.connect(page["webSocketDebuggerUrl"], max_size=None) as socket:
                await look(Tab(socket))
        finally:
            browser.terminate()
            browser.wait()
    print(json.dumps(seen), flush=True)


asyncio.run(main())
