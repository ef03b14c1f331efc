#!/usr/bin/env python3
"""An application that serves a prompt in the version its flag file says, and measures what it serves.

    app.py serve --flags flags.json --port 8090      the application
    app.py load --port 8090 --users 40               users who ask it again and again
    app.py tell --port 8090 2.0.0 --delay 0.03       makes a version slow, or --fail 0.4 makes it fail

Python 3.9 and its standard library are all it needs.
"""
import argparse
import collections
import http.client
import http.server
import json
import os
import random
import sys
import threading
import time
import urllib.parse
import urllib.request

# A request takes 20 ms, give or take a fifth; one in a hundred fails.
USUAL_DELAY = 0.020
USUAL_FAILURES = 0.01
BUCKETS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0)


def murmur3(data):
    """MurmurHash3, 32 bits, seed 0: what flag evaluators put users into buckets with."""
    mask, hashed = 0xFFFFFFFF, 0
    whole = len(data) // 4 * 4

    def mixed(word):
        word = word * 0xCC9E2D51 & mask
        word = (word << 15 | word >> 17) & mask
        return word * 0x1B873593 & mask

    for start in range(0, whole, 4):
        hashed ^= mixed(int.from_bytes(data[start : start + 4], "little"))
        hashed = (hashed << 13 | hashed >> 19) & mask
        hashed = (hashed * 5 + 0xE6546B64) & mask
    if data[whole:]:
        hashed ^= mixed(int.from_bytes(data[whole:], "little"))
    hashed ^= len(data)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        hashed = (hashed ^ hashed >> shift) * factor & mask
    return hashed ^ hashed >> 16


class Flags:
    """The flag file, read again when it has changed."""

    def __init__(self, path, flag):
        self.path, self.flag = path, flag
        self.seen, self.content = None, None

    def version(self, user):
        """The version that this user gets; None as long as there is no such flag."""
        try:
            stat = os.stat(self.path)
            seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if seen != self.seen:
                with open(self.path, encoding="utf-8") as file:
                    self.content = json.load(file)["flags"].get(self.flag)
                self.seen = seen
        except (OSError, ValueError, KeyError) as error:
            # The last flags that could be read still hold.
            print(f"the flag file cannot be read: {error}", file=sys.stderr)
        if not self.content:
            return None
        rule = self.content.get("targeting") or self.content.get("defaultVariant")
        return self.content["variants"].get(evaluate(rule, user))


def evaluate(rule, user):
    """The few operations of JSON Logic that prompt-cicd writes."""
    if not isinstance(rule, dict):
        return rule
    (operation, values), = rule.items()
    if operation == "var":
        return user
    if operation == "cat":
        return "".join(str(evaluate(value, user)) for value in values)
    if operation == "if":
        return evaluate(values[1] if evaluate(values[0], user) else values[2], user)
    if operation == "fractional":
        key = evaluate(values[0], user).encode()
        arms = values[1:]
        total = sum(weight for _, weight in arms)
        bucket, passed = murmur3(key) * total >> 32, 0
        for variant, weight in arms:
            passed += weight
            if bucket < passed:
                return variant
    raise ValueError(f"no such operation: {operation}")


class Measured:
    """What was served, by version: counters for Prometheus, and the last requests one by one."""

    def __init__(self):
        self.lock = threading.Lock()
        self.total, self.failed = collections.Counter(), collections.Counter()
        self.seconds, self.buckets = collections.Counter(), collections.Counter()
        self.last = collections.defaultdict(lambda: collections.deque(maxlen=20_000))

    def add(self, version, took, failed):
        with self.lock:
            self.total[version] += 1
            self.failed[version] += failed
            self.seconds[version] += took
            for bound in BUCKETS:
                self.buckets[version, bound] += took <= bound
            self.last[version].append((time.monotonic(), took, failed))

    def window(self, version, seconds):
        """The requests of the last seconds: the numbers since the last health check, when that is how far apart checks are."""
        after = time.monotonic() - seconds
        with self.lock:
            found = [entry for entry in self.last[version] if entry[0] > after]
        return {
            "requests": len(found),
            "failures": sum(failed for _, _, failed in found),
            "latency": {"samples": [round(took, 6) for _, took, _ in found], "at": time.time()},
        }

    def prometheus(self):
        with self.lock:
            lines = ["# TYPE requests_total counter"]
            lines += [f'requests_total{{version="{version}"}} {count}' for version, count in self.total.items()]
            lines += ["# TYPE failures_total counter"]
            lines += [f'failures_total{{version="{version}"}} {self.failed[version]}' for version in self.total]
            lines += ["# TYPE latency_seconds histogram"]
            for version, count in self.total.items():
                for bound in BUCKETS:
                    lines.append(f'latency_seconds_bucket{{version="{version}",le="{bound}"}} {self.buckets[version, bound]}')
                lines.append(f'latency_seconds_bucket{{version="{version}",le="+Inf"}} {count}')
                lines.append(f'latency_seconds_sum{{version="{version}"}} {self.seconds[version]:.6f}')
                lines.append(f'latency_seconds_count{{version="{version}"}} {count}')
        return "\n".join(lines) + "\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without this each answer waits 40 ms for the acknowledgement of its first half.
    disable_nagle_algorithm = True

    def do_GET(self):
        address = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(address.query))
        parts = address.path.strip("/").split("/")
        if parts == ["metrics"]:
            return self.answer(200, self.server.measured.prometheus(), "text/plain; version=0.0.4")
        if parts[0] == "stats" and len(parts) == 2:
            return self.answer(200, self.server.measured.window(urllib.parse.unquote(parts[1]), float(query.get("seconds", 1))))
        if parts == [""]:
            return self.serve(query.get("user", "nobody"))
        return self.answer(404, {"error": "ask for /, /metrics or /stats/VERSION"})

    def do_POST(self):
        address = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(address.query))
        if address.path != "/behave" or "version" not in query:
            return self.answer(404, {"error": "POST /behave?version=…&delay=SECONDS&fail=SHARE"})
        told = {"delay": float(query.get("delay", 0)), "fail": float(query.get("fail", 0))}
        self.server.behaviour[query["version"]] = told
        return self.answer(200, told)

    def serve(self, user):
        version = self.server.flags.version(user)
        if version is None:
            return self.answer(503, {"error": "nothing is rolled out yet"})
        told = self.server.behaviour.get(version, {"delay": 0, "fail": 0})
        started = time.monotonic()
        time.sleep(USUAL_DELAY * random.uniform(0.8, 1.2) + told["delay"])
        failed = random.random() < USUAL_FAILURES + told["fail"]
        self.server.measured.add(version, time.monotonic() - started, failed)
        if failed:
            return self.answer(500, {"version": version, "error": "the model gave no answer"})
        return self.answer(200, {"version": version, "answer": f"Hello {user}!"})

    def answer(self, status, body, kind="application/json"):
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Nothing: there are hundreds of requests in a second."""


def serve(options):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.daemon_threads = True
    server.flags, server.measured, server.behaviour = Flags(options.flags, options.flag), Measured(), {}
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


def load(options):
    """Users who each wait for their answer before they ask again. Every answer counts for one of many names."""

    def ask(first):
        names, connection = random.Random(first), http.client.HTTPConnection("127.0.0.1", options.port, timeout=5)
        while True:
            try:
                connection.request("GET", f"/?user=user-{names.randrange(100_000)}")
                connection.getresponse().read()
            except OSError:
                connection.close()
                time.sleep(0.2)

    for first in range(options.users):
        threading.Thread(target=ask, args=(first,), daemon=True).start()
    threading.Event().wait()


def tell(options):
    query = urllib.parse.urlencode({"version": options.version, "delay": options.delay, "fail": options.fail})
    request = urllib.request.Request(f"http://127.0.0.1:{options.port}/behave?{query}", method="POST")
    print(urllib.request.urlopen(request, timeout=5).read().decode())


def count(options):
    """Which versions so many users get, in percent."""
    flags = Flags(options.flags, options.flag)
    served = collections.Counter(flags.version(f"user-{number}") for number in range(options.users))
    print(", ".join(f"{version} {100 * number / options.users:.1f} %" for version, number in sorted(served.items())))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, does in (("serve", serve), ("load", load), ("tell", tell), ("count", count)):
        command = commands.add_parser(name)
        command.set_defaults(does=does)
        if name != "count":
            command.add_argument("--port", type=int, default=8090)
        if name in ("serve", "count"):
            command.add_argument("--flags", default="flags.json")
            command.add_argument("--flag", default="greeting")
        if name in ("load", "count"):
            command.add_argument("--users", type=int, default=8 if name == "load" else 10_000)
        if name == "tell":
            command.add_argument("version")
            command.add_argument("--delay", type=float, default=0)
            command.add_argument("--fail", type=float, default=0)
    options = parser.parse_args()
    try:
        options.does(options)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
