#include "convert.h"

// BFloat16 is the upper half of Float32.

INLINE float widen(uint16_t b) { return from_bits((uint32_t)b << 16); }

/// To the nearest, ties to even; NaN stays NaN, and becomes quiet.
INLINE uint16_t narrow(float f) {
  const uint32_t bits = to_bits(f);
  const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  const uint32_t quiet = bits >> 16 | 0x40;
  return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? quiet : rounded);
}

static KERNEL void bfloat16_to_float(ptrdiff_t rows, ptrdiff_t columns, float *out,
                                 ptrdiff_t out_stride, const uint16_t *a, ptrdiff_t stride) {
  CONVERT(widen)
}

static KERNEL void float_to_bfloat16(ptrdiff_t rows, ptrdiff_t columns, uint16_t *out,
                                 ptrdiff_t out_stride, const float *a, ptrdiff_t stride) {
  CONVERT(narrow)
}

void lk_widen(lk_storage type, ptrdiff_t rows, ptrdiff_t columns, float *out, ptrdiff_t out_stride,
              const void *a, ptrdiff_t stride) {
  switch (type) {
    case LK_FLOAT16: return lk_half_to_float(rows, columns, out, out_stride, a, stride);
    case LK_BFLOAT16: return bfloat16_to_float(rows, columns, out, out_stride, a, stride);
    case LK_FLOAT32: break;
  }
  // Numbers without gaps are one row, and a column is a loop over its strides.
  const float *from = a;
  if (stride == columns && out_stride == columns) columns *= rows, rows = rows > 0;
  if (columns == 1) {
    for (ptrdiff_t r = 0; r < rows; r++) out[r * out_stride] = from[r * stride];
  } else {
    for (ptrdiff_t r = 0; r < rows; r++, out += out_stride, from += stride)
      __builtin_memmove(out, from, sizeof *out * (size_t)columns);
  }
}

void lk_narrow(lk_storage type, ptrdiff_t rows, ptrdiff_t columns, void *out, ptrdiff_t out_stride,
               const float *a, ptrdiff_t stride) {
  switch (type) {
    case LK_FLOAT16: return lk_float_to_half(rows, columns, out, out_stride, a, stride);
    case LK_BFLOAT16: return float_to_bfloat16(rows, columns, out, out_stride, a, stride);
    case LK_FLOAT32: break;
  }
  lk_widen(LK_FLOAT32, rows, columns, out, out_stride, a, stride);
}
