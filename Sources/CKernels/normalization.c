// Layer and RMS normalisation over rows; batch and group normalisation over channels.
#include "rows.h"

// MARK: rows

INLINE void normalize_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a, const float *weight,
                           const float *bias, float epsilon, bool centered, float *mean,
                           float *scale, float *out) {
  const double share = 1.0 / (double)columns;
  for (ptrdiff_t r = 0; r < rows; r++, a += columns, out += columns) {
    const float m = centered ? (float)(row_sum(columns, a) * share) : 0.0f;
    const float s = 1.0f / square_root((float)(row_squares(columns, a, m) * share) + epsilon);
    if (centered) mean[r] = m;
    scale[r] = s;
    fetch_next(columns, columns, a);
    fetch_next_room(columns, columns, out);
    if (weight && bias) {
      INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) out[c] =
          (a[c] - m) * s * weight[c] + bias[c];
    } else if (weight) {
      INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) out[c] = (a[c] - m) * s * weight[c];
    } else if (bias) {
      INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) out[c] = (a[c] - m) * s + bias[c];
    } else {
      INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) out[c] = (a[c] - m) * s;
    }
  }
}

KERNEL void lk_layer_norm_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                               const float *weight, const float *bias, float epsilon, float *mean,
                               float *scale, float *out) {
  normalize_rows(rows, columns, a, weight, bias, epsilon, true, mean, scale, out);
}

KERNEL void lk_rms_norm_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                             const float *weight, float epsilon, float *scale, float *out) {
  normalize_rows(rows, columns, a, weight, NULL, epsilon, false, scale, scale, out);
}

/// One row: the input's gradient, and what the row adds to those of weight and bias.
INLINE void norm_gradient_row(ptrdiff_t columns, const float *g, const float *a, const float *weight,
                              float m, float s, bool centered, float *out, float *dw, float *db) {
  double sum1 = 0, sum2 = 0;
  ptrdiff_t c = 0;
  do {
    lanes_t s1 = {0}, s2 = {0};
    const ptrdiff_t end = columns - c < SUM_BLOCK ? columns : c + SUM_BLOCK;
    for (; c + LANES <= end; c += LANES) {
      const lanes_t x = (*(const lanes_t *)(a + c) - m) * s;
      const lanes_t y = *(const lanes_t *)(g + c);
      const lanes_t xy = x * y;
      if (dw) *(lanes_t *)(dw + c) += xy;
      if (db) *(lanes_t *)(db + c) += y;
      if (weight) {
        const lanes_t w = *(const lanes_t *)(weight + c);
        if (centered) s1 += w * y;
        s2 += w * xy;
      } else {
        if (centered) s1 += y;
        s2 += xy;
      }
    }
    float t1 = lanes_sum(&s1), t2 = lanes_sum(&s2);
    for (; c < end; c++) {
      const float x = (a[c] - m) * s, y = g[c], w = weight ? weight[c] : 1.0f;
      if (dw) dw[c] += x * y;
      if (db) db[c] += y;
      t1 += w * y;
      t2 += w * x * y;
    }
    sum1 += t1;
    sum2 += t2;
  } while (c < columns);
  const double share = 1.0 / (double)columns;
  const float t1 = centered ? (float)(sum1 * share) : 0.0f, t2 = (float)(sum2 * share);
  fetch_next(columns, columns, g);
  fetch_next(columns, columns, a);
  if (weight) {
    INDEPENDENT for (c = 0; c < columns; c++) out[c] =
        s * (weight[c] * g[c] - t1 - (a[c] - m) * s * t2);
  } else {
    INDEPENDENT for (c = 0; c < columns; c++) out[c] = s * (g[c] - t1 - (a[c] - m) * s * t2);
  }
}

KERNEL void lk_layer_norm_gradient_rows(ptrdiff_t rows, ptrdiff_t columns, const float *g,
                                        const float *a, const float *weight, const float *mean,
                                        const float *scale, float *out, float *dw, float *db) {
  // Equal calls, but the compiler makes a loop without tests for the common case.
  for (ptrdiff_t r = 0; r < rows; r++) {
    const ptrdiff_t o = r * columns;
    if (weight && dw && db)
      norm_gradient_row(columns, g + o, a + o, weight, mean[r], scale[r], true, out + o, dw, db);
    else if (dw || db)
      norm_gradient_row(columns, g + o, a + o, weight, mean[r], scale[r], true, out + o, dw, db);
    else
      norm_gradient_row(columns, g + o, a + o, weight, mean[r], scale[r], true, out + o, NULL,
                        NULL);
  }
}

KERNEL void lk_rms_norm_gradient_rows(ptrdiff_t rows, ptrdiff_t columns, const float *g,
                                      const float *a, const float *weight, const float *scale,
                                      float *out, float *dw) {
  // As above.
  for (ptrdiff_t r = 0; r < rows; r++) {
    const ptrdiff_t o = r * columns;
    if (weight && dw)
      norm_gradient_row(columns, g + o, a + o, weight, 0, scale[r], false, out + o, dw, NULL);
    else
      norm_gradient_row(columns, g + o, a + o, weight, 0, scale[r], false, out + o, dw, NULL);
  }
}

// MARK: channels of [batch, channels, size]

// Channels whose totals stay in the first-level cache.
enum { CHANNELS = 256 };

KERNEL void lk_channel_moments(ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t size, const float *a,
                               ptrdiff_t first, ptrdiff_t last, float *mean, float *variance) {
  const double share = 1.0 / (double)(batch * size);
  if (size == 1) {
    // Neighbouring channels are neighbours in memory: row by row.
    double sum[CHANNELS], squares[CHANNELS];
    for (ptrdiff_t c = first; c < last; c += CHANNELS) {
      const ptrdiff_t n = last - c < CHANNELS ? last - c : CHANNELS;
      for (ptrdiff_t i = 0; i < n; i++) sum[i] = squares[i] = 0.0;
      column_totals(batch, n, a + c, channels, sum);
      for (ptrdiff_t i = 0; i < n; i++) mean[c + i] = (float)(sum[i] * share);
      deviation_totals(batch, n, a + c, a + c, channels, mean + c, sum, squares);
      for (ptrdiff_t i = 0; i < n; i++) variance[c + i] = (float)(squares[i] * share);
    }
    return;
  }
  for (ptrdiff_t c = first; c < last; c++) {
    double total = 0.0, squares = 0.0;
    for (ptrdiff_t b = 0; b < batch; b++) total += row_sum(size, a + (b * channels + c) * size);
    mean[c] = (float)(total * share);
    for (ptrdiff_t b = 0; b < batch; b++)
      squares += row_squares(size, a + (b * channels + c) * size, mean[c]);
    variance[c] = (float)(squares * share);
  }
}

/// sum += the sum of at most SUM_BLOCK numbers y, product += that of y * (x - mean).
INLINE void add_products(ptrdiff_t n, const float *y, const float *x, float mean, double *sum,
                         double *product) {
  lanes_t s = {0}, t = {0}, p = {0}, q = {0};
  ptrdiff_t i = 0;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    const lanes_t u = *(const lanes_t *)(y + i), v = *(const lanes_t *)(y + i + LANES);
    s += u;
    t += v;
    p += u * (*(const lanes_t *)(x + i) - mean);
    q += v * (*(const lanes_t *)(x + i + LANES) - mean);
  }
  for (; i + LANES <= n; i += LANES) {
    const lanes_t u = *(const lanes_t *)(y + i);
    s += u;
    p += u * (*(const lanes_t *)(x + i) - mean);
  }
  s += t;
  p += q;
  float s1 = lanes_sum(&s), p1 = lanes_sum(&p);
  for (; i < n; i++) {
    s1 += y[i];
    p1 += y[i] * (x[i] - mean);
  }
  *sum += s1;
  *product += p1;
}

KERNEL void lk_channel_products(ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t size, const float *g,
                                const float *a, const float *mean, ptrdiff_t first, ptrdiff_t last,
                                float *sum, float *product) {
  if (size == 1) {
    double s[CHANNELS], p[CHANNELS];
    for (ptrdiff_t c = first; c < last; c += CHANNELS) {
      const ptrdiff_t n = last - c < CHANNELS ? last - c : CHANNELS;
      for (ptrdiff_t i = 0; i < n; i++) s[i] = p[i] = 0.0;
      product_totals(batch, n, g + c, a + c, channels, mean + c, s, p);
      for (ptrdiff_t i = 0; i < n; i++) {
        sum[c + i] = (float)s[i];
        product[c + i] = (float)p[i];
      }
    }
    return;
  }
  for (ptrdiff_t c = first; c < last; c++) {
    double s = 0.0, p = 0.0;
    for (ptrdiff_t b = 0; b < batch; b++) {
      const float *x = a + (b * channels + c) * size, *y = g + (b * channels + c) * size;
      for (ptrdiff_t i = 0; i < size; i += SUM_BLOCK) {
        const ptrdiff_t some = size - i < SUM_BLOCK ? size - i : SUM_BLOCK;
        add_products(some, y + i, x + i, mean[c], &s, &p);
      }
    }
    sum[c] = (float)s;
    product[c] = (float)p;
  }
}

KERNEL void lk_channel_affine(ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t size, const float *a,
                              const float *mean, const float *factor, const float *shift,
                              float *out) {
  for (ptrdiff_t b = 0; b < batch; b++, a += channels * size, out += channels * size) {
    if (size == 1) {
      INDEPENDENT for (ptrdiff_t c = 0; c < channels; c++) out[c] =
          (a[c] - mean[c]) * factor[c] + shift[c];
      continue;
    }
    for (ptrdiff_t c = 0; c < channels; c++) {
      const float m = mean[c], f = factor[c], s = shift[c];
      const float *x = a + c * size;
      float *o = out + c * size;
      INDEPENDENT for (ptrdiff_t i = 0; i < size; i++) o[i] = (x[i] - m) * f + s;
    }
  }
}

KERNEL void lk_channel_gradient(ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t size, const float *g,
                                const float *a, const float *mean, const float *p, const float *q,
                                const float *r, float *out) {
  for (ptrdiff_t b = 0; b < batch; b++) {
    const ptrdiff_t start = b * channels * size;
    if (size == 1) {
      INDEPENDENT for (ptrdiff_t c = 0; c < channels; c++) out[start + c] =
          g[start + c] * p[c] + (a[start + c] - mean[c]) * q[c] + r[c];
      continue;
    }
    for (ptrdiff_t c = 0; c < channels; c++) {
      const float m = mean[c], f = p[c], h = q[c], s = r[c];
      const float *x = a + start + c * size, *y = g + start + c * size;
      float *o = out + start + c * size;
      INDEPENDENT for (ptrdiff_t i = 0; i < size; i++) o[i] = y[i] * f + (x[i] - m) * h + s;
    }
  }
}
