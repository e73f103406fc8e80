"""One framework's process: reads requests from standard input, a JSON object a line, and answers each with one.

{"do": "setup", "workload": w}              builds the model and warms everything up -> {"work": of a training step,
where it can be counted} {"do": "measure", "measure": m, "seconds": s}  -> {"seconds": of one step or call}
{"do": "roof"}                                 -> {"flops": per second of a matrix product, "bandwidth": bytes read and
written per second} {"do": "losses", "workload": w, "steps": n}    -> {"losses": [...]}
"""

import importlib
import json
import os
import sys
import traceback

import numpy as np
import timing
import workloads
from frameworks import FRAMEWORKS


def serve(runner, requests, answer):
    available = 0
    for line in requests:
        request = json.loads(line)
        try:
            reply = {}
            if request["do"] == "setup":
                workload = workloads.load(request["workload"])
                available = workload.STEPS
                runner.setup(workload, *workload.data(np.random.default_rng(1), available * workload.BATCH))
                if hasattr(runner, "work"):
                    reply["work"] = runner.work()
            elif request["do"] == "losses":
                workload = workloads.load(request["workload"])
                reply["losses"] = runner.losses(
                    workload, *workload.data(np.random.default_rng(2), workload.BATCH), request["steps"]
                )
            elif request["do"] == "roof":
                reply = {
                    "flops": timing.product_flops(runner.product) if hasattr(runner, "product") else None,
                    "bandwidth": timing.copy_bandwidth(),
                }
            elif hasattr(runner, "seconds"):  # it has a clock of its own
                reply["seconds"] = runner.seconds(request["measure"], request["seconds"])
            elif request["measure"] == "fit":
                reply["seconds"] = timing.fit_seconds(runner.fit, available, request["seconds"])
            else:
                reply["seconds"] = timing.call_seconds(getattr(runner, request["measure"]), request["seconds"])
        except Exception as e:  # the other frameworks go on
            traceback.print_exc()
            reply = {"error": f"{type(e).__name__}: {e}"}
        answer(reply)


def main(name, threads):
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what frameworks print is not an answer

    def answer(reply):
        replies.write(json.dumps(reply) + "\n")
        replies.flush()

    framework = FRAMEWORKS[name]
    try:
        runner = importlib.import_module(framework.runner).Runner(framework.argument)
    except Exception as e:
        answer({"error": f"{type(e).__name__}: {e}"})
        return
    answer({"version": runner.version})
    serve(runner, sys.stdin, answer)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
