#include "kernel.h"

void lk_widen(lk_storage type, ptrdiff_t rows, ptrdiff_t columns, float *out, ptrdiff_t out_stride,
              const void *a, ptrdiff_t stride) {
  switch (type) {
    case LK_FLOAT16: return lk_half_to_float(rows, columns, out, out_stride, a, stride);
    case LK_FLOAT32: break;
  }
  const float *from = a;
  for (ptrdiff_t r = 0; r < rows; r++, out += out_stride, from += stride)
    for (ptrdiff_t c = 0; c < columns; c++) out[c] = from[c];
}

void lk_narrow(lk_storage type, ptrdiff_t rows, ptrdiff_t columns, void *out, ptrdiff_t out_stride,
               const float *a, ptrdiff_t stride) {
  switch (type) {
    case LK_FLOAT16: return lk_float_to_half(rows, columns, out, out_stride, a, stride);
    case LK_FLOAT32: break;
  }
  lk_widen(LK_FLOAT32, rows, columns, out, out_stride, a, stride);
}
