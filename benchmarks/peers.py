"""How else drawings reach a net: the two loaders that `training.py` times beside ours, on the very same drawings.

`Drawn` is what most people write first: parsed drawings in memory, OpenCV in `__getitem__`, worker processes of torch's
DataLoader. `Poster` is the way of the student project (field.md §1): Kaggle's CSV in a pandas frame, `ast.literal_eval`
and OpenCV at 256 px for each drawing, resized to the net's 224. Neither augments, which favours them.
"""

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from gribouille.drawing import Drawings
from gribouille.sampling import Rows
from gribouille.store import AnyStore

BASE, BASE_LINE = 256, 6  # px: the poster's picture and its line
POSTER_SIDE = 224  # px that its net took
Strokes = list[np.ndarray]  # uint8 [points, 2] for each stroke
Picture = Callable[[Strokes], np.ndarray]


def export_csv(store: AnyStore, rows: Rows, path: Path) -> None:
    """Writes the rows as Kaggle published its drawings: one line each, `drawing` as a JSON text of x and y for each stroke."""
    records = store.records(rows) if hasattr(store, "records") else store.store.records(store.rows[rows])
    texts = [json.dumps([stroke.T.tolist() for stroke in each]) for each in strokes_of(records.drawings)]
    frame = pandas.DataFrame(
        {
            "countrycode": [records.countries[code] if code >= 0 else "" for code in records.country],
            "drawing": texts,
            "key_id": records.key_id,
            "recognized": records.recognized == 1,
            "timestamp": pandas.to_datetime(np.maximum(records.timestamp, 0), unit="us"),
            "word": [records.labels[label] for label in records.label],
        }
    )
    frame.to_csv(path, index=False)


def strokes_of(drawings: Drawings) -> Iterator[Strokes]:
    """The drawings, parsed: one array for each stroke."""
    for begin, end in zip(drawings.offsets[:-1], drawings.offsets[1:], strict=True):
        points = drawings.points[begin:end]
        yield np.split(points[:, :2], np.flatnonzero(points[:, 2] == 0)[1:])


def ink(side: int, line: int) -> Picture:
    """How a drawing becomes one channel: one call of OpenCV, coordinates rounded to whole pixels."""

    def picture(strokes: Strokes) -> np.ndarray:
        image = np.zeros((side, side), np.uint8)
        lines = [np.round(stroke * np.float32((side - 1) / 255)).astype(np.int32) for stroke in strokes]
        cv2.polylines(image, lines, False, 255, line, cv2.LINE_AA)
        return image[None]

    return picture


def ink_time_stroke(side: int, line: int) -> Picture:
    """How a drawing becomes ink, time and stroke: one call a segment, since each has its own colour."""

    def picture(strokes: Strokes) -> np.ndarray:
        image = np.zeros((side, side, 3), np.uint8)
        lines = [np.round(stroke * np.float32((side - 1) / 255)).astype(np.int32) for stroke in strokes]
        steps = [np.hypot(*np.diff(stroke, axis=0).T) for stroke in lines]
        whole, walked = sum(step.sum() for step in steps) or 1, 0.0
        for number, (stroke, step) in enumerate(zip(lines, steps, strict=True)):
            points = stroke.tolist()
            for a, b, length in zip(points, points[1:], step.tolist(), strict=False):
                walked += length
                cv2.line(image, a, b, (255, 255 * walked / whole, 255 * (number + 1) / len(lines)), line, cv2.LINE_AA)
        return image.transpose(2, 0, 1)

    return picture


class Drawn(Dataset[tuple[Tensor, int]]):
    """Parsed drawings in memory, drawn when they are asked for."""

    def __init__(self, strokes: list[Strokes], label: list[int], picture: Picture) -> None:
        self.strokes = strokes
        self.label = label
        self.picture = picture

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return torch.from_numpy(self.picture(self.strokes[index]).astype(np.float32) / 255), self.label[index]


class Poster(Dataset[tuple[Tensor, int]]):
    """Kaggle's CSV in memory as text; each drawing evaluated, drawn at 256 px black on white, and resized to 224."""

    def __init__(self, frame: pandas.DataFrame, labels: tuple[str, ...]) -> None:
        place = {label: index for index, label in enumerate(labels)}
        self.drawings = frame["drawing"].to_numpy(dtype=object)
        self.label = [place[word] for word in frame["word"]]

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = np.full((BASE, BASE), 255, np.uint8)
        for xs, ys in ast.literal_eval(self.drawings[index]):
            for n in range(len(xs) - 1):
                cv2.line(image, (xs[n], ys[n]), (xs[n + 1], ys[n + 1]), 0, BASE_LINE)
        image = cv2.resize(image, (POSTER_SIDE, POSTER_SIDE))
        return torch.from_numpy(image[None].astype(np.float32) / 255), self.label[index]


def loader_of(dataset: Dataset[tuple[Tensor, int]], batch: int, workers: int) -> DataLoader[tuple[Tensor, Tensor]]:
    """torch's loader over the drawings in their order."""
    return DataLoader(dataset, batch, num_workers=workers, drop_last=True)
