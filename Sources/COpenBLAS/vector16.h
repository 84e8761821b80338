#pragma once
// Vector operations that Swift 6.3 cannot express or splits into smaller registers: fused multiply-add, shuffles, and
// selections by a comparison. The names are those of C's <math.h> and of the usual intrinsics.

#define OVERTONE_INLINE static inline __attribute__((always_inline))

/// Sixteen floats; SIMD16<Float> in Swift.
typedef float overtone_vector16 __attribute__((ext_vector_type(16)));
typedef float overtone_unaligned_vector16 __attribute__((ext_vector_type(16), aligned(4)));

/// Vectors in a row of a micro-tile of six rows, by the instructions that the compiler may use (`-Xcc -march=native`):
/// 4 with 32 registers of sixteen floats (AVX-512), 1 with sixteen of eight (AVX2), two of which hold a vector, and 0
/// with neither, where the sums of a micro-tile would spill.
#if defined(__AVX512F__)
#define OVERTONE_TILE_VECTORS 4
#elif defined(__AVX2__) && defined(__FMA__)
#define OVERTONE_TILE_VECTORS 1
#else
#define OVERTONE_TILE_VECTORS 0
#endif

/// a b + c, rounded once where the processor can.
OVERTONE_INLINE overtone_vector16 overtone_multiply_add(
    overtone_vector16 a, overtone_vector16 b, overtone_vector16 c) {
#pragma clang fp contract(fast)
  return a * b + c;
}

/// Sixteen integers; the result of a comparison has all bits of an element set where it holds.
typedef int overtone_integer_vector16 __attribute__((ext_vector_type(16)));

/// The larger of a and b, element by element; b where one is not a number.
OVERTONE_INLINE overtone_vector16 overtone_max(overtone_vector16 a, overtone_vector16 b) { return a > b ? a : b; }

/// |x|
OVERTONE_INLINE overtone_vector16 overtone_magnitude(overtone_vector16 x) { return x < 0 ? -x : x; }

/// value where x is not below 0, and 0 elsewhere.
OVERTONE_INLINE overtone_vector16 overtone_where_positive(overtone_vector16 x, overtone_vector16 value) {
  return x < 0 ? (overtone_vector16)0 : value;
}

/// e^x with a relative error below 2e-7 for x of -87 to 88.
OVERTONE_INLINE overtone_vector16 overtone_exp_in_range(overtone_vector16 x) {
#pragma clang fp contract(fast)
  // x = n ln 2 + r with |r| <= ln 2 / 2; adding 1.5 * 2^23 rounds to the nearest whole n.
  const overtone_vector16 shifted = x * 1.44269504f + 12582912.0f, n = shifted - 12582912.0f;
  const overtone_vector16 r = x - n * 0.693359375f + n * 2.1219444e-4f;
  // Cephes' polynomial for (e^r - 1 - r) / r^2.
  overtone_vector16 p = r * 1.98756915e-4f + 1.39819995e-3f;
  p = p * r + 8.3334519e-3f;
  p = p * r + 4.1665796e-2f;
  p = p * r + 1.66666655e-1f;
  p = p * r + 5.0000001e-1f;
  p = p * (r * r) + r + 1;
  // 2^n by writing n into the exponent.
  return p * (overtone_vector16)(((overtone_integer_vector16)shifted - (0x4B400000 - 127)) << 23);
}

/// e^x for x of at most 88, with the same error; 0 below -87.
OVERTONE_INLINE overtone_vector16 overtone_exp_bounded(overtone_vector16 x) {
  const overtone_integer_vector16 tiny = x < -87;
  x = tiny ? (overtone_vector16)-87 : x;
  return tiny ? (overtone_vector16)0 : overtone_exp_in_range(x);
}

/// e^x for all x, with the same error; about 1e38 above 88, and 0 below -87.
OVERTONE_INLINE overtone_vector16 overtone_exp(overtone_vector16 x) {
  return overtone_exp_bounded(x > 88 ? (overtone_vector16)88 : x);
}

/// 1 / x within 1.5 units in the last place, for |x| of 2^-126 to 2^126: an estimate and one Newton step, since a
/// division takes as long as sixteen multiplications.
OVERTONE_INLINE overtone_vector16 overtone_reciprocal(overtone_vector16 x) {
#if defined(__AVX512F__)
#pragma clang fp contract(fast)
  typedef float stored __attribute__((vector_size(64)));
  const overtone_vector16 y = (overtone_vector16)__builtin_ia32_rcp14ps512_mask((stored)x, (stored)x, 0xFFFF);
  return y + y * (1 - x * y);
#else
  return 1 / x;
#endif
}

/// e^(-x^2), with |x| clamped to 9, where the result is far below half a unit in the last place of 1.
OVERTONE_INLINE overtone_vector16 overtone_exp_neg_square(overtone_vector16 x) {
  x = overtone_magnitude(x);
  x = x > 9 ? (overtone_vector16)9 : x;
  return overtone_exp_in_range(-(x * x));
}

/// The error function of x, given e^(-x^2) (Abramowitz and Stegun 7.1.26; error below 2e-7).
OVERTONE_INLINE overtone_vector16 overtone_erf(overtone_vector16 x, overtone_vector16 exp_neg_square) {
#pragma clang fp contract(fast)
  overtone_vector16 size = overtone_magnitude(x);
  size = size > 9 ? (overtone_vector16)9 : size;
  const overtone_vector16 t = overtone_reciprocal(size * 0.3275911f + 1);
  overtone_vector16 p = t * 1.061405429f - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  const overtone_vector16 positive = 1 - p * t * exp_neg_square;
  return x < 0 ? -positive : positive;
}

/// The pointer, hidden from the optimizer, which would otherwise keep one for each row and step of an unrolled
/// loop: more than there are registers.
OVERTONE_INLINE const float *_Nonnull overtone_opaque_pointer(const float *_Nonnull pointer) {
  __asm__("" : "+r"(pointer));
  return pointer;
}

/// Prefetches a cache line into the first-level cache.
OVERTONE_INLINE void overtone_prefetch(const float *from) { __builtin_prefetch(from); }

/// Prefetches a cache line into the second-level cache.
OVERTONE_INLINE void overtone_prefetch_l2(const float *from) { __builtin_prefetch(from, 0, 2); }

/// Prefetches a cache line that will be written.
OVERTONE_INLINE void overtone_prefetch_for_write(float *to) { __builtin_prefetch(to, 1); }

// Indices for the stages of a transposition, in which off-diagonal quarters of blocks of side 8, 4, 2, 1 are exchanged.
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
      overtone_vector16 x = r[i], y = r[i + side];                 \
      r[i] = __builtin_shufflevector(x, y, A);                  \
      r[i + side] = __builtin_shufflevector(x, y, B);           \
    }

/// Transposes 16 x 16 floats: to[j * step + i] = from[i * stride + j].
OVERTONE_INLINE void overtone_transpose(
    const float *from, long stride, float *to, long step) {
  overtone_vector16 r[16];
  for (int i = 0; i < 16; i++) r[i] = *(const overtone_unaligned_vector16 *)(from + i * stride);
  OVERTONE_STAGE(8, OVERTONE_8A, OVERTONE_8B)
  OVERTONE_STAGE(4, OVERTONE_4A, OVERTONE_4B)
  OVERTONE_STAGE(2, OVERTONE_2A, OVERTONE_2B)
  OVERTONE_STAGE(1, OVERTONE_1A, OVERTONE_1B)
  for (int i = 0; i < 16; i++) *(overtone_unaligned_vector16 *)(to + i * step) = r[i];
}

#define OVERTONE_FOLD(side, A, B)                                                                      \
  for (int i = 0; i < side; i++)                                                                       \
    r[i] = __builtin_shufflevector(r[i], r[i + side], A) + __builtin_shufflevector(r[i], r[i + side], B);

/// The sum of all elements, by halving: 8 + 8, 4 + 4, 2 + 2, 1 + 1.
OVERTONE_INLINE float overtone_reduce_add(overtone_vector16 x) {
  x += __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  x += __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3);
  x += __builtin_shufflevector(x, x, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1);
  return x[0] + x[1];
}

/// The maximum of all elements, by halving.
OVERTONE_INLINE float overtone_reduce_max(overtone_vector16 x) {
  x = overtone_max(x, __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  x = overtone_max(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3));
  x = overtone_max(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1));
  return x[0] > x[1] ? x[0] : x[1];
}

/// Rotates eight pairs of neighbours, each by its angle: (x0 c - x1 s, x1 c + x0 s). Of the cosines and sines the first
/// eight elements are used.
OVERTONE_INLINE overtone_vector16 overtone_rotate_pairs(overtone_vector16 x, overtone_vector16 c, overtone_vector16 s) {
  c = __builtin_shufflevector(c, c, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
  s = __builtin_shufflevector(-s, s, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const overtone_vector16 others = __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
  return overtone_multiply_add(x, c, others * s);
}

/// The dot products of one row with sixteen consecutive ones, over `count` floats, a multiple of 32.
OVERTONE_INLINE overtone_vector16 overtone_dot_products(
    const float *row, const float *others, long count) {
  overtone_vector16 r[16] = {0};
  for (long at = 0; at < count; at += 32) {
    const overtone_vector16 x = *(const overtone_unaligned_vector16 *)(row + at);
    const overtone_vector16 y = *(const overtone_unaligned_vector16 *)(row + at + 16);
    const float *other = others + at;
#pragma clang loop unroll(full)  // or the sums would live in memory
    for (int i = 0; i < 16; i++) {
      r[i] = overtone_multiply_add(x, *(const overtone_unaligned_vector16 *)other, r[i]);
      r[i] = overtone_multiply_add(y, *(const overtone_unaligned_vector16 *)(other + 16), r[i]);
      other += count;
    }
  }
  OVERTONE_FOLD(8, OVERTONE_8A, OVERTONE_8B)
  OVERTONE_FOLD(4, OVERTONE_4A, OVERTONE_4B)
  OVERTONE_FOLD(2, OVERTONE_2A, OVERTONE_2B)
  OVERTONE_FOLD(1, OVERTONE_1A, OVERTONE_1B)
  return r[0];
}
