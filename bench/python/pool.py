"""The frameworks' processes as the parent sees them."""

import json
import os
import subprocess
import sys
import tempfile

from frameworks import FRAMEWORKS, environment

_WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py")


class Worker:
    """A process that lives through the whole run, so that rounds can go round the frameworks. `missing` says why there
    is none."""

    def __init__(self, name, threads, config_file, device, tf32):
        self.name, self.missing, self.version = name, None, None
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115  (as long as the process)
        self.process = subprocess.Popen(
            [sys.executable, _WORKER, name, str(threads)],
            env=environment(FRAMEWORKS[name], threads, config_file, device, tf32),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )

    def wait_until_ready(self):
        reply = self._receive()
        self.version = reply.get("version")
        self.missing = reply.get("error")

    def ask(self, **request):
        """The reply, which holds "error" if it went wrong."""
        if self.missing:
            return {"error": self.missing}
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except OSError:
            pass
        return self._receive()

    def _receive(self):
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.missing = f"its process ended with status {self.process.wait()}{self._last_line()}"
        return {"error": self.missing}

    def _last_line(self):
        self.log.seek(0)
        lines = self.log.read().strip().splitlines()
        return ": " + lines[-1] if lines else ""

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(names, threads, config_file, device="cpu", tf32=False):
    """One process a framework, imported one after another so that imports do not disturb each other."""
    workers = []
    for name in names:
        worker = Worker(name, threads, config_file, device, tf32)
        worker.wait_until_ready()
        workers.append(worker)
    return workers
