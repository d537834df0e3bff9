#include "rows.h"

INLINE ptrdiff_t visible_columns(ptrdiff_t columns, ptrdiff_t first, ptrdiff_t row) {
  const ptrdiff_t n = first + row;
  return n < columns ? n : columns;
}

INLINE void scale_and_mask(ptrdiff_t n, float *x, float scale, const float *mask) {
  if (mask) {
    INDEPENDENT for (ptrdiff_t c = 0; c < n; c++) x[c] = x[c] * scale + mask[c];
  } else {
    INDEPENDENT for (ptrdiff_t c = 0; c < n; c++) x[c] *= scale;
  }
}

KERNEL void lk_attention_rows(ptrdiff_t rows, ptrdiff_t columns, float *x, float scale,
                              const float *mask, ptrdiff_t mask_stride, ptrdiff_t first,
                              float *normaliser) {
  for (ptrdiff_t r = 0; r < rows; r++, x += columns) {
    const ptrdiff_t n = visible_columns(columns, first, r);
    scale_and_mask(n, x, scale, mask ? mask + r * mask_stride : NULL);
    float largest = row_maximum(n, x);
    largest = largest == -INFINITY ? 0.0f : largest;
    const float sum = exp_sum(n, x, largest, x);
    // A row that sees nothing is 0, and stays 0 when it is computed again from infinity.
    normaliser[r] = sum == 0.0f ? INFINITY : largest + log_f(sum);
    const float share = sum == 0.0f ? 0.0f : 1.0f / sum;
    INDEPENDENT for (ptrdiff_t c = 0; c < n; c++) x[c] *= share;
    for (ptrdiff_t c = n; c < columns; c++) x[c] = 0.0f;
  }
}

KERNEL void lk_attention_probabilities(ptrdiff_t rows, ptrdiff_t columns, float *x, float scale,
                                       const float *mask, ptrdiff_t mask_stride, ptrdiff_t first,
                                       const float *normaliser) {
  for (ptrdiff_t r = 0; r < rows; r++, x += columns) {
    const ptrdiff_t n = visible_columns(columns, first, r);
    const float shift = normaliser[r];
    if (mask) {
      const float *m = mask + r * mask_stride;
      INDEPENDENT for (ptrdiff_t c = 0; c < n; c++) x[c] = exp_f(x[c] * scale + m[c] - shift);
    } else {
      INDEPENDENT for (ptrdiff_t c = 0; c < n; c++) x[c] = exp_f(x[c] * scale - shift);
    }
    for (ptrdiff_t c = n; c < columns; c++) x[c] = 0.0f;
  }
}

KERNEL void lk_attention_gradient(ptrdiff_t rows, ptrdiff_t columns, const float *p, float *g,
                                  float scale) {
  for (ptrdiff_t r = 0; r < rows; r++, p += columns, g += columns) {
    const float d = dot(columns, p, g);
    INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) g[c] = scale * p[c] * (g[c] - d);
  }
}
