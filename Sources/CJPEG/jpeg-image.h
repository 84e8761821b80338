#pragma once
#include <stddef.h>

/// A JPEG image being read from memory by libjpeg. libjpeg reports errors by a callback that must not return, which is
/// a longjmp here and must not leave C: every function returns 0 instead, and overtone_jpeg_message says why.
///
/// Fatal errors and files that are cut short are errors. Warnings are none, as in Pillow: libjpeg gives them for junk
/// between segments, which does no harm, and for damaged blocks, which it replaces.
typedef struct overtone_jpeg overtone_jpeg;

/// Reads everything in front of the pixels. Null without memory; the caller closes the result, which points into
/// `bytes`.
overtone_jpeg *overtone_jpeg_open(const unsigned char *bytes, size_t count);
/// 1 if the image can be read so far.
int overtone_jpeg_is_sound(const overtone_jpeg *image);
/// Columns, rows, and channels of the pixels that overtone_jpeg_read writes: 3 for RGB, 4 for CMYK.
size_t overtone_jpeg_width(const overtone_jpeg *image);
size_t overtone_jpeg_height(const overtone_jpeg *image);
size_t overtone_jpeg_channels(const overtone_jpeg *image);
/// Writes bytes [height, width, channels]; 0 where the file is damaged or cut short. May be called once.
int overtone_jpeg_read(overtone_jpeg *image, unsigned char *pixels);
/// The error, in libjpeg's words.
const char *overtone_jpeg_message(const overtone_jpeg *image);
void overtone_jpeg_close(overtone_jpeg *image);
