#include "png-image.h"
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

struct overtone_png {
  png_structp png;
  png_infop info;
  const unsigned char *bytes;
  size_t count, offset, width, height, channels;
  int is_sound, is_exhausted;
  char message[160];
  jmp_buf jump;
};

static void on_error(png_structp png, png_const_charp message) {
  overtone_png *image = png_get_error_ptr(png);
  strncpy(image->message, message, sizeof image->message - 1);
  longjmp(image->jump, 1);
}
static void on_warning(png_structp png, png_const_charp message) {}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
  overtone_png *image = png_get_io_ptr(png);
  if (count > image->count - image->offset) {
    image->is_exhausted = 1;
    png_error(png, "it is cut short");
  }
  memcpy(target, image->bytes + image->offset, count);
  image->offset += count;
}

// Nothing that changes between setjmp and longjmp is a local variable: all state is in `image`.
static int open_image(overtone_png *image) {
  if (setjmp(image->jump)) return 0;
  image->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, image, on_error, on_warning);
  if (!image->png || !(image->info = png_create_info_struct(image->png))) {
    strcpy(image->message, "out of memory");
    return 0;
  }
  png_structp png = image->png;
  png_set_read_fn(png, image, read_bytes);
  // A million pixels a side bounds libpng's buffers of a row to 8 MB; a chunk of 8 MB is what libpng takes by default.
  png_set_user_limits(png, 1000000, 1000000);
  png_set_chunk_malloc_max(png, 8000000);
  // Pillow reads no file with a damaged chunk in front of its pixels, and a damaged tRNS would change them.
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  // Chunks that do not change pixels are skipped unread: gamma, colour spaces, texts. Pillow and torchvision apply
  // neither gAMA nor sRGB, cHRM or iCCP, and images must be the numbers that other programs train with.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, (png_const_bytep) "eXIf", 1);
  png_read_info(png, image->info);
  image->width = png_get_image_width(png, image->info);
  image->height = png_get_image_height(png, image->info);
  png_set_expand(png);  // palettes to RGB, 1, 2 and 4 bits to 8, tRNS to alpha
  png_set_scale_16(png);
  png_set_gray_to_rgb(png);
  return 1;
}

overtone_png *overtone_png_open(const unsigned char *bytes, size_t count) {
  overtone_png *image = calloc(1, sizeof *image);
  if (!image) return NULL;
  image->bytes = bytes;
  image->count = count;
  image->is_sound = open_image(image);
  if (image->is_sound) {
    int has_alpha = png_get_color_type(image->png, image->info) & PNG_COLOR_MASK_ALPHA
        || png_get_valid(image->png, image->info, PNG_INFO_tRNS);
    image->channels = has_alpha ? 4 : 3;
  }
  return image;
}

static int read_rows(overtone_png *image, unsigned char *pixels) {
  if (setjmp(image->jump)) return 0;
  png_structp png = image->png;
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, image->info);
  size_t row = image->width * image->channels;
  if (png_get_rowbytes(png, image->info) != row) png_error(png, "its rows have an unexpected size");
  for (int pass = 0; pass < passes; pass++)
    for (size_t y = 0; y < image->height; y++) png_read_row(png, pixels + y * row, NULL);
  return 1;
}

// What stands behind the pixels: a damaged last IDAT is an error, but an absent end is none, nor is a damaged comment,
// as in Pillow.
static int read_end(overtone_png *image) {
  if (setjmp(image->jump)) return image->is_exhausted;
  png_set_crc_action(image->png, PNG_CRC_ERROR_QUIT, PNG_CRC_WARN_DISCARD);
  png_read_end(image->png, NULL);
  return 1;
}

int overtone_png_read(overtone_png *image, unsigned char *pixels) {
  image->is_sound = image->is_sound && read_rows(image, pixels) && read_end(image);
  return image->is_sound;
}

int overtone_png_is_sound(const overtone_png *image) { return image->is_sound; }
size_t overtone_png_width(const overtone_png *image) { return image->width; }
size_t overtone_png_height(const overtone_png *image) { return image->height; }
size_t overtone_png_channels(const overtone_png *image) { return image->channels; }
const char *overtone_png_message(const overtone_png *image) { return image->message; }

void overtone_png_close(overtone_png *image) {
  png_destroy_read_struct(&image->png, &image->info, NULL);
  free(image);
}

size_t overtone_png_most_bytes(unsigned width, unsigned height) {
  png_image image = {.version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_RGB};
  return PNG_IMAGE_PNG_SIZE_MAX(image);
}

size_t overtone_png_write(
    const unsigned char *pixels, unsigned width, unsigned height, unsigned char *file, size_t most) {
  png_image image = {.version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_RGB};
  png_alloc_size_t count = most;
  return png_image_write_to_memory(&image, file, &count, 0, pixels, 0, NULL) ? count : 0;
}
