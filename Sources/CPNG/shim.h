#pragma once
#include <png.h>
#include <string.h>

// The simplified interface reports errors by return value; its pixel formats are macros.
static inline void overtone_png_start(png_imagep image) {
  memset(image, 0, sizeof *image);
  image->version = PNG_IMAGE_VERSION;
}
static inline png_uint_32 overtone_png_rgb(void) { return PNG_FORMAT_RGB; }
static inline png_uint_32 overtone_png_rgba(void) { return PNG_FORMAT_RGBA; }
static inline png_uint_32 overtone_png_grey(void) { return PNG_FORMAT_GRAY; }
static inline int overtone_png_is_linear(png_imagep image) { return (image->format & PNG_FORMAT_FLAG_LINEAR) != 0; }
static inline int overtone_png_has_alpha(png_imagep image) { return (image->format & PNG_FORMAT_FLAG_ALPHA) != 0; }
static inline void overtone_png_sixteen_is_srgb(png_imagep image) { image->flags |= PNG_IMAGE_FLAG_16BIT_sRGB; }
