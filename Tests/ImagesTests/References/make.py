"""Makes the images of this folder and, with Pillow, what reading each should give (NAME.rgb.png)."""
import numpy as np
from PIL import Image, ImageOps

rng = np.random.default_rng(1)
y, x = np.mgrid[0:20, 0:28]
smooth = np.stack([x * 9, y * 12, (x + y) * 5], -1).astype(np.uint8)
rgb = Image.fromarray(smooth)
alpha = Image.fromarray(np.dstack([smooth, (x * 9).astype(np.uint8)]))
images = {
    "rgb.png": rgb, "grey.png": rgb.convert("L"), "palette.png": rgb.quantize(16), "alpha.png": alpha,
    "grey-alpha.png": alpha.convert("LA"),
    "grey16.png": Image.fromarray((np.mgrid[0:20, 0:28][1] * 2340).astype(np.uint16)),
    "rgb.jpg": rgb, "grey.jpg": rgb.convert("L"), "cmyk.jpg": rgb.convert("CMYK"),
}
for name, image in images.items():
    image.save(name, **({"quality": 90} if name.endswith("jpg") else {}))
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    rgb.save(f"orientation{orientation}.jpg", exif=exif, quality=95)

def read(name):
    image = ImageOps.exif_transpose(Image.open(name))
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).astype(float) / 257 + 0.5).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA"):
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")

for name in list(images) + [f"orientation{i}.jpg" for i in range(1, 9)]:
    read(name).save(name + ".expected.png")
rgb.resize((13, 9), Image.BICUBIC).save("smaller.expected.png")
rgb.resize((50, 41), Image.BICUBIC).save("larger.expected.png")
rgb.resize((14, 10), Image.BOX).save("half.expected.png")
