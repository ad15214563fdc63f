"""What nets are fed: pictures or points, with times where the drawings have them, and the same whatever the batch."""

import numpy as np
import pytest
import torch
from shapes import store_of_shapes

from gribouille.augment import Augmentation, cut, warp
from gribouille.feed import FeedSpec, feed_of, known_times, padded_points
from gribouille.nets import build_net
from gribouille.raster.kernel import rasterise
from gribouille.raster.spec import RasterSpec
from gribouille.recogniser import padded
from gribouille.sampling import keys_of
from gribouille.store import Store

SPEC = RasterSpec.of_side(32)
WANTED = FeedSpec(SPEC, Augmentation(cut=0.5))
ROWS = np.arange(3, 23)
KEYS = keys_of(0, 0, ROWS)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A store of 4 shapes with times."""
    return store_of_shapes(tmp_path_factory.mktemp("shapes"), 20)


def fed(store: Store, net: str) -> torch.Tensor:
    return feed_of(store, build_net(net, 4, SPEC), WANTED)(ROWS, KEYS)


def test_nets_on_pictures_get_pictures(store):
    """A timm net gets the augmented drawings' pictures by the spec."""
    drawings = cut(warp(store.gather(ROWS), WANTED.augmentation, KEYS), WANTED.augmentation, KEYS)
    assert np.array_equal(fed(store, "test_resnet").numpy(), rasterise(drawings, SPEC))


def test_nets_on_points_get_points_and_the_times_of_half_the_drawings(store):
    """A net on points gets the augmented drawings as the model file would, and by each drawing's key its times or none."""
    drawings = cut(warp(store.gather(ROWS), WANTED.augmentation, KEYS), WANTED.augmentation, KEYS)
    points = fed(store, "gru*0.25").numpy()
    assert np.array_equal(points[:, :, :3], padded(list(drawings)))
    valid = points[:, :, 2] >= 0
    for drawing, key, mine in zip(points, KEYS, valid, strict=True):
        times = drawing[mine, 3]
        assert (times == -1).all() if key % 2 == 0 else (np.diff(times) >= 0).all() and times[0] >= 0
    assert (points[~valid] == [0, 0, -1, -1]).all()


def test_a_drawing_is_fed_the_same_alone(store):
    """What a net sees of a drawing depends on its row and key alone."""
    together = fed(store, "test_resnet")
    alone = feed_of(store, build_net("test_resnet", 4, SPEC), WANTED)(ROWS[7:8], KEYS[7:8])
    assert torch.equal(alone[0], together[7])


def test_drawings_without_times_have_none(store):
    """The times of a batch stand at its timed drawings' points, −1 elsewhere."""
    rows = np.array([0, 1, 2])
    drawings, (times, offsets) = store.gather(rows), store.times(rows)
    without = np.delete(times, np.s_[offsets[1] : offsets[2]])
    fewer = np.array([0, offsets[1], offsets[1], offsets[3] - (offsets[2] - offsets[1])])
    every = known_times(drawings, without, fewer)
    assert (every[drawings.offsets[1] : drawings.offsets[2]] == -1).all()
    assert np.array_equal(np.delete(every, np.s_[drawings.offsets[1] : drawings.offsets[2]]), without)


def test_padding_is_the_recognisers(store):
    """Batches of points are padded as the recogniser pads them."""
    drawings = store.gather(ROWS)
    assert np.array_equal(padded_points(drawings), padded(list(drawings)))
