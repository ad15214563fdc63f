"""What a page takes from a model, as files: its card, its bytes plain and packed, and model-version.js for the service worker.

The server answers with them, `gribouille.site` writes them. Addresses in the card are relative to the card's own, so that
a page works below any path.
"""

import gzip
import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from gribouille.recogniser import MODELS, Recogniser
from gribouille.server.wire import FirstModel, ModelAnswer, Place, model_answer

CARD = "api/v1/model"  # below the page's address, as are all paths here
FOLDER = "api/v1/"
VERSION = "model-version.js"
FIRST = MODELS / "tiny.onnx"  # guesses on a first visit until a larger one of the same words has arrived


@dataclass(frozen=True)
class Published:
    """Files by their address below the page's, a query included; `packed` ones are gzipped, and the page unpacks them."""

    card: ModelAnswer
    files: Mapping[str, bytes]

    @property
    def card_file(self) -> bytes:
        """The card as it is sent, byte for byte: the service worker checks its hash."""
        return self.card.model_dump_json().encode()


def published(recogniser: Recogniser, name: str, place: Place) -> Published:
    """A recogniser's model, and the one that stands in for it at first, under addresses made by `name`.

    `name` is a template with {name}, {ending} and {sha256}; `place` says what else can be asked for there.
    """

    def address(which: str, ending: str, sha256: str) -> str:
        return name.format(name=which, ending=ending, sha256=sha256)

    url = address("model", "onnx", recogniser.sha256)
    packed = address("model", "onnxz", recogniser.sha256)
    files = {FOLDER + url: recogniser.file, FOLDER + packed: _packed(recogniser.file)}
    stand_in, first = first_of(recogniser), None
    if stand_in is not None:
        first = FirstModel(packed=address("first", "onnxz", stand_in.sha256), sha256=stand_in.sha256)
        files[FOLDER + first.packed] = stand_in.packed
    card = model_answer(recogniser, url, packed, first, place)
    answer = Published(card, files)
    return Published(card, files | {VERSION: _version(answer.card_file, FOLDER + packed, files[FOLDER + packed])})


@dataclass(frozen=True)
class StandIn:
    """The model that guesses until a larger one has arrived: no session, and of its file only the packed form."""

    labels: tuple[str, ...]
    sha256: str
    packed: bytes


def first_of(recogniser: Recogniser) -> StandIn | None:
    """The shipped tiny model, where it knows the same words and weighs less than half; else None."""
    if 2 * FIRST.stat().st_size >= len(recogniser.file):
        return None
    tiny = _tiny()
    return tiny if tiny.labels == recogniser.labels else None


@cache
def _tiny() -> StandIn:
    tiny = Recogniser(FIRST)
    return StandIn(tiny.labels, tiny.sha256, _packed(tiny.file))


def _packed(file: bytes) -> bytes:
    # A quarter less: 7-bit weights of a byte each. No server or bucket packs such files by itself, browsers all unpack.
    return gzip.compress(file, mtime=0)


def _version(card: bytes, path: str, packed: bytes) -> bytes:
    """The script that tells the service worker which card and model belong together (web/src/offline/versions.ts)."""
    files = {CARD: integrity(card), path: integrity(packed)}
    version = hashlib.sha256(json.dumps(files).encode()).hexdigest()
    return f"self.MODEL = {json.dumps({'version': version, 'files': files}, indent=1)}\n".encode()


def integrity(file: bytes) -> str:
    """A file's hash as browsers' `integrity` has it."""
    return f"sha256-{b64encode(hashlib.sha256(file).digest()).decode()}"
