"""Runs each test class of a file in a process of its own, two at a time: clients keep pools of connections and loops
that are no business of the next client's.

    each_class.py FILE"""

import concurrent.futures
import re
import subprocess
import sys
from pathlib import Path

AT_ONCE, SECONDS = 2, 240


def run(file, name):
    try:
        done = subprocess.run([sys.executable, file, name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=SECONDS)
        return name, done.returncode == 0, done.stdout
    except subprocess.TimeoutExpired as e:
        return name, False, (e.stdout or b"").decode(errors="replace") + f"\nnot done after {SECONDS} s"


def main(file):
    names = re.findall(r"^class (\w+)\(.*unittest\.TestCase\):", Path(file).read_text(), re.M)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for name, well, output in pool.map(lambda name: run(file, name), names):
            print(("ok      " if well else "FAILED  ") + name, flush=True)
            if not well:
                failed += 1
                print(output)
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
