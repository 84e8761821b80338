"""Makes windows.npz: a image, and the windows that Pillow and the released code cut from it.

Centre: ADM's center_crop_arr (guided-diffusion, image_datasets.py). Square windows: LlamaGen's extract_codes_c2i.py,
center_crop_arr to int(size * scale), then a window of the square. Windows anywhere: a window of ADM's resize, before
its crop."""
import numpy as np
from PIL import Image

rng = np.random.default_rng(5)
HEIGHT, WIDTH = 93, 131
y, x = np.mgrid[:HEIGHT, :WIDTH]
original = np.stack([127 + 90 * np.sin(x / 5 + y / 9), 255 * x / WIDTH, 127 + 120 * np.cos(y / 4)], -1)
original = np.clip(original + rng.normal(0, 25, original.shape), 0, 255).astype(np.uint8)


def resized(side):
    image = Image.fromarray(original)
    while min(*image.size) >= 2 * side:
        image = image.resize(tuple(x // 2 for x in image.size), resample=Image.BOX)
    scale = side / min(*image.size)
    return np.array(image.resize(tuple(round(x * scale) for x in image.size), resample=Image.BICUBIC))


def centre(array, side):
    top, left = (array.shape[0] - side) // 2, (array.shape[1] - side) // 2
    return array[top:top + side, left:left + side]


def start(slack, position):
    """Each of the slack + 1 positions has an equal part of [0, 1]."""
    return min(slack, max(0, int(np.ceil(position * (slack + 1))) - 1))


def window(array, size, px, py):
    top, left = start(array.shape[0] - size, py), start(array.shape[1] - size, px)
    return array[top:top + size, left:left + size]


arrays, cases = {"original": original}, []
for size, scale, px, py, square in [
    (16, 1, .5, .5, 0), (40, 1, .5, .5, 0), (64, 1, .5, .5, 0), (120, 1, .5, .5, 0), (40, 1.125, .25, .75, 0),
    (40, 1.5, 0, 1, 0), (31, 2, .875, .125, 0), (16, 1.125, 1, 0, 0), (40, 1.1, 0, 0, 1), (40, 1.1, 1, 0, 1),
    (40, 1.1, 0, 1, 1), (40, 1.1, 1, 1, 1), (41, 1.1, .5, .5, 1), (64, 1.25, .5, 1, 1),
]:
    # Single precision, as augmentations hold it.
    side = int(size * float(np.float32(scale)))
    array = resized(side)
    arrays[f"window{len(cases)}"] = window(centre(array, side) if square else array, size, px, py)
    cases.append([size, scale, px, py, square])
np.savez_compressed("windows.npz", cases=np.round(np.array(cases) * 1000).astype(int), **arrays)
