// BFloat16, the upper half of Float32, to and from it.
#include "convert.h"

INLINE float widen(uint16_t b) { return from_bits((uint32_t)b << 16); }

/// To the nearest, ties to even; NaN stays NaN, and becomes quiet.
INLINE uint16_t narrow(float f) {
  const uint32_t bits = to_bits(f);
  const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  const uint32_t quiet = bits >> 16 | 0x40;
  return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? quiet : rounded);
}

KERNEL void lk_bfloat16_to_float(ptrdiff_t rows, ptrdiff_t columns, float *out,
                                 ptrdiff_t out_stride, const uint16_t *a, ptrdiff_t stride) {
  CONVERT(widen)
}

KERNEL void lk_float_to_bfloat16(ptrdiff_t rows, ptrdiff_t columns, uint16_t *out,
                                 ptrdiff_t out_stride, const float *a, ptrdiff_t stride) {
  CONVERT(narrow)
}
