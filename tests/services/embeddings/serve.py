"""Serves OpenAI's /v1/embeddings from a BERT sentence model, computed with NumPy alone: one small model needs no more."""

import argparse
import json
import pathlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

MOST_TOKENS = 256


class Model:
    """Token ids in, one vector of length 1 out: the encoder's last states, averaged."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        config = json.loads((folder / "config.json").read_text())
        self.weights = {name.removeprefix("bert."): value.astype(np.float32) for name, value in load_file(folder / "model.safetensors").items() if value.dtype.kind == "f"}
        self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
        self.epsilon = config["layer_norm_eps"]
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MOST_TOKENS)

    def linear(self, states, name):
        return states @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def norm(self, states, name):
        mean, variance = states.mean(-1, keepdims=True), states.var(-1, keepdims=True)
        return (states - mean) / np.sqrt(variance + self.epsilon) * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def attend(self, states, layer):
        length, size = states.shape

        def split(name):
            return self.linear(states, f"{layer}.attention.self.{name}").reshape(length, self.heads, -1).transpose(1, 0, 2)

        query, key, value = split("query"), split("key"), split("value")
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(size / self.heads)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        return self.linear((shares @ value).transpose(1, 0, 2).reshape(length, size), f"{layer}.attention.output.dense")

    def embed(self, text):
        ids = self.tokenizer.encode(text).ids
        of = self.weights
        states = of["embeddings.word_embeddings.weight"][ids] + of["embeddings.position_embeddings.weight"][: len(ids)]
        states = self.norm(states + of["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for number in range(self.layers):
            layer = f"encoder.layer.{number}"
            states = self.norm(states + self.attend(states, layer), f"{layer}.attention.output.LayerNorm")
            inner = self.linear(states, f"{layer}.intermediate.dense")
            # GELU by its tanh form: within 0.0005 of the one with erf, which NumPy lacks.
            inner = 0.5 * inner * (1 + np.tanh(np.sqrt(2 / np.pi) * (inner + 0.044715 * inner**3)))
            states = self.norm(states + self.linear(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        vector = states.mean(0)
        return (vector / np.linalg.norm(vector)).tolist(), len(ids)


class Handler(BaseHTTPRequestHandler):
    model = None

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/v1/models":
            self.answer(200, {"object": "list", "data": [{"id": "all-minilm-l6-v2", "object": "model"}]})
        else:
            self.answer(404, {"error": {"message": "no such path", "code": 404}})

    def do_POST(self):
        if self.path != "/v1/embeddings":
            return self.answer(404, {"error": {"message": "no such path", "code": 404}})
        try:
            request = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
            texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
            vectors = [self.model.embed(text) for text in texts]
        except (ValueError, KeyError, TypeError) as error:
            return self.answer(400, {"error": {"message": f"no request for embeddings: {error}", "code": 400}})
        data = [{"object": "embedding", "index": index, "embedding": vector} for index, (vector, _) in enumerate(vectors)]
        tokens = sum(count for _, count in vectors)
        self.answer(200, {"object": "list", "model": "all-minilm-l6-v2", "data": data, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}})

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--port", type=int, required=True)
    args = parser.parse_args()
    Handler.model = Model(args.model)
    ThreadingHTTPServer(("127.0.0.1", args.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
