#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The page of `inlay show` in headless Chromium. All sites are on it, search and the buttons work. Nothing is wider
than the window, at the width of a desktop and of a phone.   tests/check/page.py PAGE.html [PICTURE-]"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

page = os.path.abspath(sys.argv[1])
browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if browser is None:
    print("no Chromium here")
    sys.exit(1)
text = open(page, encoding="utf-8").read()
data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S).group(1))

# A script that uses the page as a reader does, and leaves its results.
PROBE = """<pre id="probe"></pre><script>
const cards = () => document.querySelectorAll("article").length;
const said = {all: cards(), width: document.documentElement.scrollWidth, window: innerWidth,
  columns: getComputedStyle(document.querySelector(".sides")).gridTemplateColumns.split(" ").length, kinds: {}};
for (const button of document.querySelectorAll("#kinds button")) { button.click(); said.kinds[button.textContent] = cards(); }
document.querySelector("#kinds button").click();
const search = document.getElementById("wanted");
const find = words => { search.value = words; search.oninput(); return cards(); };
said.found = find(WORDS); said.none = find("no such words"); find("");
document.getElementById("changed").click(); said.changed = cards();
document.getElementById("changed").click();
document.getElementById("larger").click(); said.size = document.documentElement.style.fontSize;
document.getElementById("probe").textContent = JSON.stringify(said);
</script></body>"""


def look(width, height, folder):
    probed = os.path.join(folder, "probed.html")
    word = data["sites"][0]["name"]
    with open(probed, "w", encoding="utf-8") as out:
        out.write(text.replace("</body>", PROBE.replace("WORDS", json.dumps(word))))
    common = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + folder + "/profile",
              "--window-size=%d,%d" % (width, height)]
    dom = subprocess.run(common + ["--dump-dom", "file://" + probed], capture_output=True, text=True, timeout=120).stdout
    if len(sys.argv) > 2:
        subprocess.run(common + ["--screenshot=%s%d.png" % (sys.argv[2], width), "file://" + page], capture_output=True,
                       timeout=120)
    said = json.loads(re.search(r'<pre id="probe">(.*?)</pre>', dom, re.S).group(1))
    sites = data["sites"]
    kinds = {each["kind"] for each in sites}
    changed = sum(1 for each in sites if each["after"] and each["after"]["bytes"] and
                  each["after"]["bytes"] != ((each["before"] or {}).get("bytes") or each["now"]["bytes"]))
    expected = {"all": len(sites), "found": None, "none": 0, "changed": changed, "size": "18px",
                "kinds": {"all": len(sites), **{kind: sum(each["kind"] == kind for each in sites) for kind in kinds}}}
    wrong = ["%s: %s, and should be %s" % (key, said[key], value) for key, value in expected.items()
             if value is not None and said[key] != value]
    if not 0 < said["found"] < len(sites):
        wrong.append("the search for %s finds %d" % (word, said["found"]))
    if said["width"] > said["window"]:
        wrong.append("the page has %d pixels in a window of %d" % (said["width"], said["window"]))
    if said["columns"] != (2 if said["window"] > 640 else 1):
        wrong.append("%d columns in a window of %d pixels" % (said["columns"], said["window"]))
    return ["at %d pixels: %s" % (width, each) for each in wrong]


with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    faults = look(1280, 900, folder) + look(500, 844, folder)
print("; ".join(faults) or "the page is right at both widths")
sys.exit(1 if faults else 0)
