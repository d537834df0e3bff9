#include "rows.h"

KERNEL void lk_softmax_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a, float *out) {
  for (ptrdiff_t r = 0; r < rows; r++, a += columns, out += columns) {
    const float scale = 1.0f / exp_sum(columns, a, row_maximum(columns, a), out);
    INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) out[c] *= scale;
  }
}

KERNEL void lk_log_softmax_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a, float *out) {
  for (ptrdiff_t r = 0; r < rows; r++, a += columns, out += columns) {
    const float largest = row_maximum(columns, a);
    const float logarithm = log_f(exp_sum(columns, a, largest, NULL));
    INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) out[c] = (a[c] - largest) - logarithm;
  }
}

KERNEL void lk_softmax_gradient_rows(ptrdiff_t rows, ptrdiff_t columns, const float *g,
                                     const float *y, float *out) {
  for (ptrdiff_t r = 0; r < rows; r++, g += columns, y += columns, out += columns) {
    const float d = (float)dot(columns, g, y);
    fetch_next(columns, columns, g);
    fetch_next(columns, columns, y);
    INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) out[c] = y[c] * (g[c] - d);
  }
}

KERNEL void lk_log_softmax_gradient_rows(ptrdiff_t rows, ptrdiff_t columns, const float *g,
                                         const float *y, float *out) {
  for (ptrdiff_t r = 0; r < rows; r++, g += columns, y += columns, out += columns) {
    const float total = (float)row_sum(columns, g);
    INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) out[c] =
        g[c] - exp_nonpositive(y[c]) * total;
  }
}

// Along an axis that is not the last: the columns of a [size, stride] matrix, STRIP of them side by
// side. So many of a column are added up in float.
enum { STRIP = 64, SOME = 32 };

/// totals[c] += sums[c], and sums[c] = 0.
INLINE void fold(ptrdiff_t width, float *sums, double *totals) {
  INDEPENDENT for (ptrdiff_t c = 0; c < width; c++) totals[c] += sums[c];
  for (ptrdiff_t c = 0; c < width; c++) sums[c] = 0;
}

INLINE void softmax_strip(ptrdiff_t size, ptrdiff_t width, ptrdiff_t stride, const float *a,
                          float *out, bool logarithm) {
  float largest[STRIP], sum[STRIP];
  double total[STRIP];
  for (ptrdiff_t c = 0; c < width; c++) largest[c] = -INFINITY, sum[c] = 0, total[c] = 0;
  for (ptrdiff_t i = 0; i < size; i++)
    INDEPENDENT for (ptrdiff_t c = 0; c < width; c++) {
      const float x = a[i * stride + c];
      largest[c] = x > largest[c] ? x : largest[c];
    }
  for (ptrdiff_t i = 0; i < size; i++) {
    INDEPENDENT for (ptrdiff_t c = 0; c < width; c++) {
      const float e = exp_nonpositive(a[i * stride + c] - largest[c]);
      sum[c] += e;
      out[i * stride + c] = logarithm ? a[i * stride + c] - largest[c] : e;
    }
    if (i % SOME == SOME - 1) fold(width, sum, total);
  }
  for (ptrdiff_t c = 0; c < width; c++) sum[c] = (float)(total[c] + sum[c]);
  INDEPENDENT for (ptrdiff_t c = 0; c < width; c++) sum[c] =
      logarithm ? log_f(sum[c]) : 1.0f / sum[c];
  for (ptrdiff_t i = 0; i < size; i++)
    INDEPENDENT for (ptrdiff_t c = 0; c < width; c++) {
      const float y = out[i * stride + c];
      out[i * stride + c] = logarithm ? y - sum[c] : y * sum[c];
    }
}

KERNEL void lk_softmax_columns(ptrdiff_t size, ptrdiff_t columns, ptrdiff_t stride, const float *a,
                               float *out, bool logarithm) {
  for (ptrdiff_t c = 0; c < columns; c += STRIP) {
    const ptrdiff_t width = columns - c < STRIP ? columns - c : STRIP;
    if (logarithm) softmax_strip(size, width, stride, a + c, out + c, true);
    else softmax_strip(size, width, stride, a + c, out + c, false);
  }
}

INLINE void softmax_gradient_strip(ptrdiff_t size, ptrdiff_t width, ptrdiff_t stride,
                                   const float *g, const float *y, float *out, bool logarithm) {
  float sum[STRIP];
  double total[STRIP];
  for (ptrdiff_t c = 0; c < width; c++) sum[c] = 0, total[c] = 0;
  for (ptrdiff_t i = 0; i < size; i++) {
    INDEPENDENT for (ptrdiff_t c = 0; c < width; c++) {
      const ptrdiff_t k = i * stride + c;
      sum[c] += logarithm ? g[k] : g[k] * y[k];
    }
    if (i % SOME == SOME - 1) fold(width, sum, total);
  }
  for (ptrdiff_t c = 0; c < width; c++) sum[c] = (float)(total[c] + sum[c]);
  for (ptrdiff_t i = 0; i < size; i++)
    INDEPENDENT for (ptrdiff_t c = 0; c < width; c++) {
      const ptrdiff_t k = i * stride + c;
      out[k] = logarithm ? g[k] - exp_nonpositive(y[k]) * sum[c] : y[k] * (g[k] - sum[c]);
    }
}

KERNEL void lk_softmax_gradient_columns(ptrdiff_t size, ptrdiff_t columns, ptrdiff_t stride,
                                        const float *g, const float *y, float *out,
                                        bool logarithm) {
  for (ptrdiff_t c = 0; c < columns; c += STRIP) {
    const ptrdiff_t width = columns - c < STRIP ? columns - c : STRIP;
    if (logarithm) softmax_gradient_strip(size, width, stride, g + c, y + c, out + c, true);
    else softmax_gradient_strip(size, width, stride, g + c, y + c, out + c, false);
  }
}
