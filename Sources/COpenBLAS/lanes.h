#pragma once
// What Swift's SIMD types cannot say yet: fused multiply-add and a transposition in registers.

/// Sixteen floats; SIMD16<Float> in Swift.
typedef float overtone_lanes __attribute__((ext_vector_type(16)));
typedef float overtone_stored_lanes __attribute__((ext_vector_type(16), aligned(4)));

/// Registers side by side in a row of a tile of six rows: what the compiler may use (`-Xcc -march=native`) decides.
/// 4 with 32 registers of sixteen floats (AVX-512); 1 with 16 of eight (AVX2), two of which stand for one; 0 without either,
/// where tiles would spill.
#if defined(__AVX512F__)
#define OVERTONE_TILE_LANES 4
#elif defined(__AVX2__) && defined(__FMA__)
#define OVERTONE_TILE_LANES 1
#else
#define OVERTONE_TILE_LANES 0
#endif

/// a b + c, rounded once where the processor can.
static inline __attribute__((always_inline)) overtone_lanes overtone_multiply_add(
    overtone_lanes a, overtone_lanes b, overtone_lanes c) {
#pragma clang fp contract(fast)
  return a * b + c;
}

/// Asks for a line of the cache before it is needed.
static inline __attribute__((always_inline)) void overtone_prefetch(const float *from) { __builtin_prefetch(from); }

/// The same for a line that will be written.
static inline __attribute__((always_inline)) void overtone_prefetch_to_write(float *to) { __builtin_prefetch(to, 1); }

// Which lanes of two rows go where when the off-diagonal quarters of a block of side 8, 4, 2, 1 change places.
#define OVERTONE_8A 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define OVERTONE_8B 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define OVERTONE_4A 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define OVERTONE_4B 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define OVERTONE_2A 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define OVERTONE_2B 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define OVERTONE_1A 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define OVERTONE_1B 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#define OVERTONE_STAGE(side, A, B)                              \
  for (int i = 0; i < 16; i++)                                  \
    if (!(i & side)) {                                          \
      overtone_lanes x = r[i], y = r[i + side];                 \
      r[i] = __builtin_shufflevector(x, y, A);                  \
      r[i + side] = __builtin_shufflevector(x, y, B);           \
    }

/// Sixteen rows of sixteen floats, `stride` apart, written as columns: to[j * step + i] = from[i * stride + j].
static inline __attribute__((always_inline)) void overtone_transpose(
    const float *from, long stride, float *to, long step) {
  overtone_lanes r[16];
  for (int i = 0; i < 16; i++) r[i] = *(const overtone_stored_lanes *)(from + i * stride);
  OVERTONE_STAGE(8, OVERTONE_8A, OVERTONE_8B)
  OVERTONE_STAGE(4, OVERTONE_4A, OVERTONE_4B)
  OVERTONE_STAGE(2, OVERTONE_2A, OVERTONE_2B)
  OVERTONE_STAGE(1, OVERTONE_1A, OVERTONE_1B)
  for (int i = 0; i < 16; i++) *(overtone_stored_lanes *)(to + i * step) = r[i];
}

#define OVERTONE_FOLD(side, A, B)                                                                      \
  for (int i = 0; i < side; i++)                                                                       \
    r[i] = __builtin_shufflevector(r[i], r[i + side], A) + __builtin_shufflevector(r[i], r[i + side], B);

/// The products of one row with sixteen others, which lie one behind the other, over `count` floats, a multiple of 32.
/// They are read as they lie, from end to end.
static inline __attribute__((always_inline)) overtone_lanes overtone_dots(
    const float *row, const float *others, long count) {
  overtone_lanes r[16] = {0};
  for (long at = 0; at < count; at += 32) {
    const overtone_lanes x = *(const overtone_stored_lanes *)(row + at);
    const overtone_lanes y = *(const overtone_stored_lanes *)(row + at + 16);
    const float *other = others + at;
#pragma clang loop unroll(full)  // or the sums would live in memory
    for (int i = 0; i < 16; i++) {
      r[i] = overtone_multiply_add(x, *(const overtone_stored_lanes *)other, r[i]);
      r[i] = overtone_multiply_add(y, *(const overtone_stored_lanes *)(other + 16), r[i]);
      other += count;
    }
  }
  OVERTONE_FOLD(8, OVERTONE_8A, OVERTONE_8B)
  OVERTONE_FOLD(4, OVERTONE_4A, OVERTONE_4B)
  OVERTONE_FOLD(2, OVERTONE_2A, OVERTONE_2B)
  OVERTONE_FOLD(1, OVERTONE_1A, OVERTONE_1B)
  return r[0];
}
