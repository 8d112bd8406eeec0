#!/usr/bin/env python3
"""Runs a command beside a gateway and a mock provider of its own, told of in LLMGW_URL and MOCK_URL.

    with_gateway.py CONFIG.toml -- COMMAND...     MOCK in the config stands for the mock's URL, FAKE for that
                                                  of a provider which the command may play: LLMGW_FAKE

Ends with the command's exit code, or 1 when the gateway did not end well itself."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from program import Gateway, Mock


def main():
    config, separator, *command = sys.argv[1:]
    if separator != "--" or not command:
        sys.exit(__doc__)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        fake = "http://127.0.0.1:%d/v1" % free.getsockname()[1]
    with Mock("[models.spoken]\nas = \"echo\"\nrate = 400\n") as mock:
        text = Path(config).read_text().replace("MOCK", mock.url).replace("FAKE", fake)
        gateway = Gateway(text, args=["--loops", "2"])
        try:
            told = {"LLMGW_URL": gateway.url, "MOCK_URL": mock.url, "LLMGW_FAKE": fake}
            code = subprocess.run(command, env={**os.environ, **told}).returncode
        finally:
            ended = gateway.stop()
    if ended != 0:
        print(f"serve ended with {ended}:\n{gateway.stderr()}", file=sys.stderr)
    return code or (1 if ended else 0)


if __name__ == "__main__":
    sys.exit(main())
