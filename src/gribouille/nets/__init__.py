"""Nets: from pictures or points to logits, one for each label."""

from gribouille.nets.catalogue import build_net, takes_any_side
from gribouille.nets.depthwise import quicken
from gribouille.nets.model_file import start_from_model
from gribouille.nets.points import PointNet
from gribouille.nets.pretrained import began_otherwise, start_from

__all__ = ["PointNet", "began_otherwise", "build_net", "quicken", "start_from", "start_from_model", "takes_any_side"]
