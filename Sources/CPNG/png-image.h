#pragma once
#include <stddef.h>

/// A PNG image being read from memory by libpng. libpng reports errors by longjmp, which must not leave C: every
/// function here returns 0 instead, and overtone_png_message says why.
typedef struct overtone_png overtone_png;

/// Reads everything in front of the pixels. Null without memory; the caller closes the result, which points into
/// `bytes`.
overtone_png *overtone_png_open(const unsigned char *bytes, size_t count);
/// 1 if the image can be read so far.
int overtone_png_is_sound(const overtone_png *image);
/// Columns, rows, and channels of the pixels that overtone_png_read writes: 3 for RGB, 4 with alpha.
size_t overtone_png_width(const overtone_png *image);
size_t overtone_png_height(const overtone_png *image);
size_t overtone_png_channels(const overtone_png *image);
/// Writes bytes [height, width, channels]; 0 where the file is damaged or cut short. May be called once.
int overtone_png_read(overtone_png *image, unsigned char *pixels);
/// The error, in libpng's words.
const char *overtone_png_message(const overtone_png *image);
void overtone_png_close(overtone_png *image);

/// The most bytes that an encoded image of this size has.
size_t overtone_png_most_bytes(unsigned width, unsigned height);
/// Encodes RGB bytes [height, width, 3]; returns the number of bytes written to `file`, 0 without memory.
size_t overtone_png_write(
    const unsigned char *pixels, unsigned width, unsigned height, unsigned char *file, size_t most);
