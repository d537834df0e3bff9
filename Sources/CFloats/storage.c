#include "CFloats.h"

void lk_widen(lk_storage type, ptrdiff_t rows, ptrdiff_t columns, float *out, ptrdiff_t out_stride,
              const void *a, ptrdiff_t stride) {
  switch (type) {
    case LK_FLOAT16: return lk_half_to_float(rows, columns, out, out_stride, a, stride);
    case LK_BFLOAT16: return lk_bfloat16_to_float(rows, columns, out, out_stride, a, stride);
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
    case LK_BFLOAT16: return lk_float_to_bfloat16(rows, columns, out, out_stride, a, stride);
    case LK_FLOAT32: break;
  }
  lk_widen(LK_FLOAT32, rows, columns, out, out_stride, a, stride);
}
