"""A real browser for tests: Chromium, driven by chromedriver over the WebDriver protocol with the standard library."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
DRIVER = shutil.which("chromedriver")
MISSING = None if CHROMIUM and DRIVER else "Chromium and chromedriver are not both installed"

SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
# Local addresses are asked directly, whatever proxy the environment names.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
KEYS = {
    "ArrowRight": "\ue014",
    "ArrowLeft": "\ue012",
    "Home": "\ue011",
    "End": "\ue010",
    "Space": " ",
    "Enter": "\ue007",
    "Tab": "\ue004",
}


class Browser:
    """One headless browser with a fresh profile; a context manager that ends it."""

    def __init__(self, width: int = 1300, height: int = 900, scripts: bool = True, dark: bool = False) -> None:
        self.profile = tempfile.mkdtemp(prefix="chromium")
        self.driver = subprocess.Popen(
            [str(DRIVER), "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.driver.stdout is not None
        self.address = ""
        for line in self.driver.stdout:
            if "successfully on port" in line:
                self.address = f"http://127.0.0.1:{line.split('on port')[1].strip(' .' + chr(10))}"
                break
        arguments = [*SWITCHES, f"--user-data-dir={self.profile}", f"--window-size={width},{height}"]
        options: dict[str, Any] = {"binary": CHROMIUM, "args": arguments}
        if not scripts:
            options["prefs"] = {"profile.managed_default_content_settings.javascript": 2}
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        try:
            answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
            self.session = f"/session/{answer['sessionId']}"
            if dark:
                self.devtools(
                    "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}]
                )
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.call("DELETE", self.session)
        finally:
            self.close()

    def close(self) -> None:
        self.driver.terminate()
        self.driver.wait()
        if self.driver.stdout is not None:
            self.driver.stdout.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with OPENER.open(request, timeout=60) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(json.load(error)["value"]["message"]) from None

    def post(self, path: str, **body: Any) -> Any:
        return self.call("POST", self.session + path, body)

    def devtools(self, command: str, **parameters: Any) -> Any:
        return self.post("/goog/cdp/execute", cmd=command, params=parameters)

    def open(self, path: Path) -> None:
        self.post("/url", url=path.resolve().as_uri())

    def run(self, script: str, *arguments: Any) -> Any:
        """The value of a piece of JavaScript, a function's body."""
        return self.post("/execute/sync", script=script, args=list(arguments))

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, wherever the focus is."""
        strokes = []
        for key in keys:
            value = KEYS.get(key, key)
            strokes += [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self.post("/actions", actions=[{"type": "key", "id": "keyboard", "actions": strokes}])

    def until(self, script: str, seconds: float = 20.0) -> Any:
        """Wait until the script gives something true."""
        end = time.monotonic() + seconds
        while True:
            value = self.run(script)
            if value:
                return value
            if time.monotonic() > end:
                raise TimeoutError(script)
            time.sleep(0.02)

    def errors(self) -> list[str]:
        """What the browser's console reports as errors since the last call."""
        entries = self.post("/se/log", type="browser")
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def screenshot(self) -> bytes:
        return base64.b64decode(self.call("GET", f"{self.session}/screenshot"))
