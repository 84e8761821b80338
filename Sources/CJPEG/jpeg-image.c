#include "jpeg-image.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

struct overtone_jpeg {
  struct jpeg_decompress_struct decoder;
  struct jpeg_error_mgr errors;
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
  size_t count;
  int is_sound, is_exhausted;
  char message[JMSG_LENGTH_MAX];
  jmp_buf jump;
};

static void on_error(j_common_ptr decoder) {
  overtone_jpeg *image = decoder->client_data;
  decoder->err->format_message(decoder, image->message);
  longjmp(image->jump, 1);
}
static void on_message(j_common_ptr decoder, int level) {}
static void print_message(j_common_ptr decoder) {}

// libjpeg's own source pretends that a cut file ends properly, and fills the rest with grey.
static boolean refill(j_decompress_ptr decoder) {
  ((overtone_jpeg *)decoder->client_data)->is_exhausted = 1;
  ERREXIT(decoder, JERR_INPUT_EOF);
  return FALSE;
}
static void skip(j_decompress_ptr decoder, long count) {
  if (count <= 0) return;
  if ((size_t)count > decoder->src->bytes_in_buffer) refill(decoder);
  decoder->src->next_input_byte += count;
  decoder->src->bytes_in_buffer -= count;
}
static void do_nothing(j_decompress_ptr decoder) {}

// Each scan of a progressive file visits the whole image, however few bytes it has. Encoders write about ten; 500 is
// what libjpeg-turbo's own fuzzers allow.
static void on_progress(j_common_ptr common) {
  j_decompress_ptr decoder = (j_decompress_ptr)common;
  double scans = decoder->input_scan_number, pixels = (double)decoder->image_width * decoder->image_height;
  if (scans > 500 || (scans > 64 && scans * pixels > 0x1p30)) {
    overtone_jpeg *image = decoder->client_data;
    snprintf(image->message, sizeof image->message, "it has more than %d scans", scans > 500 ? 500 : 64);
    longjmp(image->jump, 1);
  }
}

// Nothing that changes between setjmp and longjmp is a local variable: all state is in `image`.
static int open_image(overtone_jpeg *image, const unsigned char *bytes, size_t count) {
  j_decompress_ptr decoder = &image->decoder;
  decoder->err = jpeg_std_error(&image->errors);
  image->errors.error_exit = on_error;
  image->errors.emit_message = on_message;
  image->errors.output_message = print_message;
  decoder->client_data = image;
  if (setjmp(image->jump)) return 0;
  jpeg_create_decompress(decoder);
  image->source = (struct jpeg_source_mgr){
      .next_input_byte = bytes, .bytes_in_buffer = count, .init_source = do_nothing, .fill_input_buffer = refill,
      .skip_input_data = skip, .resync_to_restart = jpeg_resync_to_restart, .term_source = do_nothing};
  decoder->src = &image->source;
  image->progress.progress_monitor = on_progress;
  decoder->progress = &image->progress;
  jpeg_read_header(decoder, TRUE);
  switch (decoder->jpeg_color_space) {
    case JCS_GRAYSCALE: case JCS_YCbCr: case JCS_RGB: decoder->out_color_space = JCS_RGB; return 1;
    case JCS_CMYK: case JCS_YCCK: decoder->out_color_space = JCS_CMYK; return 1;
    default:
      snprintf(image->message, sizeof image->message, "it has %d channels", decoder->num_components);
      return 0;
  }
}

overtone_jpeg *overtone_jpeg_open(const unsigned char *bytes, size_t count) {
  overtone_jpeg *image = calloc(1, sizeof *image);
  if (!image) return 0;
  image->count = count;
  image->is_sound = open_image(image, bytes, count);
  return image;
}

static int read_rows(overtone_jpeg *image, unsigned char *pixels) {
  j_decompress_ptr decoder = &image->decoder;
  if (setjmp(image->jump)) return 0;
  jpeg_start_decompress(decoder);
  size_t row = overtone_jpeg_width(image) * overtone_jpeg_channels(image);
  while (decoder->output_scanline < decoder->output_height) {
    // As many rows as one row of blocks can have.
    JSAMPROW rows[32];
    for (size_t y = 0; y < 32; y++) rows[y] = pixels + (decoder->output_scanline + y) * row;
    size_t left = decoder->output_height - decoder->output_scanline;
    jpeg_read_scanlines(decoder, rows, left < 32 ? (JDIMENSION)left : 32);
  }
  return 1;
}

// What stands behind the last row: an absent end is no error, as in Pillow, but the start of a second frame is (markers
// 0xC0 to 0xCF but for tables, 0xC4 and 0xCC).
static int read_end(overtone_jpeg *image) {
  if (setjmp(image->jump)) {
    int marker = image->decoder.unread_marker;
    return image->is_exhausted && ((marker & 0xF0) != 0xC0 || marker == 0xC4 || marker == 0xCC);
  }
  jpeg_finish_decompress(&image->decoder);
  return 1;
}

// A block of 8 x 8 pixels takes half a bit at least, whatever its sampling, but for arithmetic codes. The decoder would
// make up what is missing, in seconds and hundreds of megabytes.
static int holds_pixels(overtone_jpeg *image) {
  const struct jpeg_decompress_struct *decoder = &image->decoder;
  unsigned width = decoder->image_width, height = decoder->image_height;
  if (decoder->arith_code || (double)width * height <= 1024.0 * image->count) return 1;
  snprintf(image->message, sizeof image->message, "%zu bytes are too few for %ux%u pixels", image->count, width,
           height);
  return 0;
}

int overtone_jpeg_read(overtone_jpeg *image, unsigned char *pixels) {
  image->is_sound = image->is_sound && holds_pixels(image) && read_rows(image, pixels) && read_end(image);
  return image->is_sound;
}

int overtone_jpeg_is_sound(const overtone_jpeg *image) { return image->is_sound; }
size_t overtone_jpeg_width(const overtone_jpeg *image) { return image->decoder.image_width; }
size_t overtone_jpeg_height(const overtone_jpeg *image) { return image->decoder.image_height; }
size_t overtone_jpeg_channels(const overtone_jpeg *image) { return image->decoder.out_color_space == JCS_CMYK ? 4 : 3; }
const char *overtone_jpeg_message(const overtone_jpeg *image) { return image->message; }

void overtone_jpeg_close(overtone_jpeg *image) {
  jpeg_destroy_decompress(&image->decoder);
  free(image);
}
