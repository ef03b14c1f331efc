#!/usr/bin/env python3
"""Serves one GGUF model over an OpenAI-style HTTP API on the loopback interface.

The HTTP server is the one of llama.cpp, which the xllamacpp wheel carries as a library. start.sh
runs this file; SIGTERM or SIGINT ends it.
"""

import argparse
import os
import signal
import threading


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="path of the .gguf file")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--alias", default="smollm2-135m-instruct", help="name in /v1/models and in replies")
    parser.add_argument("--api-key", help="ask for this bearer token (default: no authentication)")
    parser.add_argument("--default-seed", type=int, help="seed of a request that names none (default: random)")
    parser.add_argument("--parallel", type=int, default=4, help="requests worked on at once; the rest queue")
    parser.add_argument("--ctx-per-slot", type=int, default=2048, help="tokens one request may take, reply included")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--prompt-cache",
        action="store_true",
        help="reuse work of earlier requests: faster, but an answer then depends on the requests before it",
    )
    return parser.parse_args()


def main() -> None:
    args = arguments()
    # An OpenMP thread that waits by spinning starves the other processes of a small machine.
    # The library reads this while it is being loaded, hence the import below it.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OMP_NUM_THREADS", str(args.threads))
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = args.model
    params.model_alias = {args.alias}
    params.hostnames = [args.host]
    params.port = args.port
    params.n_parallel = args.parallel
    params.n_ctx = args.parallel * args.ctx_per_slot
    params.cpuparams.n_threads = args.threads
    params.cpuparams_batch.n_threads = args.threads
    params.cache_prompt = args.prompt_cache  # a request can still ask for its own with "cache_prompt"
    params.cache_ram_mib = 64  # the default lets saved prompts take gigabytes
    params.endpoint_metrics = True
    params.warmup = True
    if args.api_key:
        params.api_keys = [args.api_key]
    if args.default_seed is not None:
        params.sampling.seed = args.default_seed

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = xllamacpp.Server(params)
    print("listening on", server.listening_address, flush=True)
    stop.wait()


if __name__ == "__main__":
    main()
