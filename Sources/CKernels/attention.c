#include "rows.h"

INLINE ptrdiff_t visible_columns(ptrdiff_t columns, ptrdiff_t first, ptrdiff_t row) {
  const ptrdiff_t n = first + row;
  return n < columns ? n : columns;
}

KERNEL void lk_attention_rows(ptrdiff_t rows, ptrdiff_t columns, float *x, float scale,
                              const float *mask, ptrdiff_t mask_stride, ptrdiff_t first,
                              float *normaliser) {
  // The exponential takes a positive scale along; else it is applied first, with the mask.
  const bool is_late = !mask && scale > 0.0f;
  const float late = is_late ? scale : 1.0f;
  float sums[LANES], largest[LANES];
  for (ptrdiff_t start = 0; start < rows; start += LANES) {
    const ptrdiff_t some = rows - start < LANES ? rows - start : LANES;
    for (int l = 0; l < LANES; l++) sums[l] = 1.0f, largest[l] = 0.0f;
    for (ptrdiff_t l = 0; l < some; l++, x += columns) {
      const ptrdiff_t r = start + l, n = visible_columns(columns, first, r);
      if (mask) {
        const float *m = mask + r * mask_stride;
        INDEPENDENT for (ptrdiff_t c = 0; c < n; c++) x[c] = x[c] * scale + m[c];
      } else if (!is_late) {
        INDEPENDENT for (ptrdiff_t c = 0; c < n; c++) x[c] *= scale;
      }
      const float top = row_maximum(n, x) * late;
      largest[l] = top == -INFINITY ? 0.0f : top;
      sums[l] = exp_sum(n, x, late, largest[l], x);
      const float share = sums[l] == 0.0f ? 0.0f : 1.0f / sums[l];
      INDEPENDENT for (ptrdiff_t c = 0; c < n; c++) x[c] *= share;
      for (ptrdiff_t c = n; c < columns; c++) x[c] = 0.0f;
    }
    float logarithms[LANES];
    for (int l = 0; l < LANES; l++) logarithms[l] = log_f(sums[l]);
    // A row that sees nothing is 0, and stays 0 when it is computed again from infinity.
    for (ptrdiff_t l = 0; l < some; l++)
      normaliser[start + l] = sums[l] == 0.0f ? INFINITY : largest[l] + logarithms[l];
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
      INDEPENDENT for (ptrdiff_t c = 0; c < n; c++) x[c] =
          exp_nonpositive(x[c] * scale + m[c] - shift);
    } else {
      INDEPENDENT for (ptrdiff_t c = 0; c < n; c++) x[c] = exp_nonpositive(x[c] * scale - shift);
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
